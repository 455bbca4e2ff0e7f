#pragma once
// The agents of the cluster `keylime-agents` as the tenant sees them: which are enrolled, and how they fare.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/kind/agents.hpp"
#include "sim/stack/tenant.hpp"

namespace pushsim::cli {

/// A pod, and what the servers say of its agent.
struct PodSeen {
    kind::AgentPod pod;
    std::optional<Error> unknown = {};  ///< why the servers could not be asked
    bool registered = false;
    std::optional<protocol::AgentStatus> status = {};  ///< of one that is enrolled

    bool passes() const { return status && status->attestation_status == "PASS"; }
};

/// ErrorKind::Stack where pods cannot be asked for.
Result<std::vector<PodSeen>> look_at_pods(const kind::AgentsState& state, stack::Tenant& tenant,
                                          const Clock& clock);

/// "agent-x7k2p  ID  PASS, 12 passed", or what is the matter and the way out.
std::string line_of(const PodSeen& seen);

nlohmann::json json_of(const PodSeen& seen);

/// Enrols each pod's agent with its PCRs 0 and 7 as they are once it has registered, and returns when all
/// pass. What it enrols is in the state's list. ErrorKind::Stack naming the pod that does not get so far,
/// with what it says; Interrupted.
Result<void> enrol_pods(const kind::AgentsState& state, const stack::StackAddress& address,
                        const Clock& clock, const stack::StopAsked& stop_asked,
                        const std::function<void(const std::string&)>& say);

/// Takes the agents off verifier and registrar. Servers that are away keep them.
void forget_agents(const std::vector<std::string>& ids, const stack::StackAddress& address,
                   const Clock& clock);

/// Somebody enrolled it: where it is a pod's it is taken off the servers with the agents' cluster.
void note_agent_of_pod(const std::string& agent_id, const Clock& clock);

/// The TPM policy of these PCRs as they are in the pod that has the agent; ErrorKind::Config where none has.
Result<std::string> policy_from_pod(const std::string& agent_id, const std::vector<int>& pcrs,
                                    const Clock& clock);

}  // namespace pushsim::cli
