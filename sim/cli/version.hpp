#pragma once

namespace pushsim::cli {

/// That of the project's CMakeLists.txt, and the commit that the program was built from: "0.1.0+g70b1a2d3f4",
/// with ".changed" where sources differed from it. Of sources without git the first alone.
extern const char* const kVersion;

}  // namespace pushsim::cli
