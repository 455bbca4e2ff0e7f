#pragma once
// What a scenario says must be seen, held against what was seen: pure functions of its lines.

#include <vector>

#include "reports/checks.hpp"
#include "reports/report.hpp"
#include "reports/view.hpp"

namespace pushsim::reports {

/// In the order of the scenario. A verdict with a reason gives two results where the verdict holds: the
/// reason may have to be skipped alone.
std::vector<ExpectationResult> judge_expectations(const ScenarioView& scenario, const Checked& checked);

}  // namespace pushsim::reports
