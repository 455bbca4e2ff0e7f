#pragma once
// Text of others, for a person.

#include <cstddef>
#include <string>
#include <string_view>

namespace pushsim {

/// What a peer sent, fit for an error or a terminal: printable ASCII as it is, every other octet as \xNN, and
/// "..." where it was cut. At most `at_most` characters before that mark; the rest of `octets` is not looked
/// at.
std::string escaped(std::string_view octets, std::size_t at_most);

}  // namespace pushsim
