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

/// Whether the text is as the pattern, where each `*` stands for any text.
bool matches_wildcard(std::string_view pattern, std::string_view text);

/// As a shell reads one word: as it is where nothing in it means anything to a shell, else in single quotes.
std::string shell_word(std::string_view word);

/// Less than 0, 0 or more: 7.9 is before 7.14, and 7.14 is 7.14.0.
int compare_versions(std::string_view a, std::string_view b);

}  // namespace pushsim
