#pragma once
// What the doctor, or `verify`, has found, told.

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "sim/doctor/finding.hpp"

namespace pushsim::cli {

/// A line for each, with its mend below.
std::string findings_lines(const std::vector<doctor::Finding>& findings);
/// "3 ok, 1 warning, 0 failed, 2 skipped"
std::string findings_totals(const std::vector<doctor::Finding>& findings);
nlohmann::json findings_json(const std::vector<doctor::Finding>& findings);

}  // namespace pushsim::cli
