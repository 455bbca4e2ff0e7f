#include "sim/cli/may_break.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/cli/fleet_demand.hpp"

namespace pushsim::cli {
namespace {

// What a few honest agents may do.
constexpr int kAgents = 10;
constexpr double kActsInAll = 1000;
constexpr double kActsASecond = 10;

/// What agents do for the servers to answer: cycles, and each single phase.
struct Load {
    double in_all = 0;
    double a_second = 0;  ///< where the plan sets the pace
};

Load own_load(const scenario::Step& step, const scenario::Scenario& scenario) {
    using enum scenario::StepKind;
    const bool of_machines = step.kind == Extend || step.kind == Measure || step.kind == StopAgent;
    double agents = 0;
    for (const auto& group : scenario.groups) {
        if (!of_machines && std::ranges::find(step.agents, group.name) != step.agents.end())
            agents += group.count;
    }
    // What the tenant does to no agent, and a raw request, are acts, too.
    if (step.kind == ChangePolicy || step.kind == Request) agents = std::max(agents, 1.0);
    const bool repeats = step.kind == Attest;
    Load load{.in_all = repeats ? agents * step.times : agents};
    const auto pace = [&](Duration every) {
        load.a_second =
            std::max(load.a_second, agents / std::max(std::chrono::duration<double>(every).count(), 1e-6));
    };
    if (step.every && step.times > 1) pace(*step.every);
    for (const scenario::Stage& stage : step.stages) {
        if (stage.cycles() > 1) pace(stage.every);
    }
    return load;
}

/// Of steps that are done one after the other, or all at a time.
Load load_of(const std::vector<scenario::Step>& steps, bool at_a_time, const scenario::Scenario& scenario) {
    Load sum;
    for (const scenario::Step& step : steps) {
        const Load own = own_load(step, scenario);
        const Load inner = load_of(step.steps, step.kind == scenario::StepKind::Together, scenario);
        const double again = step.kind == scenario::StepKind::Repeat ? step.times : 1;
        sum.in_all += own.in_all + again * inner.in_all;
        const double pace = std::max(own.a_second, inner.a_second);
        sum.a_second = at_a_time ? sum.a_second + pace : std::max(sum.a_second, pace);
    }
    return sum;
}

}  // namespace

std::string harm_of(const std::vector<scenario::Scenario>& scenarios) {
    std::set<std::string> faults;
    int agents = 0;
    Load most;
    bool raw = false;
    for (const auto& scenario : scenarios) {
        const auto take = [&](const std::vector<scenario::Fault>& some) {
            for (const scenario::Fault& fault : some)
                faults.insert(to_string(fault.kind));
        };
        take(scenario.faults);
        scenario::for_each_step(scenario.script, [&](const scenario::Step& step, std::uint64_t) {
            take(step.faults);
            raw = raw || step.kind == scenario::StepKind::Request;
        });
        int of_this = 0;
        for (const auto& group : scenario.groups)
            of_this += group.count;
        agents = std::max(agents, of_this);
        const Load load = load_of(scenario.script, false, scenario);
        most.in_all = std::max(most.in_all, load.in_all * scenario.tries.value_or(1));
        most.a_second = std::max(most.a_second, load.a_second);
    }
    std::vector<std::string> parts;
    if (agents > kAgents) parts.push_back(fmt::format("{} agents at a time", agents));
    if (most.a_second > kActsASecond)
        parts.push_back(fmt::format("{:.0f} attestations a second", most.a_second));
    if (most.in_all > kActsInAll) parts.push_back(fmt::format("{:.0f} acts of agents", most.in_all));
    if (!faults.empty()) parts.push_back(fmt::format("faults: {}", fmt::join(faults, ", ")));
    if (raw) parts.emplace_back("raw requests");
    return fmt::format("{}", fmt::join(parts, "; "));
}

Result<void> check_may_break(const RunOptions& options, const std::vector<scenario::Scenario>& scenarios,
                             const stack::StackAddress& address) {
    std::set<std::string> hosts;
    for (const auto& one : {address.verifier, address.registrar_http, address.registrar_tls}) {
        if (!on_loopback({.host = one.host, .port = one.port})) hosts.insert(one.host);
    }
    const std::string harm = harm_of(scenarios);
    if (hosts.empty() || harm.empty()) return {};
    std::vector<std::string> missing;
    for (const std::string& host : hosts) {
        const auto& allowed = options.may_break;
        if (std::ranges::find(allowed, host) == allowed.end()) missing.push_back(host);
    }
    if (!missing.empty()) {
        return fail(ErrorKind::Usage,
                    fmt::format("this would bring to {}: {}", fmt::join(missing, " and "), harm),
                    fmt::format("if these servers may break: --i-may-break {}",
                                fmt::join(missing, " --i-may-break ")));
    }
    say_error(fmt::format("pushsim: brings to {}: {}; agents and policies are taken off again at the end",
                          fmt::join(hosts, " and "), harm));
    return {};
}

}  // namespace pushsim::cli
