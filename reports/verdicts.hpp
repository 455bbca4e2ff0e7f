#pragma once

#include <string>

#include "reports/conformance.hpp"

namespace pushsim::reports {

/// How each requirement stood, one a line, as YAML: what sim/conformance/verdicts.hpp reads. Other runs of
/// the same behaviour differ in `begun` alone.
std::string verdicts_yaml(const RunReport& run, const ConformanceReport& report);

}  // namespace pushsim::reports
