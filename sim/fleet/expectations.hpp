#pragma once

#include <vector>

#include "sim/history/expectation.hpp"
#include "sim/scenario/plan.hpp"

namespace pushsim::fleet {

/// What the plan expects, as the history keeps it: a clause with several conditions becomes several.
std::vector<history::Expectation> expectations_of(const scenario::Scenario& scenario);

}  // namespace pushsim::fleet
