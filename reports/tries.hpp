#pragma once

#include <vector>

#include "reports/report.hpp"

namespace pushsim::reports {

/// Of scenarios with `tries`, those of one name that follow one another become one: reproduced by the first
/// try that was as expected, else an error or partial where a try was, or where tries are missing, skipped
/// where all were, else not seen. It stands where the first stood, lasts as long as all together, and keeps
/// what checks found in the others.
std::vector<ScenarioReport> joined_tries(std::vector<ScenarioReport> scenarios);

}  // namespace pushsim::reports
