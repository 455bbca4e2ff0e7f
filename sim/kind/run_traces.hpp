#pragma once
// What runs leave in the servers' cluster besides servers made anew, and how it goes away: for a run's end
// and for `stack up` after a run that was killed.

#include <functional>
#include <string>
#include <vector>

#include "agent/base/result.hpp"

namespace pushsim::kind {

/// What a command printed; the words before it are the caller's.
using Command = std::function<Result<std::string>(std::vector<std::string>)>;

/// On the node: what comes for these ports vanishes, of connections that are there, too.
Result<void> cut_off(const Command& on_node, const std::vector<std::string>& ports);
/// It comes through again; nothing where it does.
Result<void> reconnect(const Command& on_node, const std::vector<std::string>& ports);

/// ConfigMaps and databases of all runs. Both servers are ready, and have none of them. `kubectl`: in their
/// namespace.
Result<void> remove_of_runs(const Command& kubectl, bool postgresql);

}  // namespace pushsim::kind
