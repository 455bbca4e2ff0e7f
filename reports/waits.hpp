#pragma once
// What agents spent their time on: TPMs and their threads, the gate, the servers. It shows whether a figure
// is the servers' or pushsim's own.

#include <string>
#include <vector>

#include "reports/report.hpp"
#include "reports/view.hpp"

namespace pushsim::reports {

Spread spread_of(std::vector<Duration> durations);

Waits waits_of(const ScenarioView& scenario);

/// "TPM    200 quote: p50 0.4 ms, …", "gate   …", "time   …", for a person; of TPM operations those that took
/// most. Empty where there are too few agents for a 95th percentile to mean something.
std::vector<std::string> waits_text(const ScenarioReport& scenario);

}  // namespace pushsim::reports
