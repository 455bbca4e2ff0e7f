#include "sim/cli/fleet_demand.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "sim/cli/commands.hpp"
#include "sim/cli/wires.hpp"
#include "sim/fleet/manner.hpp"

namespace pushsim::cli {
namespace {

// Its process, its socket for commands, its lock, its socket for control.
constexpr std::uint64_t kFilesOfASwtpm = 4;
constexpr std::uint64_t kFilesOfATpmOutside = 2;
// To the verifier, with a new session.
constexpr std::uint64_t kRequestsOfACycle = 4;

std::uint64_t files_of(const scenario::TpmChoice& tpm) {
    switch (tpm.kind) {
        case scenario::TpmKind::Software:
            return 0;
        case scenario::TpmKind::Swtpm:
            return kFilesOfASwtpm;
        case scenario::TpmKind::Outside:
            return kFilesOfATpmOutside;
    }
    return 0;
}

bool is_of(const std::vector<std::string>& groups, const scenario::Group& group) {
    return groups.empty() || std::ranges::find(groups, group.name) != groups.end();
}

/// What faults and requests take of one agent beside its own connection and TPM.
struct Beside {
    std::uint64_t connections = 0;  ///< the most at a time
    std::uint64_t tpms = 0;

    void take(const scenario::Group& group, const std::vector<scenario::Fault>& faults) {
        using enum scenario::FaultKind;
        for (const scenario::Fault& fault : faults) {
            if (!is_of(fault.agents, group)) continue;
            if (fault.kind == ConcurrentSubmit || fault.kind == ConcurrentNegotiate)
                connections = std::max(connections, static_cast<std::uint64_t>(fault.count));
            if (fault.kind == Reregister && fault.other_tpm) tpms = 1;
        }
    }
    void take(const scenario::Group& group, const std::vector<scenario::Step>& steps) {
        scenario::for_each_step(steps, [&](const scenario::Step& step, std::uint64_t) {
            if (is_of(step.agents, group)) take(group, step.faults);
        });
    }
};

/// Of one raw request, whoever it is by: the most connections of any.
std::uint64_t raw_connections(const std::vector<scenario::Step>& steps) {
    std::uint64_t most = 0;
    scenario::for_each_step(steps, [&](const scenario::Step& step, std::uint64_t) {
        if (step.kind == scenario::StepKind::Request)
            most = std::max(most, static_cast<std::uint64_t>(step.request.connections));
    });
    return most;
}

/// An address of 127.0.0.0/8 reaches nothing but the same network.
Result<void> check_sources(const scenario::Scenario& scenario, const transport::Endpoint& server) {
    const auto own = std::ranges::find(scenario.groups, scenario::Source::Own, &scenario::Group::source);
    if (own == scenario.groups.end()) return {};
    for (const std::string& address : server.addresses) {
        if (address.starts_with("127.")) continue;
        return fail(
            ErrorKind::Config,
            fmt::format("{}: group `{}`: `source: own` gives each agent an address of 127.0.0.0/8, and "
                        "from there {} ({}) cannot be reached",
                        scenario.file, own->name, transport::authority_of(server), address),
            "play it against a stack on 127.0.0.1, or with `source: shared`");
    }
    return {};
}

}  // namespace

doctor::FleetDemand demand_of(const scenario::Scenario& scenario, const Circumstances& here) {
    doctor::FleetDemand demand{.scenario = scenario.name,
                               .tpm_threads = static_cast<std::uint64_t>(here.tpm_threads)};
    demand.files = demand.ports = raw_connections(scenario.script);
    int overall = 0;
    for (const auto& group : scenario.groups) {
        const auto count = static_cast<std::uint64_t>(group.count);
        const bool two = group.connections == scenario::Connections::RustAgent;
        Beside beside;
        beside.take(group, scenario.faults);
        beside.take(group, scenario.script);
        const std::uint64_t sockets = count * ((two ? 2 : 1) + beside.connections);
        const std::uint64_t tpms = count * (1 + beside.tpms);
        demand.agents += count;
        if (group.tpm.kind == scenario::TpmKind::Swtpm) demand.swtpms += tpms;
        demand.files += sockets + tpms * files_of(group.tpm);
        demand.several_connections = demand.several_connections || two || beside.connections > 0;
        if (group.source == scenario::Source::Own) {
            if (demand.own_addresses.empty()) demand.own_addresses = {fleet::own_address(overall), ""};
            demand.own_addresses.back() = fleet::own_address(overall + group.count - 1);
        } else {
            // The kernel gives ports in TIME_WAIT away again at once on loopback alone (tcp_tw_reuse 2).
            const bool wait = group.connections == scenario::Connections::PerRequest && !here.loopback;
            demand.ports += wait ? kRequestsOfACycle * count : sockets;
            demand.ports_wait = demand.ports_wait || wait;
        }
        overall += group.count;
    }
    return demand;
}

Result<void> check_sources(const std::vector<scenario::Scenario>& scenarios,
                           const stack::StackAddress& address) {
    for (const auto& endpoint : {registrar_of(address), verifier_of(address)}) {
        const auto server = transport::resolve(endpoint);
        if (!server) continue;
        for (const auto& one : scenarios) {
            if (auto reached = check_sources(one, *server); !reached) return reached;
        }
    }
    return {};
}

bool on_loopback(const transport::Endpoint& endpoint) {
    const auto server = transport::resolve(endpoint);
    return server && std::ranges::all_of(server->addresses, [](const std::string& at) {
               return at.starts_with("127.") || at == "::1";
           });
}

bool on_loopback(const stack::StackAddress& address) {
    return on_loopback(registrar_of(address)) && on_loopback(verifier_of(address));
}

int check_fleets(const std::vector<scenario::Scenario>& scenarios, const Circumstances& here) {
    std::vector<doctor::FleetDemand> demands;
    demands.reserve(scenarios.size());
    for (const auto& one : scenarios)
        demands.push_back(demand_of(one, here));
    doctor::raise_file_limit();
    int code = kAsExpected;
    for (const Error& lack : doctor::check_fleet(demands, doctor::look_at_fleet(demands)))
        code = report_error(lack);
    return code;
}

}  // namespace pushsim::cli
