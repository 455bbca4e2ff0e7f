#pragma once
// What the HTML report says, as data for its page.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "reports/conformance.hpp"
#include "reports/report.hpp"
#include "sim/history/reader.hpp"

namespace pushsim::reports {

/// JSON texts. `report` is all that is there when the page opens:
///   {"kind": "conformance|run", "verdict": "…", "exit_code", "head": {…}, "items": [item], "cases": [case]}
///   item: {"id", "text", "standing", "reason", "cases": [index], "area", "level", "binds", "since",
///          "sources", "tags", "planned", "deviation": {…}, "withheld"}; of a run: a scenario
///   case: {"id", "title", "file", "standings": {id: standing}, "clauses": [{"role":
///          "control|decides|expects", "judgement", "what", "expected", "actual", "reason", "source", "by",
///          "n", "decides": [id]}], "findings": [{"check", "text", "wrong", "n"}], "not_checked": [{"check",
///          "reason"}], "causes": [{"cause", "mend", "agents", "shown", "lines": [n]}], "reason", "mend",
///          "again", "timeline": index, "withheld"}
/// `n` and `lines` are those of history.jsonl, from 0.
struct HtmlData {
    std::string report;
    std::vector<std::string> timelines;  ///< timeline_json()
};

HtmlData html_data(const history::History& history, const RunReport& run,
                   const ConformanceReport* conformance);

}  // namespace pushsim::reports
