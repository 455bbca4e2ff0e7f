#pragma once

namespace pushsim::cli {

/// From the project's CMakeLists.txt.
inline constexpr const char* kVersion = PUSHSIM_VERSION;

}  // namespace pushsim::cli
