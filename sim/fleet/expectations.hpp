#pragma once

#include <vector>

#include "sim/history/expectation.hpp"
#include "sim/scenario/expectation.hpp"
#include "sim/scenario/plan.hpp"

namespace pushsim::fleet {

/// What the plan expects, as the history keeps it: a clause with statuses of several times becomes several.
/// Those that say what a deviation looks like come after all others.
std::vector<history::Expectation> expectations_of(const scenario::Scenario& scenario);

/// Whether one of them is about headers or bodies, or decides a requirement, so that people want to see what
/// was sent and answered: these are kept.
bool wants_messages(const std::vector<scenario::Expectation>& expectations);

}  // namespace pushsim::fleet
