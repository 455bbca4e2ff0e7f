#pragma once
// The servers' pods in the cluster `keylime-infra`, told.

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "sim/doctor/finding.hpp"
#include "sim/kind/infra.hpp"

namespace pushsim::cli {

/// A line for each pod, and for each server that has none or is not ready the way out.
std::string lines_of(const std::vector<kind::ServerSeen>& servers);

nlohmann::json json_of(const std::vector<kind::ServerSeen>& servers);

/// One for each server; one for all where the cluster cannot be asked or is not there.
std::vector<doctor::Finding> findings_of(const Result<std::vector<kind::ServerSeen>>& servers);

}  // namespace pushsim::cli
