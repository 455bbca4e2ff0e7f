#include "reports/text.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "reports/view.hpp"

namespace pushsim::reports {
namespace {

/// Octets of the UTF-8 character that begins there, 0 if none does (RFC 3629).
std::size_t character_at(std::string_view text, std::size_t at) {
    const auto octet = [&](std::size_t i) -> unsigned {
        return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
    };
    const unsigned first = octet(0);
    const std::size_t size = first < 0x80                    ? 1
                             : first >= 0xC2 && first < 0xE0 ? 2
                             : first >= 0xE0 && first < 0xF0 ? 3
                             : first >= 0xF0 && first < 0xF5 ? 4
                                                             : 0;
    for (std::size_t i = 1; i < size; ++i) {
        if ((octet(i) & 0xC0U) != 0x80U) return 0;
    }
    const bool overlong = (first == 0xE0 && octet(1) < 0xA0) || (first == 0xF0 && octet(1) < 0x90);
    const bool outside = (first == 0xED && octet(1) >= 0xA0) || (first == 0xF4 && octet(1) >= 0x90);
    return overlong || outside ? 0 : size;
}

}  // namespace

std::string printable(std::string_view text, bool keep_lines) {
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t size = character_at(text, at);
        const std::string_view character = text.substr(at, size);
        const bool control = size == 1 && (static_cast<unsigned char>(text[at]) < 0x20 || text[at] == 0x7F);
        // U+0080 to U+009F are control characters too; U+FFFE and U+FFFF are not allowed in XML.
        const bool c1 =
            size == 2 && character[0] == '\xC2' && static_cast<unsigned char>(character[1]) < 0xA0;
        const bool no_character = character == "\xEF\xBF\xBE" || character == "\xEF\xBF\xBF";
        if (size == 0 || no_character) {
            result += "\xEF\xBF\xBD";
        } else if (keep_lines && text[at] == '\n') {
            result += '\n';
        } else if (control || c1) {
            result += ' ';
        } else {
            result += character;
        }
        at += std::max<std::size_t>(size, 1);
    }
    return result;
}

std::string clipped(std::string_view text, std::size_t octets) {
    if (text.size() <= octets) return std::string(text);
    while (octets > 0 && (static_cast<unsigned char>(text[octets]) & 0xC0U) == 0x80U)
        --octets;
    return std::string(text.substr(0, octets)) + "…";
}

std::size_t columns(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string paragraph(std::size_t indent, std::size_t hang, std::string_view text, std::size_t width) {
    std::string lines(indent, ' ');
    std::size_t used = indent;
    bool fresh = true;  // nothing but the indent in the line yet
    while (!text.empty()) {
        const std::size_t blanks = std::min(text.find_first_not_of(' '), text.size());
        const std::size_t end = std::min(text.find(' ', blanks), text.size());
        const std::string_view word = text.substr(blanks, end - blanks);
        if (width > 0 && !fresh && used + blanks + columns(word) > width) {
            lines += '\n' + std::string(hang, ' ');
            used = hang;
        } else {
            lines.append(blanks, ' ');
            used += blanks;
        }
        lines += word;
        used += columns(word);
        fresh = false;
        text.remove_prefix(end);
    }
    return lines + '\n';
}

std::string agents_text(const std::vector<std::string>& agents) {
    constexpr std::size_t few = 2;
    constexpr std::size_t shown = 3;
    if (agents.size() <= few) return fmt::format("{}", fmt::join(agents, ", "));
    const std::vector<std::string> first(agents.begin(), agents.begin() + shown);
    const std::size_t more = agents.size() - shown;
    return fmt::format("{} agents ({}{})", agents.size(), fmt::join(first, ", "),
                       more == 0 ? "" : fmt::format(" and {} more", more));
}

std::string other_figures(const Diagnosis& diagnosis) {
    const auto others = std::ranges::count_if(diagnosis.cases, [&](const Case& one) {
        return one.cause != diagnosis.cases.front().cause || one.mend != diagnosis.cases.front().mend;
    });
    return others == 0
               ? ""
               : fmt::format("the figures are those of {}; {} (report.json)", diagnosis.agents.front(),
                             others == 1 ? "1 other case has its own"
                                         : fmt::format("{} other cases have their own", others));
}

std::string seconds_text(Duration duration) {
    const double seconds = std::chrono::duration<double>(duration).count();
    return seconds < 99.95 ? fmt::format("{:.1f} s", seconds) : fmt::format("{:.0f} s", seconds);
}

std::string short_time(Duration duration) {
    const double milliseconds = std::chrono::duration<double, std::milli>(duration).count();
    return milliseconds < 9.95    ? fmt::format("{:.1f} ms", milliseconds)
           : milliseconds < 999.5 ? fmt::format("{:.0f} ms", milliseconds)
                                  : seconds_text(duration);
}

std::string times(std::size_t count) {
    return count == 1 ? "once" : count == 2 ? "twice" : fmt::format("{} times", count);
}

std::uint64_t line_number(std::uint64_t n) {
    return n + 1;
}

std::string sentence(const ExpectationResult& result) {
    constexpr std::string_view negation = "not ";
    if (result.expected.starts_with(negation)) {
        return fmt::format("{}: must not be {}, was {}", result.what, result.expected.substr(negation.size()),
                           result.actual);
    }
    return fmt::format("{}: expected {}, seen {}", result.what, result.expected, result.actual);
}

std::string decided_by(const ExpectationResult& result) {
    if (!result.exchange) {
        return result.n ? fmt::format("decided by history line {}", line_number(*result.n)) : "";
    }
    const DecidingExchange& exchange = *result.exchange;
    std::string where = std::to_string(line_number(exchange.n));
    if (result.n && *result.n != exchange.n)
        where = fmt::format("{}, exchange in line {}", line_number(*result.n), where);
    return fmt::format("decided by history line {}: {}", where, words(exchange));
}

}  // namespace pushsim::reports
