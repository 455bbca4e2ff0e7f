#include "sim/scenario/sharing.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pushsim::scenario {
namespace {

// Keylime's defaults (keylime/models/verifier/rate_limiter.py).
constexpr std::uint64_t kSessionsOfAnAddress = 50;
constexpr std::uint64_t kSessionsOfAnAgent = 15;

std::uint64_t number_or(const ServerOptions& options, const char* name, std::uint64_t otherwise) {
    const auto option = options.find(name);
    if (option == options.end() || !option->second) return otherwise;
    const std::string& text = *option->second;
    std::uint64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    return read.ec == std::errc{} ? number : otherwise;
}

/// Of those that share an address all, of those with their own each for itself.
AddressLoad agents_of(const Scenario& scenario, const std::vector<std::string>& groups) {
    AddressLoad agents;
    for (const Group& group : scenario.groups) {
        if (std::ranges::find(groups, group.name) == groups.end()) continue;
        if (group.source == Source::Shared) {
            agents.of_shared += static_cast<std::uint64_t>(group.count);
        } else {
            agents.of_own = 1;
        }
    }
    return agents;
}

std::uint64_t address_limit(const Scenario& scenario) {
    return number_or(scenario.stack.verifier, "session_create_rate_limit_per_ip", kSessionsOfAnAddress);
}

bool trips_the_rate_limiter(const Scenario& scenario) {
    const auto of_an_agent =
        number_or(scenario.stack.verifier, "session_create_rate_limit_per_agent", kSessionsOfAnAgent);
    return address_limit(scenario) < kSessionsOfAnAddress || of_an_agent < kSessionsOfAnAgent ||
           reaches_the_limit(address_load(scenario), scenario);
}

}  // namespace

/// How long tokens hold is not looked at.
AddressLoad address_load(const Scenario& scenario) {
    std::vector<std::string> all;
    for (const Group& group : scenario.groups)
        all.push_back(group.name);
    AddressLoad load = agents_of(scenario, all);
    for_each_step(scenario.script, [&](const Step& step, std::uint64_t times) {
        using enum StepKind;
        if (step.kind == Authenticate || step.kind == Reboot || step.kind == RestoreTpm ||
            step.kind == RestartAgent) {
            const AddressLoad again = agents_of(scenario, step.agents);
            load = load + AddressLoad{times * again.of_shared, times * again.of_own};
        }
        const RawRequest& raw = step.request;
        if (step.kind == Request && raw.method == "POST" && raw.path.ends_with("/sessions"))
            load.of_shared += times * static_cast<std::uint64_t>(raw.times);
    });
    return load;
}

bool reaches_the_limit(const AddressLoad& load, const Scenario& scenario) {
    return std::max(load.of_shared, load.of_own) >= address_limit(scenario);
}

bool acts_on_servers(const Scenario& scenario) {
    return has_step(scenario.script, [](const Step& step) { return !step.servers.empty(); });
}

bool changes_policy(const Scenario& scenario, const std::string& name) {
    return has_step(scenario.script, [&](const Step& step) {
        return step.kind == StepKind::ChangePolicy && step.runtime_policy_name == name;
    });
}

std::optional<std::string> why_alone(const Scenario& scenario) {
    if (scenario.stack.fresh) return "it says `fresh: true`";
    if (acts_on_servers(scenario)) return "its script acts on servers";
    if (scenario.tries) return "each of its tries begins with new ones";
    return std::nullopt;
}

std::vector<LeftBehind> leaves_behind(const Scenario& scenario) {
    std::vector<LeftBehind> left;
    const auto leave = [&](std::string what, bool taken_off) {
        LeftBehind one{std::move(what), taken_off};
        if (std::ranges::find(left, one) == left.end()) left.push_back(std::move(one));
    };
    const auto leave_policy = [&](const std::string& name) {
        if (!name.empty()) leave(fmt::format("the IMA policy called {}", name), true);
    };
    for (const Group& group : scenario.groups) {
        using enum AgentId::Scheme;
        if (group.id.scheme == Literal) leave(fmt::format("agents with the id {}", group.id.text), true);
        // Of a TPM outside, and of those of a pool, the next scenario has the same.
        if (group.id.scheme == HashEk)
            leave(fmt::format("agents of {} with the ids of their EKs", group.name), true);
        leave_policy(group.enrol.runtime_policy_name);
    }
    for_each_step(scenario.script, [&](const Step& step, std::uint64_t) {
        leave_policy(step.runtime_policy_name);
        const RawRequest& raw = step.request;
        // What nobody or an agent sends is for the servers to refuse, but anybody may register.
        const bool may_change = raw.by == "admin" || raw.to != "verifier";
        if (step.kind == StepKind::Request && may_change && raw.method != "GET" && raw.method != "HEAD")
            leave(fmt::format("what its {} {} does", raw.method, raw.path), false);
    });
    if (trips_the_rate_limiter(scenario)) leave("what the verifier's rate limiter has counted", false);
    return left;
}

std::vector<std::string> tell_sharing(const Scenario& scenario) {
    if (const auto why = why_alone(scenario))
        return {fmt::format("The servers are shared with no other scenario: {}.", *why)};
    std::vector<std::string> what;
    for (const LeftBehind& one : leaves_behind(scenario))
        what.push_back(one.what);
    if (what.empty()) return {};
    return {fmt::format("No other scenario comes after it on the same servers, where it leaves {}.",
                        fmt::join(what, ", "))};
}

}  // namespace pushsim::scenario
