#pragma once
// Text of others: compared, and shown to a person.

#include <cstddef>
#include <string>
#include <string_view>

namespace pushsim {

/// What a peer sent, fit for an error or a terminal: printable ASCII as it is, every other octet as \xNN, and
/// "..." where it was cut. At most `at_most` characters before that mark; the rest of `octets` is not looked
/// at.
std::string escaped(std::string_view octets, std::size_t at_most);

/// A letter of ASCII in lower case, every other octet as it is, whatever the locale.
constexpr char lower_ascii(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace pushsim
