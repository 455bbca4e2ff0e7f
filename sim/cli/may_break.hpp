#pragma once
// What servers that are not on loopback are spared until somebody says that they may break.

#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "sim/cli/commands.hpp"
#include "sim/scenario/plan.hpp"
#include "sim/stack/address.hpp"

namespace pushsim::cli {

/// What scenarios do to servers beyond what few honest agents do, in words: load, faults, raw requests.
/// Empty: nothing. Load is the plan's; an agent that waits as the verifier tells it makes no more than any
/// other.
std::string harm_of(const std::vector<scenario::Scenario>& scenarios);

/// ErrorKind::Usage where they would bring harm to a host that is not on loopback and not one of
/// `options.may_break`. What is allowed is said.
Result<void> check_may_break(const RunOptions& options, const std::vector<scenario::Scenario>& scenarios,
                             const stack::StackAddress& address);

}  // namespace pushsim::cli
