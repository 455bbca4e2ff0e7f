#pragma once

#include <string>

#include "reports/report.hpp"

namespace pushsim::reports {

/// The report as JUnit XML in the shape that Jenkins, GitLab and Maven Surefire read: one testsuite a run,
/// one testcase a scenario. `history_path` goes into each system-out; empty: left out.
std::string junit_xml(const RunReport& report, const std::string& history_path);

}  // namespace pushsim::reports
