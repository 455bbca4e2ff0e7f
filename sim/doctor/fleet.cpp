#include "sim/doctor/fleet.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

namespace pushsim::doctor {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;

std::string need(std::uint64_t agents) {
    return agents == 1 ? "1 agent needs" : fmt::format("{} agents need", agents);
}

/// The scenario that takes most of something.
template <typename T>
const FleetDemand& largest(const std::vector<FleetDemand>& demands, T FleetDemand::*what) {
    return *std::ranges::max_element(demands, {}, what);
}

std::optional<Error> lack_of_files(const FleetDemand& demand, const Limit& limit) {
    const std::uint64_t needed = demand.files + kOtherFiles + demand.tpm_threads * kFilesOfATpmThread;
    if (limit.hard >= needed) return std::nullopt;
    return Error{ErrorKind::Config,
                 fmt::format("{}: {} {} file descriptors, the limit is {}", demand.scenario,
                             need(demand.agents), needed, limit.hard),
                 fmt::format("raise it, as root: prlimit --pid $$ --nofile={0}:{0}, or `nofile` in "
                             "/etc/security/limits.conf; or use fewer agents{1}",
                             needed, demand.several_connections ? " or `connections: one`" : "")};
}

std::optional<Error> lack_of_ports(const FleetDemand& demand, const LocalPorts& ports) {
    const std::uint64_t usable = ports.usable();
    if (usable >= demand.ports) return std::nullopt;
    const bool can_suffice = demand.ports + ports.reserved <= kMostLocalPorts;
    return Error{
        ErrorKind::Config,
        fmt::format("{}: its agents need {} ports for connections from one address to one server, there "
                    "are {} ({} to {}, {} of them reserved){}",
                    demand.scenario, demand.ports, usable, ports.first, ports.last, ports.reserved,
                    demand.ports_wait ? "; with `connections: per_request` each request of a cycle holds one "
                                        "for a minute after it was closed (TIME_WAIT)"
                                      : ""),
        can_suffice ? "use `source: own` (servers on loopback), or fewer agents; as root: sysctl -w "
                      "net.ipv4.ip_local_port_range=\"10240 65535\""
                    : fmt::format("use `source: own` (servers on loopback), or fewer agents: one address has "
                                  "at most {} ports",
                                  kMostLocalPorts)};
}

std::uint64_t memory_of(const FleetDemand& demand) {
    return kOwnMemory + demand.tpm_threads * kMemoryOfATpmThread + demand.agents * kMemoryOfAnAgent +
           demand.swtpms * kMemoryOfASwtpm;
}

std::optional<Error> lack_of_memory(const FleetDemand& demand, std::uint64_t free) {
    const std::uint64_t needed = memory_of(demand);
    if (free >= needed) return std::nullopt;
    return Error{
        ErrorKind::Config,
        fmt::format("{}: {} about {} MiB of memory{}, {} MiB are free", demand.scenario, need(demand.agents),
                    needed / kMiB,
                    demand.swtpms > 0 ? fmt::format(" with {} processes of swtpm", demand.swtpms) : "",
                    free / kMiB),
        fmt::format("use fewer agents{}, or end what else takes memory (a control group's memory.max "
                    "counts, too)",
                    demand.swtpms > 0 ? " or TPMs inside pushsim (without `tpm: swtpm`)" : "")};
}

std::optional<Error> lack_of_tasks(const FleetDemand& demand, const TaskRoom& room) {
    const std::uint64_t needed = demand.swtpms + demand.tpm_threads;
    if (room.left >= needed) return std::nullopt;
    return Error{ErrorKind::Config,
                 fmt::format("{}: {} {} processes of swtpm and {} threads, {} more can be started ({})",
                             demand.scenario, need(demand.agents), demand.swtpms, demand.tpm_threads,
                             room.left, room.limited_by),
                 "raise that limit, or use fewer agents or TPMs inside pushsim (without `tpm: swtpm`)"};
}

}  // namespace

std::vector<Error> check_fleet(const std::vector<FleetDemand>& demands, const FleetFacts& facts) {
    std::vector<Error> lacking;
    if (demands.empty()) return lacking;
    const auto note = [&lacking](std::optional<Error> lack) {
        if (lack) lacking.push_back(*std::move(lack));
    };
    note(lack_of_files(largest(demands, &FleetDemand::files), facts.files));
    if (facts.ports) note(lack_of_ports(largest(demands, &FleetDemand::ports), *facts.ports));
    if (facts.memory) note(lack_of_memory(*std::ranges::max_element(demands, {}, memory_of), *facts.memory));
    if (facts.tasks) note(lack_of_tasks(largest(demands, &FleetDemand::swtpms), *facts.tasks));
    for (const auto& [address, bound] : facts.sources) {
        if (bound) continue;
        lacking.push_back({ErrorKind::Config,
                           fmt::format("`source: own`: no connection can be made from {}: {}", address,
                                       bound.error().message),
                           "use `source: shared`, or a machine or container whose loopback has all of "
                           "127.0.0.0/8 (ip address show lo)"});
    }
    return lacking;
}

}  // namespace pushsim::doctor
