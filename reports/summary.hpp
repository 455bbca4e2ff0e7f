#pragma once
// A scenario in one line, and what explains its verdicts.

#include <string>
#include <vector>

#include "reports/report.hpp"
#include "reports/view.hpp"

namespace pushsim::reports {

/// "3 attestations accepted, status PASS"; needs outcome, reason, expectations, findings and account.
std::string headline(const ScenarioView& scenario, const ScenarioReport& report);

/// Why attestations failed: "PCR 7 (sha256): policy allows …, quoted …", else what the verifier's log says.
std::vector<std::string> explanations(const ScenarioView& scenario);

}  // namespace pushsim::reports
