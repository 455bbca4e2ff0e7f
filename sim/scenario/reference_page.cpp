#include "sim/scenario/reference_page.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace pushsim::scenario {
namespace {

/// Columns of UTF-8 text.
std::size_t columns(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

void Page::heading(int level, std::string_view words) {
    blank();
    page_ += fmt::format("{} {}\n\n", std::string(static_cast<std::size_t>(level), '#'), words);
}

void Page::item(int level, std::string_view words) {
    const std::string indent(static_cast<std::size_t>(level) * 2, ' ');
    wrap(indent + "* ", indent + "  ", words);
}

void Page::blank() {
    if (!page_.ends_with("\n\n")) page_ += "\n";
}

void Page::wrap(std::string_view first, std::string_view next, std::string_view words) {
    constexpr std::size_t widest = 118;
    std::string line(first);
    bool is_empty = true;
    bool in_code = false;  // what stands between backticks is not broken
    for (std::size_t at = 0; at < words.size();) {
        std::size_t end = at;
        while (end < words.size() && (words[end] != ' ' || in_code)) {
            if (words[end] == '`') in_code = !in_code;
            ++end;
        }
        const std::string_view word = words.substr(at, end - at);
        if (!is_empty && columns(line) + 1 + columns(word) > widest) {
            page_ += line + "\n";
            line = next;
            is_empty = true;
        }
        line += fmt::format("{}{}", is_empty ? "" : " ", word);
        is_empty = false;
        at = std::min(words.find_first_not_of(' ', end), words.size());
    }
    page_ += line + "\n";
}

}  // namespace pushsim::scenario
