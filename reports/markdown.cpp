#include "reports/markdown.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "reports/text.hpp"

namespace pushsim::reports::markdown {
namespace {

constexpr std::size_t shortest_fence = 3;

/// The most backticks in a row.
std::size_t longest_ticks(std::string_view text) {
    std::size_t longest = 0;
    std::size_t run = 0;
    for (const char c : text) {
        run = c == '`' ? run + 1 : 0;
        longest = std::max(longest, run);
    }
    return longest;
}

}  // namespace

std::string escaped(std::string_view text) {
    std::string result;
    for (const char c : printable(text)) {
        if (c == '<') {
            result += "&lt;";
        } else if (c == '>') {
            result += "&gt;";
        } else if (c == '&') {
            result += "&amp;";
        } else if (c == '@' || c == '#') {
            // Mentions and references are looked for in the text as it is shown: no escape keeps them away.
            result += c;
            result += "<!-- -->";
        } else {
            if (std::string_view{"\\`*_[]~|$"}.find(c) != std::string_view::npos) result += '\\';
            result += c;
        }
    }
    return result;
}

std::string prose(std::string_view text) {
    if (std::ranges::count(text, '`') % 2 != 0 || longest_ticks(text) > 1) return escaped(text);
    std::string result;
    for (bool within = false;; within = !within) {
        const std::size_t end = std::min(text.find('`'), text.size());
        result += within ? code(text.substr(0, end)) : escaped(text.substr(0, end));
        if (end == text.size()) return result;
        text.remove_prefix(end + 1);
    }
}

std::string code(std::string_view text) {
    if (text.empty()) return "";
    const std::string content = printable(text);
    const std::string ticks(longest_ticks(content) + 1, '`');
    // One blank at both ends is taken away again (6.3 of the specification).
    const bool padded =
        content.front() == '`' || content.back() == '`' || (content.front() == ' ' && content.back() == ' ');
    return fmt::format("{0}{1}{2}{1}{0}", ticks, padded ? " " : "", content);
}

std::string fenced(std::string_view text, std::string_view language) {
    const std::string content = printable(text, true);
    const std::string fence(std::max(shortest_fence, longest_ticks(content) + 1), '`');
    return fmt::format("{}{}\n{}{}{}\n", fence, language, content, content.ends_with('\n') ? "" : "\n",
                       fence);
}

std::string section(const std::string& heading, const std::vector<std::string>& entries, std::size_t octets,
                    const std::string& where_the_rest_is) {
    if (entries.empty()) return "";
    std::string text = heading.empty() ? "" : heading + "\n\n";
    std::size_t left_out = 0;
    for (const std::string& entry : entries) {
        if (left_out > 0 || text.size() + entry.size() > octets) {
            ++left_out;
        } else {
            text += entry;
        }
    }
    if (left_out > 0) text += fmt::format("\nand {} more ({})\n", left_out, where_the_rest_is);
    text.erase(text.find_last_not_of('\n') + 1);
    return text + "\n\n";
}

}  // namespace pushsim::reports::markdown
