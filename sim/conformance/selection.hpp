#pragma once
// From what a person asks for to what is played: requirements, the cases that decide them, and the clauses
// that say what known deviations of theirs look like.

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"
#include "sim/conformance/deviations.hpp"
#include "sim/conformance/registry.hpp"
#include "sim/scenario/plan.hpp"

namespace pushsim::conformance {

/// What is asked for. Requirements must fit all that is given.
struct Selection {
    std::string profile = {};              ///< its name; empty: each requirement
    std::vector<std::string> names = {};   ///< ids or areas; empty: each
    std::vector<std::string> levels = {};  ///< MUST, SHOULD, MAY; empty: each
    std::vector<std::string> tags = {};    ///< empty: each
    std::vector<std::string> excluded =
        {};  ///< ids, areas, or cases (scenario, scenario/case; `*` for any text)

    std::string text() const;  ///< "EVID, level MUST": without the profile
};

/// What decides what, of one scenario.
struct Deciding {
    std::string scenario;
    std::string case_name;  ///< empty: the scenario as a whole
    std::set<std::string> requirements;

    std::string id() const { return case_name.empty() ? scenario : scenario + "/" + case_name; }
};
/// The cases of a scenario that decide something, the whole of it first, then in the order of its script.
/// Where no clause says what it decides, the whole of it decides what it names as its `requirements`.
std::vector<Deciding> cases_of(const scenario::Scenario& scenario);

/// The suite as files have it.
struct Suite {
    std::vector<Requirement> requirements;
    std::vector<Profile> profiles;
    std::vector<scenario::Scenario> scenarios;
};

struct Chosen {
    std::vector<scenario::Scenario>
        scenarios;  ///< with the cases that are needed, and what deviations look like
    history::Conformance scope;
};
/// `version` is that of the Keylime under test; empty: not known. ErrorKind::Usage names what is asked for
/// and does not exist, with the nearest that does.
Result<Chosen> choose(const Suite& suite, const Selection& selection,
                      const std::vector<KnownDeviation>& deviations, std::string_view version);

/// Gives the clauses of a scenario what a known deviation of theirs looks like.
void attach(scenario::Scenario& scenario, const std::vector<KnownDeviation>& deviations);

/// The scope of a run that plays these scenarios again, all or some of `before`, with the deviations that are
/// known now: what they decide, and what was excluded. They get what deviations look like.
history::Conformance scope_again(const history::Conformance& before,
                                 std::vector<scenario::Scenario>& scenarios,
                                 const std::vector<KnownDeviation>& deviations, std::string_view version);

/// What does not fit together: cases and registry, deviations and both.
std::vector<scenario::Problem> check(const Suite& suite, const std::string& registry_file);
std::vector<scenario::Problem> check(const Suite& suite, const std::vector<KnownDeviation>& deviations);

}  // namespace pushsim::conformance
