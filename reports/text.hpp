#pragma once
// Small text helpers of the writers of reports.

#include <string>
#include <string_view>
#include <vector>

#include "agent/base/time.hpp"
#include "reports/report.hpp"

namespace pushsim::reports {

/// What a terminal and XML 1.0 can take: control characters (line feeds are kept if so asked) become spaces,
/// octets that are no UTF-8 become U+FFFD.
std::string printable(std::string_view text, bool keep_lines = false);

/// At most so many octets of the text, not ending within a UTF-8 character, and "…" where there is more.
std::string clipped(std::string_view text, std::size_t octets);

/// Columns on a terminal: characters, not octets.
std::size_t columns(std::string_view text);

/// `text` in lines of at most `width` columns, broken at spaces, the first `indent` in and the others `hang`
/// in; a word that is longer stands alone. Width 0: one line. Ends with a line feed.
std::string paragraph(std::size_t indent, std::size_t hang, std::string_view text, std::size_t width);

/// "a", "a, b", "160 agents (a, b, c and 157 more)"
std::string agents_text(const std::vector<std::string>& agents);

/// How many have other figures than the first: "the figures are those of a; 9 other cases have …"; empty:
/// none.
std::string other_figures(const Diagnosis& diagnosis);

/// "4.1 s", from 100 s on "123 s"
std::string seconds_text(Duration duration);

/// "0.4 ms", from 10 ms on "12 ms", from 1 s on as seconds_text()
std::string short_time(Duration duration);

/// "once", "twice", "3 times"
std::string times(std::size_t count);

/// The line of the file, from 1, as editors count; `n` counts from 0.
std::uint64_t line_number(std::uint64_t n);

/// What was expected and seen: "response of a, step 2 (submit): expected 400-499, seen a[0]: 201"; of what
/// must not be: "…: must not be PASS, was a[0]: PASS".
std::string sentence(const ExpectationResult& result);

/// "decided by history line 26, exchange in line 24: PATCH /v3.0/… -> 202 (one[0], submit)"; empty where
/// nothing decided.
std::string decided_by(const ExpectationResult& result);

}  // namespace pushsim::reports
