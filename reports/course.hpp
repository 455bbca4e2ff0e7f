#pragma once
// What an agent that a person runs went through, for `pushsim explain`.

#include <vector>

#include "reports/report.hpp"
#include "reports/view.hpp"

namespace pushsim::reports {

/// Enrolments as the agent saw them, verdicts, refusals and measurements, in their order; what repeats is one
/// line, with the time of the first. `started` is that of the run.
std::vector<CourseLine> course_of(const ScenarioView& scenario, WallTime started);

}  // namespace pushsim::reports
