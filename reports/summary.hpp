#pragma once
// A scenario in few lines.

#include <string>
#include <vector>

#include "reports/report.hpp"
#include "reports/view.hpp"

namespace pushsim::reports {

/// "3 attestations accepted, status PASS"; needs outcome, reason, expectations, findings and account.
std::string headline(const ScenarioView& scenario, const ScenarioReport& report);

/// From so many agents on they are counted rather than named.
inline constexpr std::size_t fewest_counted = 3;

/// "150 of 210 agents failed"
std::string failed_words(const ScenarioReport& scenario);

/// "24 scenarios: 22 as expected, 2 skipped"
std::string totals_words(const Totals& totals);

/// Of a check that found much the first, and how many more there are.
std::vector<Finding> first_of_each(const std::vector<Finding>& findings);

/// The failures without a cause, in lines for a person.
std::vector<std::string> notes_of(const ScenarioReport& scenario);

}  // namespace pushsim::reports
