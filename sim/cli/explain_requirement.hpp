#pragma once

#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "sim/cli/explain_name.hpp"

namespace pushsim::cli {

/// A requirement, where it is from, what decides it and what is known of it. ErrorKind::Usage where there is
/// none.
Result<std::vector<Line>> explain_requirement(const std::string& id);

}  // namespace pushsim::cli
