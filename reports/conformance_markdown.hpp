#pragma once

#include <string>

#include "reports/conformance.hpp"

namespace pushsim::reports {

/// The assessment for a CI's page ($GITHUB_STEP_SUMMARY), at most 64 KiB: what does not fit is counted.
std::string summary_markdown(const RunReport& run, const ConformanceReport& report);

}  // namespace pushsim::reports
