#pragma once

#include <string>

#include "reports/conformance.hpp"

namespace pushsim::reports {

/// What does not hold, as it was observed, in the form of a file of deviations (scenarios/deviations), so
/// that the next run has it for known: those that were known keep their reference, the others have one that
/// says so. What a clause cannot say is a comment.
std::string expected_yaml(const RunReport& run, const ConformanceReport& report);

}  // namespace pushsim::reports
