#include "sim/doctor/machine.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/doctor/fleet.hpp"

namespace pushsim::doctor {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;

// Two servers with a parent, a manager and a worker each, their threads and the tools that they call; and our
// own threads.
constexpr std::uint64_t kTasksOfServers = 48;
constexpr std::uint64_t kOwnTasks = 16;

// Measured with Keylime 7.14.3 and one worker: six processes of 80 to 100 MiB.
constexpr std::uint64_t kMemoryOfServers = 512 * kMiB;

// A cycle a second for ten minutes is 2,400 exchanges of about 1 KiB in the history.
constexpr std::uint64_t kDiskOfARun = 64 * kMiB;
constexpr std::uint64_t kDiskOfAnAgent = 3 * kMiB;

std::string in_mib(std::uint64_t octets) {
    return octets < 10 * 1024 * kMiB ? fmt::format("{} MiB", octets / kMiB)
                                     : fmt::format("{} GiB", octets / kMiB / 1024);
}

std::string number(std::uint64_t limit) {
    return limit == std::numeric_limits<std::uint64_t>::max() ? "unlimited" : std::to_string(limit);
}

std::string of_agents(std::size_t agents) {
    return agents == 1 ? "1 agent" : fmt::format("{} agents", agents);
}

}  // namespace

Finding check_files(const Limit& limit, std::size_t agents) {
    const std::uint64_t needed = agents + kOtherFiles;
    Finding finding{Level::Ok, "file descriptors",
                    fmt::format("{} (hard limit {}), {} needed for {}", number(limit.soft),
                                number(limit.hard), needed, of_agents(agents))};
    if (limit.hard >= needed) return finding;
    finding.level = Level::Fail;
    finding.mend = fmt::format(
        "raise the hard limit to {0} or more, as root: prlimit --pid $$ --nofile={0}:{0}, or `nofile` in "
        "/etc/security/limits.conf",
        needed);
    return finding;
}

Finding check_tasks(const std::optional<TaskRoom>& room, bool starts_servers) {
    const std::uint64_t needed = kOwnTasks + (starts_servers ? kTasksOfServers : 0);
    if (!room) return {Level::Ok, "processes", "no limit"};
    Finding finding{
        Level::Ok, "processes",
        fmt::format("{} more can be started ({}), {} needed", room->left, room->limited_by, needed)};
    if (room->left < needed) {
        finding.level = Level::Fail;
        finding.mend = fmt::format("raise {}, or end other processes", room->limited_by);
    }
    return finding;
}

Finding check_memory(const Result<std::uint64_t>& free, std::size_t agents, bool starts_servers) {
    if (!free) return {Level::Skipped, "memory", free.error().message};
    const std::uint64_t needed =
        kOwnMemory + agents * kMemoryOfAnAgent + (starts_servers ? kMemoryOfServers : 0);
    Finding finding{Level::Ok, "memory",
                    fmt::format("{} free, about {} needed for {}{}", in_mib(*free), in_mib(needed),
                                of_agents(agents), starts_servers ? " and both servers" : "")};
    if (*free < needed) {
        finding.level = Level::Warning;
        finding.mend = "end what else takes memory, or have fewer agents";
    }
    return finding;
}

Finding check_folder(const std::string& thing, const FolderFacts& facts) {
    if (facts.writable) return {Level::Ok, thing, facts.folder.string() + " can be written to"};
    return {Level::Fail, thing, facts.writable.error().message, facts.writable.error().mend};
}

Finding check_disk(const FolderFacts& facts, std::size_t agents) {
    if (!facts.free_space) return {Level::Skipped, "disk space", facts.free_space.error().message};
    const std::uint64_t free = *facts.free_space;
    const std::uint64_t needed = kDiskOfARun + agents * kDiskOfAnAgent;
    Finding finding{Level::Ok, "disk space",
                    fmt::format("{} free for {}, about {} needed for ten minutes of {} at a cycle a second",
                                in_mib(free), facts.folder.string(), in_mib(needed), of_agents(agents))};
    if (free >= needed) return finding;
    finding.level = free < kDiskOfARun ? Level::Fail : Level::Warning;
    finding.mend = "remove old folders of runs, or name another disk: --out DIR, here and with `pushsim run`";
    return finding;
}

std::uint64_t LocalPorts::usable() const {
    const std::uint64_t all = last < first ? 0 : last - first + 1;
    return all - std::min(all, reserved);
}

Finding check_local_ports(const Result<LocalPorts>& ports, std::size_t agents) {
    if (!ports) return {Level::Skipped, "local ports", ports.error().message};
    const std::uint64_t all = ports->usable();
    const std::uint64_t left = all - std::min(all, ports->waiting);
    Finding finding{Level::Ok, "local ports",
                    fmt::format("{} of {} to {} free for outgoing connections ({} in TIME_WAIT), {} needed",
                                left, ports->first, ports->last, ports->waiting, agents)};
    if (left < agents) {
        finding.level = Level::Fail;
        finding.mend =
            agents <= kMostLocalPorts
                ? "as root: sysctl -w net.ipv4.ip_local_port_range=\"10240 65535\""
                : fmt::format("one address has at most {}: have fewer agents at a time", kMostLocalPorts);
    }
    return finding;
}

Finding check_tool(const Tool& tool, bool there) {
    if (there) return {Level::Ok, tool.name, "found"};
    return {tool.needed ? Level::Fail : Level::Warning, tool.name, "not found: " + tool.lost, tool.mend};
}

Finding check_leftovers(const std::vector<std::string>& left) {
    if (left.empty()) return {Level::Ok, "leftovers", "none of killed runs"};
    return {Level::Warning, "leftovers", fmt::format("{}", fmt::join(left, "; ")), "pushsim stack clean"};
}

std::vector<Tool> tools(bool starts_servers) {
    std::vector<Tool> all;
    if (starts_servers) {
        all.push_back({"tpm2_startup", "Keylime's verifier does not start without tpm2-tools",
                       "scripts/setup, or: apt-get install tpm2-tools", true});
        all.push_back({"libefivar.so.1", "every attestation with a measured boot policy fails",
                       "scripts/setup, or: apt-get install libefivar1", false});
    }
    all.push_back({"swtpm", "there is none for `tpm: swtpm` of a scenario and for `run --tpm swtpm`",
                   "scripts/setup, or: apt-get install swtpm", false});
    return all;
}

}  // namespace pushsim::doctor
