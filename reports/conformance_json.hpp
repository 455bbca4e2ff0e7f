#pragma once
// report.json of a conformance run, for programs; reports/conformance.schema.json says each member. Members
// of the run, of findings, diagnoses and exchanges are as in report_json.hpp.
//
//   {"kind": "pushsim-conformance", "format": 1, …the run…,
//    "scope": {"profile", "selection", "deviations_file", "strict"},
//    "totals": counts, "areas": [{"area", "name", "levels": {"MUST": counts}}],
//    "requirements": [{"id", "text", "level", "binds", "area", "since", "sources", "tags", "planned",
//                      "standing", "reason", "deviation": {"observed", "reference", "case", "since", "until",
//                      "intermittent"}, "cases": [id], "withheld"}],
//    "cases": [{"id", "standings": {requirement: standing}, "withheld", "scenario", "title", "file",
//    "reason",
//               "deciding": [clause], "controls": [clause], "findings", "diagnoses", "lines": [n], "again"}],
//    "findings": [finding]}
//   counts: each standing -> how many
//   clause: as an expectation of report.json; of `deciding` with "decides": [id]
//
// Of a case that is withheld there are id and standings, of such a requirement neither reason nor deviation.
// A reader ignores members that it does not know; `format` grows when a member changes its meaning or goes.

#include <string>

#include "reports/conformance.hpp"

namespace pushsim::reports {

inline constexpr int conformance_format = 1;

/// Indented, with a line feed at its end.
std::string conformance_json(const RunReport& run, const ConformanceReport& report);

}  // namespace pushsim::reports
