// The tenant's part by hand: what `keylime_tenant` does for push-mode agents, against a stack that is up.

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sim/cli/boot_policy.hpp"
#include "sim/cli/cluster_agents.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/fitted.hpp"
#include "sim/cli/policies.hpp"
#include "sim/cli/stack_choice.hpp"
#include "sim/core/clock.hpp"
#include "sim/fleet/tpm_device.hpp"
#include "sim/stack/inspect.hpp"
#include "sim/stack/tenant.hpp"

namespace pushsim::cli {
namespace {

using nlohmann::json;

/// Calls `act` with the tenant of the stack that is meant.
template <typename Act>
int with_tenant(const StackChoice& choice, Act act) {
    const core::SystemClock clock;
    auto address = running_address(choice, clock);
    if (address) address = stack::inspect(std::move(*address), clock);
    if (!address) return report_error(address.error());
    stack::Tenant tenant(std::move(*address), clock, std::chrono::seconds{30});
    const Result<void> done = act(tenant);
    return done ? kAsExpected : report_error(done.error());
}

json to_json(const std::string& id, const protocol::AgentStatus& status) {
    return {{"agent", id},
            {"enrolled", true},
            {"status", status.attestation_status},
            {"attestation_count", status.attestation_count},
            {"last_received_quote", status.last_received_quote},
            {"last_successful_attestation", status.last_successful_attestation},
            {"tpm_policy", status.tpm_policy},
            {"has_runtime_policy", status.has_runtime_policy},
            {"has_mb_policy", status.has_mb_refstate}};
}

/// Why a call failed; a server that does not answer is named.
template <typename T>
Error why_not(const stack::Answer<T>& answer, const char* server, const stack::HostPort& where) {
    const auto& failure = answer.call.outcome.failure;
    return failure ? stack::no_answer(server, where, *failure) : answer.result.error();
}

/// The same of a call about an agent; that the server does not know it is said plainly.
template <typename T>
Error why_not(const stack::Answer<T>& answer, const char* server, const stack::HostPort& where,
              const std::string& id, const std::string& mend) {
    const auto& response = answer.call.outcome.response;
    if (!response || response->status != 404) return why_not(answer, server, where);
    return {ErrorKind::Config, fmt::format("the {} knows no agent '{}'", server, id), mend};
}

std::string known_ones(const StackChoice& stack) {
    return fmt::format("pushsim tenant list{} names those that are enrolled or registered",
                       stack_words(stack));
}

/// The line that enrols an agent: with its PCRs as they are, where its TPM is known here.
std::string enrolling(const std::string& id, const StackChoice& stack) {
    return fmt::format("pushsim tenant add {} {}{}", id,
                       fleet::tpm_of_kept_agent(id) ? "--from-boot 0,7" : R"(--tpm-policy '{"7": ["HEX"]}')",
                       stack_words(stack));
}

/// Why there is nothing that the verifier says of an agent, for it answers that it does not know it.
Error why_not_known(stack::Tenant& tenant, const std::string& id, const StackChoice& stack) {
    const auto registered = tenant.registered(id);
    if (registered.result) {
        return {
            ErrorKind::Refused,
            fmt::format("{} is registered, not enrolled: the registrar knows it, the verifier does not", id),
            "to enrol it: " + enrolling(id, stack)};
    }
    const auto& response = registered.call.outcome.response;
    if (!response || response->status != 404)
        return why_not(registered, "registrar", tenant.address().registrar_tls);
    return {
        ErrorKind::Config, fmt::format("neither the registrar nor the verifier knows an agent '{}'", id),
        fmt::format("pushsim agent --id {}{} registers it; {}", id, stack_words(stack), known_ones(stack))};
}

/// An enrolment that the verifier refuses: because of the agents that it has, or of what was sent.
Error why_not_enrolled(stack::Tenant& tenant, const stack::Answer<void>& answer, const std::string& id,
                       const StackChoice& stack) {
    Error error = why_not(answer, "verifier", tenant.address().verifier);
    const auto& response = answer.call.outcome.response;
    if (!response || response->status < 400 || response->status >= 500) return error;
    const bool is_there = response->status == 409;
    // Of an agent that is there its words recommend an update, which push mode does not have; a policy that
    // is there has the same status (keylime/cloud_verifier_tornado.py, AgentsHandler.post).
    if (is_there && tenant.status(id).result) {
        return {ErrorKind::Refused, fmt::format("{} is enrolled already", id),
                fmt::format(
                    "pushsim tenant delete {}{} first, then add it again: Keylime changes no policy of an "
                    "agent that is enrolled",
                    id, stack_words(stack))};
    }
    return {is_there ? ErrorKind::Refused : ErrorKind::Config, error.message,
            "the verifier's words say what it does not take"};
}

/// Without the agent's key.
Result<protocol::Enrolment> enrolment_of(const TenantOptions& options) {
    protocol::Enrolment enrolment;
    const auto read = [](const std::string& given, const auto& from, auto& into) -> Result<void> {
        if (given.empty()) return {};
        auto policy = from(given);
        if (!policy) return fail(policy.error());
        into = std::move(*policy);
        return {};
    };
    if (options.tpm_policy.empty() && options.from_boot.empty() && options.runtime_policy.empty() &&
        options.mb_policy.empty()) {
        return fail(
            ErrorKind::Usage,
            "tenant add: no policy: the verifier would ask for no evidence, and count what is sent as "
            "expired (challenges_expired)",
            fmt::format("{} enrols it; pushsim tenant add --help tells of the other policies",
                        enrolling(options.agent, options.stack)));
    }
    if (auto done = read(options.tpm_policy, tpm_policy_from, enrolment.tpm_policy); !done)
        return fail(done.error());
    if (!options.from_boot.empty()) {
        const core::SystemClock clock;
        // Of an agent of this process, else of a pod.
        const bool in_pod =
            options.stack.stack == "kind" && options.tcti.empty() && !fleet::tpm_of_kept_agent(options.agent);
        auto policy = in_pod ? policy_from_pod(options.agent, options.from_boot, clock)
                             : policy_from_boot(options.agent, options.tcti, options.from_boot);
        if (!policy) return fail(policy.error());
        enrolment.tpm_policy = std::move(*policy);
    }
    if (auto done = read(options.runtime_policy, runtime_policy_from, enrolment.runtime_policy); !done)
        return fail(done.error());
    if (auto done = read(options.mb_policy, mb_policy_from, enrolment.mb_policy); !done)
        return fail(done.error());
    return enrolment;
}

}  // namespace

int tenant_add(const TenantOptions& options) {
    auto enrolment = enrolment_of(options);
    if (!enrolment) return report_error(enrolment.error());
    return with_tenant(options.stack, [&](stack::Tenant& tenant) -> Result<void> {
        const auto registered = tenant.registered(options.agent);
        if (!registered.result)
            return fail(why_not(registered, "registrar", tenant.address().registrar_tls, options.agent,
                                fmt::format("start the agent first, it registers: pushsim agent --id {}{}",
                                            options.agent, stack_words(options.stack))));
        enrolment->ak_public = registered.result->ak_public;
        const auto added = tenant.enrol(options.agent, *enrolment);
        if (!added.result) return fail(why_not_enrolled(tenant, added, options.agent, options.stack));
        if (options.stack.stack == "kind") note_agent_of_pod(options.agent, core::SystemClock());
        fmt::print("{} is enrolled\n", options.agent);
        if (const std::string note = note_on_banks(enrolment->tpm_policy); !note.empty())
            say_error("note: " + note);
        return {};
    });
}

int tenant_status(const TenantOptions& options) {
    return with_tenant(options.stack, [&](stack::Tenant& tenant) -> Result<void> {
        const auto answer = tenant.status(options.agent);
        const auto& status = answer.result;
        if (const auto& response = answer.call.outcome.response; response && response->status == 404)
            return fail(why_not_known(tenant, options.agent, options.stack));
        if (!status) return fail(why_not(answer, "verifier", tenant.address().verifier));
        if (options.format == "json") {
            fmt::print("{}\n", to_json(options.agent, *status).dump(2));
            return {};
        }
        print_fitted(fmt::format("{}  {}, {} passed; policy {}{}{}\n", options.agent,
                                 status->attestation_status, status->attestation_count, status->tpm_policy,
                                 status->has_runtime_policy ? ", and a runtime policy" : "",
                                 status->has_mb_refstate ? ", and a measured boot policy" : ""));
        return {};
    });
}

int tenant_delete(const TenantOptions& options) {
    return with_tenant(options.stack, [&](stack::Tenant& tenant) -> Result<void> {
        const auto removed = tenant.remove(options.agent);
        const auto& response = removed.call.outcome.response;
        const bool was_enrolled = !response || response->status != 404;
        if (!removed.result && (was_enrolled || !options.registration))
            return fail(why_not(removed, "verifier", tenant.address().verifier, options.agent,
                                known_ones(options.stack)));
        if (!options.registration) {
            fmt::print("{} is no longer enrolled; its registration stays\n", options.agent);
            return {};
        }
        const auto forgotten = tenant.remove_registered(options.agent);
        if (!forgotten.result)
            return fail(why_not(forgotten, "registrar", tenant.address().registrar_tls, options.agent,
                                known_ones(options.stack)));
        fmt::print("{} is no longer {}registered\n", options.agent, was_enrolled ? "enrolled nor " : "");
        return {};
    });
}

int tenant_list(const TenantOptions& options) {
    return with_tenant(options.stack, [&](stack::Tenant& tenant) -> Result<void> {
        const bool as_text = options.format != "json";
        const auto answer = tenant.list();
        const auto& ids = answer.result;
        if (!ids) return fail(why_not(answer, "verifier", tenant.address().verifier));
        json all = json::array();
        for (const std::string& id : *ids) {
            const auto status = tenant.status(id).result;
            if (!status) return fail(status.error());
            all.push_back(to_json(id, *status));
            if (as_text)
                print_fitted(fmt::format("{}  {}, {} passed\n", id, status->attestation_status,
                                         status->attestation_count));
        }
        const auto registered = tenant.list_registered();
        if (!registered.result) return fail(why_not(registered, "registrar", tenant.address().registrar_tls));
        for (const std::string& id : *registered.result) {
            if (std::ranges::find(*ids, id) != ids->end()) continue;
            all.push_back({{"agent", id}, {"enrolled", false}});
            if (as_text)
                print_fitted(fmt::format("{}  registered, not enrolled; to enrol it: {}\n", id,
                                         enrolling(id, options.stack)));
        }
        if (!as_text) fmt::print("{}\n", all.dump(2));
        if (as_text && all.empty())
            fmt::print("no agent is enrolled, and none is registered: pushsim agent --id ID{} starts one\n",
                       stack_words(options.stack));
        return {};
    });
}

}  // namespace pushsim::cli
