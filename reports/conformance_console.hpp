#pragma once
// A conformance assessment for a person at a terminal.

#include <string>

#include "reports/conformance.hpp"
#include "reports/console.hpp"

namespace pushsim::reports {

/// "  played  late: 12 cases                 2.5 s\n", of a scenario that has ended.
std::string conformance_console_played(const ScenarioReport& scenario, const ConsoleStyle& style);

/// "full: 240 requirements, 412 cases, deviations known from scenarios/deviations/keylime-7.14.yaml\n"
std::string conformance_console_scope(const ConformanceReport& report, const ConsoleStyle& style);

/// A line for each area, and below it what a person must see: failures with what shows them, fixed and known
/// deviations, errors, and what undecided requirements wait for. A verbose style has every requirement; a
/// quiet one only failures, fixed deviations and errors.
std::string conformance_console_areas(const ConformanceReport& report, const ConsoleStyle& style);

/// "240 requirements: 212 pass, 12 deviations, … · runs/latest/ (…)\n", what ended the run early before it.
std::string conformance_console_totals(const RunReport& run, const ConformanceReport& report,
                                       const std::string& where, const ConsoleStyle& style);

/// All three below console_head().
std::string conformance_console(const RunReport& run, const ConformanceReport& report,
                                const std::string& where, const ConsoleStyle& style);

}  // namespace pushsim::reports
