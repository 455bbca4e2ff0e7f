#pragma once

#include <string>
#include <string_view>

namespace pushsim::history {

/// SHA-256, lower-case hexadecimal.
std::string sha256_hex(std::string_view text);

}  // namespace pushsim::history
