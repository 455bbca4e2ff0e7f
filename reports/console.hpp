#pragma once
// The report for a person at a terminal.

#include <string>

#include "reports/report.hpp"

namespace pushsim::reports {

struct ConsoleStyle {
    bool colour = false;
    bool quiet = false;     ///< only what is not as expected, and the last line
    bool verbose = false;   ///< every expectation and the account of every scenario
    bool evidence = false;  ///< below each cause the lines of the history that it rests on
    bool whole_digests = false;
    int width = 95;       ///< columns of a scenario's line, its duration right-aligned
    int wrap = 0;         ///< columns after which longer lines are broken; 0: never
    int name_width = 14;  ///< columns of the name; longer names move the rest
};

/// Colour and line breaks where the descriptor is a terminal and CI is not set; no colour with NO_COLOR
/// (https://no-color.org).
ConsoleStyle style_for(int descriptor);

/// "pushsim 0.1.0 · seed 4711 · Keylime 7.14.3 on loopback (registrar :41810, verifier :41811 push)\n"
std::string console_head(const RunReport& report, const ConsoleStyle& style);

/// One scenario: its line, its notes, and where it is not as expected what was expected and what was seen.
/// Empty if the style is quiet and there is nothing to say.
std::string console_scenario(const ScenarioReport& scenario, const ConsoleStyle& style);

/// Its cause and mend, each a paragraph; `who` stands before the cause and may be empty.
std::string console_diagnosis(const Diagnosis& diagnosis, const std::string& who, const ConsoleStyle& style);

/// "2 scenarios: 2 as expected · runs/latest/ (history.jsonl, report.json, junit.xml)\n", findings about the
/// run before it. `where` stands behind the dot and may be empty.
std::string console_totals(const RunReport& report, const std::string& where, const ConsoleStyle& style);

/// All three, the names aligned among themselves.
std::string console_text(const RunReport& report, const std::string& where, ConsoleStyle style);

/// A digest as people compare them: its first and last four digits around an ellipsis.
std::string short_digest(const std::string& hex);

/// Every run of 32 or more hexadecimal digits in a text, shortened.
std::string shorten_digests(const std::string& text);

}  // namespace pushsim::reports
