#pragma once
// report.json, for programs. Durations are seconds as numbers; members without a value are left out.
//
//   {"kind": "pushsim-report", "format": 1,
//    "pushsim": "0.1.0", "command": "…", "seed": 4711, "started": "2026-11-23T15:00:34.944070Z",
//    "stacks": [{"kind", "keylime_version", "keylime_where", "keylime_origin", "registrar", "verifier",
//    "mode"}], "partial": false, "reason": "…", "duration": 7.2, "exit_code": 0, "totals": {"scenarios",
//    "as_expected", "not_as_expected", "error", "skipped", "reproduced", "not_seen", "partial"},
//    "findings": [finding], "scenarios": [{"name", "title", "file", "outcome",
//    "tries": {"made", "of", "reproduced"}, "headline", "agents": {"all", "failed"}, "diagnoses":
//    [diagnosis], "unexplained": [unexplained], "notes": [text], "duration", "reason", "mend",
//      "account": {"sent", "accepted", "refused", "in_transit", "given_up", "passed", "failed", "pending"},
//      "waits": {"tpm": [{"operation", "count", "duration": spread, "waited": spread, "longest_queue"}],
//                "gate": {"count", "waited": spread}, "exchanges": {"sum"}},
//      "expectations": [{"judgement": "holds|does_not_hold|skipped", "what", "expected", "actual", "reason",
//                        "source", "n", "exchange": {"n", "agent", "phase", "method", "target", "status",
//                        "code",
//                                                    "failure", "body_excerpt"}}],
//      "findings": [finding], "not_checked": [{"check", "reason"}]}]}
//   diagnosis: {"rule", "cause", "mend", "evidence": [n], "agents": [name],
//               "others": [{"agent", "cause", "mend", "evidence": [n]}]}
//   unexplained: {"symptom", "words": [text], "evidence": [n], "agents": [name], "others": as above}
//   spread: {"p50", "p95", "max", "sum"}
//   finding: {"check", "severity": "wrong|note", "text", "n"}
//
// Of what comes by chance `tries` has how often it was tried, of how often at most, and which try was as
// expected; what else is said is of the try that decided.
//
// A cause is there once, with all agents that have it; its words and lines are those of the first. `others`
// has the lines of each other case, and its words where they are not the same. `unexplained` are failures
// that no rule knows. The agents of both are those that failed (an agent may have several causes), and agents
// that passed where they should not.
//
// `n` is the number of a line in history.jsonl. A reader ignores members that it does not know; `format`
// grows when a member changes its meaning or goes.

#include <string>

#include "reports/report.hpp"

namespace pushsim::reports {

inline constexpr int report_format = 1;

/// Indented, with a line feed at its end.
std::string report_json(const RunReport& report);

}  // namespace pushsim::reports
