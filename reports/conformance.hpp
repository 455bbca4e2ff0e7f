#pragma once
// What a history of a conformance run says of each requirement.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reports/report.hpp"
#include "sim/history/conformance.hpp"
#include "sim/history/reader.hpp"

namespace pushsim::reports {

enum class Standing {
    Pass,
    Fail,
    Deviation,  ///< as it is known not to hold
    Fixed,      ///< a known deviation that is no more: an unexpected pass
    Skip,       ///< this stack cannot show it
    Undecided,  ///< planned, or what decides it did not come to an end
    Excluded,   ///< kept from running, or a case that decides it was, and the others pass
    Error,      ///< pushsim or the stack failed
};
const char* to_string(Standing standing);  ///< "pass", "fail", "deviation", …

/// One case: a scenario, or a part of one that has a name of its own. A case that decides several
/// requirements stands once, and has a standing for each of them.
struct ConformanceCase {
    std::string id;                                 ///< scenario, or scenario/case
    std::string scenario;                           ///< as of ScenarioReport::name
    std::string title;                              ///< of the scenario
    std::string file;                               ///< of the scenario, with line where the case begins
    std::map<std::string, Standing> standings;      ///< by requirement
    std::vector<ExpectationResult> controls;        ///< what must hold for the rest to say anything
    std::vector<ExpectationResult> deciding;        ///< without those that say what a deviation looks like
    std::vector<std::vector<std::string>> decides;  ///< beside `deciding`: the requirements of each
    std::vector<Finding> findings;                  ///< of checks, that are wrong
    std::vector<Diagnosis> diagnoses;               ///< causes and mends that its lines show
    std::vector<std::uint64_t> lines;               ///< of the history: its timeline, in order
    Duration duration{};                            ///< from the first of them to the last
    std::string reason;                             ///< of the first of its requirements that has one
    std::string again;                              ///< command that shows it again
    bool withheld = false;                          ///< nothing but its id and standings may be shown
    std::string does =
        {};  ///< what it does, and what must come of it: "negotiate, body … made null → 400-499"
    std::string servers =
        {};  ///< options that its servers were to have: "verifier: quote_interval 10s; workers 3"
    bool by_chance = false;  ///< something in its plan is drawn: the seed says what
    /// By requirement, of Deviation and Fixed; none of what is withheld.
    std::map<std::string, history::Deviation> known = {};
    /// By requirement, of Deviation: all that are known of this case and were seen; none of what is withheld.
    std::map<std::string, std::vector<history::Deviation>> known_seen = {};
    std::map<std::string, std::string> reasons = {};  ///< by requirement: why it stands so, where it is said
};

struct RequirementReport {
    history::Requirement requirement;
    Standing standing = Standing::Undecided;
    std::string reason;  ///< of skip, undecided, excluded, error; of a failure what was seen; one line
    std::vector<std::string> cases;  ///< ids, those that decided its standing first; none of what is withheld
    /// Of Pass: clauses or cases that decide it were not judged, not asked for or skipped; `reason` says
    /// which.
    bool in_part = false;
    std::optional<history::Deviation> deviation;  ///< of Deviation and Fixed, as of the first of its cases
};

using Counts = std::map<Standing, int>;

struct ConformanceReport {
    history::Conformance scope;
    std::vector<RequirementReport> requirements;  ///< in the order of their ids
    std::vector<ConformanceCase> cases;           ///< in the order they ran
    Counts totals;
    std::map<std::string, std::map<std::string, Counts>> by_area;  ///< area -> level -> counts
    /// 0: no failure, no fixed deviation (and under `strict` no deviation); 1 otherwise; 3, 4, 130 as of a
    /// run.
    int exit_code = 0;
};

/// Nothing where the history is of no conformance run. A pure function.
std::optional<ConformanceReport> assess(const history::History& history, const RunReport& run);

/// The command that shows a case or requirement again, with what the run's own command had.
std::string again_of(const history::Conformance& scope, const std::string& what);

}  // namespace pushsim::reports
