#pragma once

#include <string>

#include "reports/report.hpp"

namespace pushsim::reports {

/// A run in short, for a CI's page ($GITHUB_STEP_SUMMARY), at most 64 KiB: what does not fit is counted.
std::string run_markdown(const RunReport& run);

}  // namespace pushsim::reports
