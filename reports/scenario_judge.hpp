#pragma once

#include "reports/checks.hpp"
#include "reports/report.hpp"
#include "reports/view.hpp"

namespace pushsim::reports {

/// What judge() says of one scenario. `run_end`: the time of the last line, `started`: of the head.
ScenarioReport judge_scenario(const ScenarioView& scenario, const RunFacts& facts, Duration run_end,
                              WallTime started);

}  // namespace pushsim::reports
