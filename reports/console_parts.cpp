#include "reports/console_parts.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "reports/text.hpp"

namespace pushsim::reports {

std::string coloured(const std::string& text, Colour colour, const ConsoleStyle& style) {
    if (!style.colour) return text;
    const char* code = colour == Colour::Green    ? "32"
                       : colour == Colour::Red    ? "31;1"
                       : colour == Colour::Yellow ? "33"
                                                  : "2";
    return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::string padding(std::size_t used, int wanted) {
    const auto width = static_cast<std::size_t>(std::max(wanted, 0));
    return std::string(used < width ? width - used : 0, ' ');
}

std::string fitted(std::size_t indent, const std::string& text, const ConsoleStyle& style) {
    return paragraph(indent, indent + 2, text, static_cast<std::size_t>(std::max(style.wrap, 0)));
}

std::string shown(const std::string& text, const ConsoleStyle& style) {
    return printable(style.whole_digests ? text : shorten_digests(text));
}

std::string line(std::size_t indent, const std::string& text, const ConsoleStyle& style) {
    return fitted(indent, shown(text, style), style);
}

std::string clause_text(const ExpectationResult& result) {
    return result.source.empty() ? result.what : fmt::format("{}  ({})", result.what, result.source);
}

std::string expectation_text(const ExpectationResult& result, const ConsoleStyle& style) {
    std::string text = line(8, clause_text(result), style);
    text += line(10, "expected  " + result.expected, style);
    text += line(10, "actual    " + result.actual, style);
    if (const std::string by = decided_by(result); !by.empty()) text += line(10, by, style);
    if (result.exchange && !result.exchange->body_excerpt.empty())
        text += line(12, result.exchange->body_excerpt, style);
    return text;
}

}  // namespace pushsim::reports
