#include "sim/cli/cluster_agents.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "agent/protocol/admin.hpp"
#include "sim/stack/inspect.hpp"
#include "sim/stack/process.hpp"

namespace pushsim::cli {
namespace {

constexpr std::chrono::seconds kPatience{120};
constexpr std::chrono::milliseconds kLook{500};
constexpr std::chrono::seconds kCallLimit{30};
const std::vector<int> kUsualPcrs{0, 7};

Result<std::string> policy_of(const kind::AgentsState& state, const std::string& pod,
                              const std::vector<int>& pcrs, const Clock& clock) {
    const auto values = kind::agent_pcrs(state, pod, pcrs, clock);
    if (!values) return fail(values.error());
    protocol::PcrPolicy policy;
    for (const auto& [pcr, value] : *values)
        policy[pcr] = {value};
    return protocol::tpm_policy_text(policy);
}

Result<void> enrol(const kind::AgentsState& state, const PodSeen& seen, stack::Tenant& tenant,
                   const Clock& clock) {
    const auto registered = tenant.registered(seen.pod.id);
    if (!registered.result) return fail(registered.result.error());
    auto policy = policy_of(state, seen.pod.name, kUsualPcrs, clock);
    if (!policy) return fail(policy.error());
    protocol::Enrolment enrolment;
    enrolment.tpm_policy = std::move(*policy);
    enrolment.ak_public = registered.result->ak_public;
    // It stands in the list before it is enrolled: what is killed meanwhile leaves nothing unknown.
    auto ids = state.enrolled();
    ids.push_back(seen.pod.id);
    if (auto kept = state.set_enrolled(ids); !kept) return kept;
    return tenant.enrol(seen.pod.id, enrolment).result;
}

/// 404 is an answer; any other failure is not.
template <typename T>
Result<bool> knows(const stack::Answer<T>& answer) {
    if (answer.result) return true;
    const auto& response = answer.call.outcome.response;
    if (response && response->status == 404) return false;
    return fail(answer.result.error());
}

/// What they know of its agent; why they do not say.
std::optional<Error> ask_servers(PodSeen& seen, stack::Tenant& tenant) {
    const auto status = tenant.status(seen.pod.id);
    const auto enrolled = knows(status);
    if (!enrolled) return enrolled.error();
    if (*enrolled) seen.status = *status.result;
    const auto registered = knows(tenant.registered(seen.pod.id));
    if (!registered) return registered.error();
    seen.registered = *registered;
    return std::nullopt;
}

}  // namespace

Result<std::vector<PodSeen>> look_at_pods(const kind::AgentsState& state, stack::Tenant& tenant,
                                          const Clock& clock) {
    auto pods = kind::agent_pods(state, clock);
    if (!pods) return fail(pods.error());
    std::vector<PodSeen> all;
    std::optional<Error> unknown;  // those who do not answer are asked once
    for (kind::AgentPod& pod : *pods) {
        PodSeen seen{.pod = std::move(pod)};
        if (!seen.pod.id.empty() && !unknown) unknown = ask_servers(seen, tenant);
        seen.unknown = unknown;
        all.push_back(std::move(seen));
    }
    return all;
}

std::string line_of(const PodSeen& seen) {
    const kind::AgentPod& pod = seen.pod;
    if (!pod.runs())
        return fmt::format("{}  {}, {} restarts{}{}", pod.name, pod.state, pod.restarts,
                           pod.said.empty() ? "" : "; it said:\n", pod.said);
    if (pod.id.empty()) return fmt::format("{}  its agent begins", pod.name);
    if (seen.unknown) return fmt::format("{}  {}  the servers could not be asked about it", pod.name, pod.id);
    if (seen.status)
        return fmt::format("{}  {}  {}, {} passed", pod.name, pod.id, seen.status->attestation_status,
                           seen.status->attestation_count);
    if (!seen.registered) return fmt::format("{}  {}  not registered yet", pod.name, pod.id);
    return fmt::format(
        "{}  {}  registered, not enrolled; to enrol it: pushsim tenant add {} --from-boot 0,7 --stack kind",
        pod.name, pod.id, pod.id);
}

nlohmann::json json_of(const PodSeen& seen) {
    const auto known = [&](auto value) { return seen.unknown ? nlohmann::json() : nlohmann::json(value); };
    nlohmann::json one{{"pod", seen.pod.name},
                       {"state", seen.pod.state},
                       {"restarts", seen.pod.restarts},
                       {"agent", seen.pod.id},
                       {"registered", known(seen.registered)},
                       {"enrolled", known(seen.status.has_value())}};
    if (!seen.pod.said.empty()) one["said"] = seen.pod.said;
    if (seen.unknown) one["unknown"] = seen.unknown->message;
    if (seen.status) {
        one["attestation_status"] = seen.status->attestation_status;
        one["attestation_count"] = seen.status->attestation_count;
    }
    return one;
}

Result<void> enrol_pods(const kind::AgentsState& state, const stack::StackAddress& address,
                        const Clock& clock, const stack::StopAsked& stop_asked,
                        const std::function<void(const std::string&)>& say) {
    stack::Tenant tenant(address, clock, kCallLimit);
    const Instant end = clock.now() + kPatience;
    say("enrolling the agents");
    while (true) {
        const auto pods = look_at_pods(state, tenant, clock);
        if (!pods) return fail(pods.error());
        const PodSeen* behind = nullptr;
        for (const PodSeen& seen : *pods) {
            if (seen.unknown) return fail(*seen.unknown);
            // Once may be chance.
            if (seen.pod.state == "CrashLoopBackOff" && seen.pod.restarts > 1)
                return fail(ErrorKind::Stack, "an agent does not run: " + line_of(seen));
            if (!seen.status && seen.registered) {
                if (auto enrolled = enrol(state, seen, tenant, clock); !enrolled) return enrolled;
                say(fmt::format("{} is enrolled: {}", seen.pod.id, seen.pod.name));
            }
            if (!seen.passes()) behind = &seen;
        }
        if (behind == nullptr && !pods->empty()) return {};
        if (stop_asked && stop_asked()) return fail(ErrorKind::Interrupted, "stopped");
        if (clock.now() >= end) {
            return fail(ErrorKind::Stack,
                        behind == nullptr ? std::string("the agents' cluster has no pod with an agent")
                                          : "an agent does not attest: " + line_of(*behind),
                        "pushsim stack logs agents --stack kind");
        }
        stack::wait_for(kLook);
    }
}

void forget_agents(const std::vector<std::string>& ids, const stack::StackAddress& address,
                   const Clock& clock) {
    stack::Tenant tenant(address, clock, kCallLimit);
    for (const std::string& id : ids) {
        if (const auto& failure = tenant.remove(id).call.outcome.failure; failure) return;
        (void)tenant.remove_registered(id);
    }
}

void note_agent_of_pod(const std::string& agent_id, const Clock& clock) {
    const auto state = kind::AgentsState::open();
    if (!state || !state->is_up()) return;
    // One of somebody's own stays when the agents' cluster goes.
    const auto pods = kind::agent_pods(*state, clock);
    if (!pods || std::ranges::find(*pods, agent_id, &kind::AgentPod::id) == pods->end()) return;
    auto ids = state->enrolled();
    if (std::ranges::find(ids, agent_id) != ids.end()) return;
    ids.push_back(agent_id);
    // Only what is removed later depends on it.
    (void)state->set_enrolled(ids);
}

Result<std::string> policy_from_pod(const std::string& agent_id, const std::vector<int>& pcrs,
                                    const Clock& clock) {
    const auto state = kind::AgentsState::open();
    if (!state) return fail(state.error());
    const auto pods = kind::agent_pods(*state, clock);
    if (!pods) return fail(pods.error());
    const auto pod = std::ranges::find(*pods, agent_id, &kind::AgentPod::id);
    if (pod != pods->end()) return policy_of(*state, pod->name, pcrs, clock);
    return fail(ErrorKind::Config,
                fmt::format("no pod of {} has the agent '{}'", kind::agents_cluster, agent_id),
                "pushsim stack status --stack kind names those there are");
}

}  // namespace pushsim::cli
