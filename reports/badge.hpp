#pragma once

#include <string>

#include "reports/conformance.hpp"

namespace pushsim::reports {

/// A badge for shields.io ("Endpoint Badge", https://shields.io/badges/endpoint-badge): the message counts
/// passes among all requirements that were selected, then failures, known deviations and what is undecided.
/// With a line feed at its end.
std::string badge_json(const ConformanceReport& report);

}  // namespace pushsim::reports
