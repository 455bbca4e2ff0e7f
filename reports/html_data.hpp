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
///   case: {"id", "title", "file", "standings": {id: standing}, "findings": [{"check", "text", "wrong",
///   "n"}],
///          "causes": [{"cause", "mend", "agents", "shown", "lines": [n]}], "reason", "mend", "again",
///          "withheld"}
/// and `cases` what is read when a person opens one, `null` where it is withheld:
///   {"clauses": [{"role": "control|decides|expects", "judgement", "what", "expected", "actual", "reason",
///    "source", "by", "n", "decides": [id]}], "not_checked": [{"check", "reason"}],
///    "timeline": as timeline_json()}
/// `n` and `lines` are those of history.jsonl, from 0.
struct HtmlData {
    std::string report;
    std::vector<std::string> cases;
};

/// Octets of the whole page, about: the timelines get what all else leaves of it.
inline constexpr std::size_t most_octets_of_page = 9'500'000;

HtmlData html_data(const history::History& history, const RunReport& run,
                   const ConformanceReport* conformance);

}  // namespace pushsim::reports
