// The tenant's part by hand: what `keylime_tenant` does for push-mode agents, against a stack that is up.

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sim/cli/boot_policy.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/session.hpp"
#include "sim/core/clock.hpp"
#include "sim/stack/tenant.hpp"

namespace pushsim::cli {
namespace {

using nlohmann::json;

constexpr int kHighestPcr = 23;
constexpr const char* known_ones = "pushsim tenant list names those that it knows";

bool is_hex(const std::string& text) {
    return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// What is wrong with the values of one PCR.
std::optional<std::string> wrong_values(const json& values) {
    if (values.is_string()) return "a text where a list belongs, which the verifier would not compare";
    if (!values.is_array() || values.empty()) return "no list of values";
    for (const json& value : values) {
        if (!value.is_string() || !is_hex(value.get<std::string>()))
            return fmt::format("{} where hex digits in lower case belong", value.dump());
    }
    return std::nullopt;
}

/// `text`, or @FILE; ErrorKind::Config names what a verifier would take and not enforce.
Result<std::string> policy_from(const std::string& text) {
    constexpr const char* example = R"(for example --tpm-policy '{"7": ["HEX"]}', or @FILE)";
    std::string policy = text;
    if (text.starts_with('@')) {
        std::ifstream file(text.substr(1), std::ios::binary);
        if (!file) {
            return fail(ErrorKind::Config,
                        fmt::format("cannot read {}: {}", text.substr(1), std::strerror(errno)),
                        "--tpm-policy @FILE wants a file of JSON");
        }
        policy.assign(std::istreambuf_iterator<char>(file), {});
    }
    const std::string where = text.starts_with('@') ? text.substr(1) : "--tpm-policy";
    const json parsed = json::parse(policy, nullptr, false);
    if (!parsed.is_object()) return fail(ErrorKind::Config, where + ": not a JSON object", example);
    for (const auto& [key, values] : parsed.items()) {
        if (key == "mask") continue;
        int pcr = -1;
        const auto [end, failed] = std::from_chars(key.data(), key.data() + key.size(), pcr);
        if (failed != std::errc{} || end != key.data() + key.size() || pcr < 0 || pcr > kHighestPcr)
            return fail(ErrorKind::Config,
                        fmt::format("{}: '{}' is no PCR; they go from 0 to 23", where, key), example);
        if (const auto wrong = wrong_values(values))
            return fail(ErrorKind::Config, fmt::format("{}: PCR {} has {}", where, pcr, *wrong), example);
    }
    return policy;
}

/// Calls `act` with the tenant of the stack that is meant.
template <typename Act>
int with_tenant(const StackChoice& choice, Act act) {
    const core::SystemClock clock;
    auto address = running_address(choice, clock);
    if (!address) return report_error(address.error());
    stack::Tenant tenant(std::move(*address), clock, std::chrono::seconds{30});
    const Result<void> done = act(tenant);
    return done ? kAsExpected : report_error(done.error());
}

json to_json(const std::string& id, const protocol::AgentStatus& status) {
    return {{"agent", id},
            {"status", status.attestation_status},
            {"attestation_count", status.attestation_count},
            {"last_received_quote", status.last_received_quote},
            {"last_successful_attestation", status.last_successful_attestation},
            {"tpm_policy", status.tpm_policy}};
}

/// Why a call failed; that the server does not know the agent is said plainly.
template <typename T>
Error why_not(const stack::Answer<T>& answer, const char* server, const std::string& id, const char* mend) {
    const auto& response = answer.call.outcome.response;
    if (!response || response->status != 404) return answer.result.error();
    return {ErrorKind::Config, fmt::format("the {} knows no agent '{}'", server, id), mend};
}

}  // namespace

int tenant_add(const TenantOptions& options) {
    const auto policy = options.from_boot.empty()
                            ? policy_from(options.tpm_policy)
                            : policy_from_boot(options.agent, options.tcti, options.from_boot);
    if (!policy) return report_error(policy.error());
    return with_tenant(options.stack, [&](stack::Tenant& tenant) -> Result<void> {
        const auto registered = tenant.registered(options.agent);
        if (!registered.result)
            return fail(
                why_not(registered, "registrar", options.agent, "start the agent first: it registers"));
        protocol::Enrolment enrolment;
        enrolment.ak_public = registered.result->ak_public;
        enrolment.tpm_policy = *policy;
        auto added = tenant.enrol(options.agent, enrolment).result;
        if (!added) return added;
        fmt::print("{} is enrolled\n", options.agent);
        return {};
    });
}

int tenant_status(const TenantOptions& options) {
    return with_tenant(options.stack, [&](stack::Tenant& tenant) -> Result<void> {
        const auto answer = tenant.status(options.agent);
        const auto& status = answer.result;
        if (!status) return fail(why_not(answer, "verifier", options.agent, known_ones));
        if (options.format == "json") {
            fmt::print("{}\n", to_json(options.agent, *status).dump(2));
            return {};
        }
        fmt::print("{}  {}, {} passed; policy {}\n", options.agent, status->attestation_status,
                   status->attestation_count, status->tpm_policy);
        return {};
    });
}

int tenant_delete(const TenantOptions& options) {
    return with_tenant(options.stack, [&](stack::Tenant& tenant) -> Result<void> {
        const auto removed = tenant.remove(options.agent);
        if (!removed.result) return fail(why_not(removed, "verifier", options.agent, known_ones));
        fmt::print("{} is no longer enrolled; its registration stays\n", options.agent);
        return {};
    });
}

int tenant_list(const TenantOptions& options) {
    return with_tenant(options.stack, [&](stack::Tenant& tenant) -> Result<void> {
        const auto ids = tenant.list().result;
        if (!ids) return fail(ids.error());
        json all = json::array();
        for (const std::string& id : *ids) {
            const auto status = tenant.status(id).result;
            if (!status) return fail(status.error());
            if (options.format == "json") {
                all.push_back(to_json(id, *status));
            } else {
                fmt::print("{}  {}, {} passed\n", id, status->attestation_status, status->attestation_count);
            }
        }
        if (options.format == "json") fmt::print("{}\n", all.dump(2));
        if (options.format != "json" && ids->empty()) fmt::print("no agent is enrolled\n");
        return {};
    });
}

}  // namespace pushsim::cli
