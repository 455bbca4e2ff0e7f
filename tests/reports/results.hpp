#pragma once
// Results of expectations over small runs.

#include <utility>
#include <vector>

#include "tests/reports/golden.hpp"

namespace pushsim::reports::test {

/// Of the only scenario, which ends here.
inline std::vector<ExpectationResult> results_of(Script& script) {
    return judged(script.end_scenario().end().text()).scenarios.at(0).expectations;
}

/// The result of an expectation over a scenario of two agents, the second of which is refused.
inline ExpectationResult one(h::Expectation expectation) {
    Script script;
    script.begin("two", {std::move(expectation)}, 2).step(1, "attest");
    script.attest(0, 202, "", "honest[0]").verdict(0, "pass", "", "honest[0]");
    script.attest(0, 403, "challenges_expired", "honest[1]");
    script.status("PASS", 1, "honest[0]").status("PENDING", 0, "honest[1]");
    return results_of(script).at(0);
}

}  // namespace pushsim::reports::test
