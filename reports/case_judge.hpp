#pragma once
// How a case stands to the requirements that it decides.

#include <string>
#include <vector>

#include "reports/conformance.hpp"

namespace pushsim::reports {

/// What stands behind a standing: the worst of several counts.
struct Judged {
    Standing standing = Standing::Undecided;
    std::string reason;
    const history::Deviation* deviation = nullptr;
    std::vector<const history::Deviation*> seen = {};  ///< of Deviation: all that were seen, each once
    bool by_a_clause = false;  ///< of Fail: what decides does not hold; else a control or a check
};

/// The less, the worse: the worst of several counts.
int rank(Standing standing);

/// By the clauses of the case that decide the requirement, what was seen of its controls, and what is known.
/// The case's `standings` are not looked at.
Judged judge_case(const ScenarioReport& scenario, const ConformanceCase& one,
                  const std::vector<history::Deviation>& known, const std::string& requirement);

}  // namespace pushsim::reports
