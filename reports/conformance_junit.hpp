#pragma once

#include <string>

#include "reports/conformance.hpp"

namespace pushsim::reports {

/// JUnit XML as junit_xml() has it: one testsuite an area, one testcase a requirement, for its name is the
/// same whichever scenarios decide it. Known deviations pass, with a property; under `strict` they fail, and
/// fixed ones always do. What was not decided is skipped and says why. `history_path` goes into each
/// system-out; empty: left out.
std::string conformance_junit_xml(const RunReport& run, const ConformanceReport& report,
                                  const std::string& history_path);

}  // namespace pushsim::reports
