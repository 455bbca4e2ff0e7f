#pragma once
// Checks over a whole scenario: pure functions of its lines. Each says what is wrong, or what it could not
// look at; nothing said means that it holds.

#include <string>
#include <vector>

#include "reports/report.hpp"
#include "reports/view.hpp"

namespace pushsim::reports {

struct Checked {
    std::vector<Finding> findings;
    std::vector<NotChecked> not_checked;
    Account account;
};

/// Names of all checks below, in the order in which they are made.
const std::vector<std::string>& check_names();

/// `accounted` (DESIGN, decision 8): for each agent attestations sent = accepted + refused + failed in
/// transit, accepted = verdicts + pending, and passes = growth of the verifier's attestation_count.
void check_accounted(const ScenarioView& scenario, Checked& checked);

/// `verdict_sources_agree` (decision 4): record, database and log say the same of each attestation.
void check_verdict_sources(const ScenarioView& scenario, Checked& checked);

/// `status_agrees` (decision 4): the last status read is one that the verdicts allow
/// (protocol/verifier-admin, "Status").
void check_status(const ScenarioView& scenario, Checked& checked);

/// `no_5xx`: no answer was a 5xx. Found ones are notes; a scenario that expects the check makes them wrong.
void check_no_5xx(const ScenarioView& scenario, Checked& checked);

/// `goal_reached`: every cycle reached its goal, unless an expectation of its step (or of the whole run)
/// speaks of that agent's answers or verdicts; and no verdict is FAIL unless one speaks of that agent's
/// verdicts or status. A step that says nothing is meant to succeed.
void check_goals(const ScenarioView& scenario, Checked& checked);

/// All of them.
Checked check(const ScenarioView& scenario);

}  // namespace pushsim::reports
