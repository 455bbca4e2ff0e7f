#include "agent/base/text.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

namespace pushsim {

std::string escaped(std::string_view octets, std::size_t at_most) {
    std::string text;
    for (const char c : octets) {
        const std::string shown =
            c >= ' ' && c <= '~' ? std::string{c} : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        if (text.size() + shown.size() > at_most) return text + "...";
        text += shown;
    }
    return text;
}

bool matches_wildcard(std::string_view pattern, std::string_view text) {
    const auto star = pattern.find('*');
    if (star == std::string_view::npos) return pattern == text;
    if (!text.starts_with(pattern.substr(0, star))) return false;
    const std::string_view rest = pattern.substr(star + 1);
    for (std::size_t at = star; at <= text.size(); ++at) {
        if (matches_wildcard(rest, text.substr(at))) return true;
    }
    return false;
}

std::string shell_word(std::string_view word) {
    const auto is_plain = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
               std::string_view("-_./:,=+@%").find(c) != std::string_view::npos;
    };
    if (!word.empty() && std::ranges::all_of(word, is_plain)) return std::string(word);
    std::string text = "'";
    for (const char c : word)
        text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return text + "'";
}

int compare_versions(std::string_view a, std::string_view b) {
    const auto next = [](std::string_view& rest) {
        int number = 0;
        const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
        rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
        if (error == std::errc{} && rest.starts_with('.')) {
            rest.remove_prefix(1);
        } else {
            rest = {};
        }
        return number;
    };
    while (!a.empty() || !b.empty()) {
        const int from_a = next(a);
        const int from_b = next(b);
        if (from_a != from_b) return from_a < from_b ? -1 : 1;
    }
    return 0;
}

}  // namespace pushsim
