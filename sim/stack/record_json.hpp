#pragma once
// Parts of the records as JSON; nlohmann::json::exception where a member is missing or of another type.
// Internal to this folder.

#include <nlohmann/json_fwd.hpp>

#include "sim/stack/address.hpp"
#include "sim/stack/process.hpp"

namespace pushsim::stack {

nlohmann::json to_json(const ProcessId& process);
ProcessId process_from(const nlohmann::json& value);
nlohmann::json to_json(const StackAddress& address);
StackAddress address_from(const nlohmann::json& value);

}  // namespace pushsim::stack
