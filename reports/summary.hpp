#pragma once
// A scenario in one line, and what explains its verdicts.

#include <string>
#include <vector>

#include "reports/report.hpp"
#include "reports/view.hpp"

namespace pushsim::reports {

/// "3 attestations accepted, status PASS"; needs outcome, reason, expectations, findings and account.
std::string headline(const ScenarioView& scenario, const ScenarioReport& report);

/// What the verifier's log says of failed attestations that no diagnosis speaks of.
std::vector<std::string> unexplained(const ScenarioView& scenario, const std::vector<Diagnosis>& diagnoses);

}  // namespace pushsim::reports
