#pragma once
// The cases of a conformance run: what was played of each, and what it showed.

#include <vector>

#include "reports/conformance.hpp"
#include "reports/view.hpp"

namespace pushsim::reports {

/// The view whose lines the report speaks of: of tries the one that decided. Nothing where there is none.
const ScenarioView* view_of(const ScenarioReport& report, const std::vector<ScenarioView>& views);

/// Those of a scenario that decide something, without their standings.
std::vector<ConformanceCase> cases_of(const ScenarioReport& scenario, const ScenarioView* view);

}  // namespace pushsim::reports
