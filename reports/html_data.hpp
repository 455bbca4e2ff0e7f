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
///          "sources", "tags", "planned", "known": [known, and "cases": [id], "of": [pattern]], "by_chance",
///          "withheld", "ask": address}; of a run: a scenario
///   known: {"observed", "reference", "since", "until", "intermittent"}
///   case: {"id", "title", "file", "standings": {id: standing}, "findings": [{"check", "text", "wrong",
///   "n"}],
///          "causes": [{"cause", "mend", "agents", "shown", "lines": [n]}], "reasons": {id: text},
///          "known": {id: [known]}, "does", "servers": index, "reason", "mend", "again"}
///   beside them "servers": [options of servers, in words], and in the head "again", the run's own command
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

/// The command of the run with its seed, without the files that it was told to write: its results lie in
/// runs/latest then.
std::string again_of_run(const history::Head& head);

HtmlData html_data(const history::History& history, const RunReport& run,
                   const ConformanceReport* conformance);

}  // namespace pushsim::reports
