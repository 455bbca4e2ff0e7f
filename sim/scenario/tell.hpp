#pragma once
// A plan in plain sentences, as `pushsim explain` tells it.

#include <string>
#include <vector>

#include "sim/scenario/plan.hpp"

namespace pushsim::scenario {

/// What the servers must be like; empty where nothing is asked of them.
std::vector<std::string> tell(const StackOptions& stack);
/// "late: one agent, enrolled with a policy that asks for the values of PCR 0, 7 at enrolment."
std::string tell(const Group& group);
/// "late attests 3 times. The evidence is held back until 500ms before challenges_expire_at." Without steps
/// within it, and without what is expected of it.
std::string tell(const Step& step, const Scenario& scenario);
/// "The evidence is held back until 500ms before challenges_expire_at."
std::string tell(const Fault& fault);
/// "every agent: the response has status 403 and code challenges_expired; there is no verdict."
std::string tell(const Expectation& expectation, const Scenario& scenario);

}  // namespace pushsim::scenario
