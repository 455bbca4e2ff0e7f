#pragma once
// This machine against what a run of so many agents takes: facts, how they are gathered, and what they mean.
// A check is a function of its facts alone.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "sim/doctor/finding.hpp"
#include "sim/stack/registry.hpp"

namespace pushsim::doctor {

/// getrlimit(2); the largest value where there is none.
struct Limit {
    std::uint64_t soft = 0;
    std::uint64_t hard = 0;
};
Limit file_limit();
/// Raises the soft limit to the hard one, also for what is started from here.
void raise_file_limit();
/// A socket for each agent (`connections: one`), and a margin; a run raises its soft limit by itself.
Finding check_files(const Limit& limit, std::size_t agents);

/// How many processes and threads can still be started, and what says so.
struct TaskRoom {
    std::uint64_t left = 0;
    std::string limited_by;  ///< "ulimit -u", "pids.max of the control group"
};
/// The narrowest; nothing where there is no limit (RLIMIT_NPROC does not bind root).
std::optional<TaskRoom> task_room();
Finding check_tasks(const std::optional<TaskRoom>& room, bool starts_servers);

/// Octets that can be taken before the system swaps or kills: MemAvailable, or less where a control group
/// says so.
Result<std::uint64_t> free_memory();
Finding check_memory(const Result<std::uint64_t>& free, std::size_t agents, bool starts_servers);

/// A folder that is written to. One that is not there yet is judged by the nearest above it that is.
struct FolderFacts {
    std::filesystem::path folder;
    Result<void> writable;             ///< a file was made in it and removed again
    Result<std::uint64_t> free_space;  ///< octets
};
/// `mend`: what is to be done where it cannot be written to.
FolderFacts look_at_folder(const std::filesystem::path& folder, const std::string& mend);
/// `thing`: "runs folder".
Finding check_folder(const std::string& thing, const FolderFacts& facts);
/// For histories and the servers' databases and logs.
Finding check_disk(const FolderFacts& facts, std::size_t agents);

/// Local ports of outgoing connections: /proc/sys/net/ipv4/ip_local_port_range.
struct LocalPorts {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    std::uint64_t waiting = 0;   ///< sockets in TIME_WAIT, whose ports are not free yet
    std::uint64_t reserved = 0;  ///< of these, by net.ipv4.ip_local_reserved_ports

    std::uint64_t usable() const;  ///< in all, free or not
};
/// What the range that we recommend (10240 to 65535) has.
inline constexpr std::size_t kMostLocalPorts = 65535 - 10240 + 1;
Result<LocalPorts> local_ports();
/// How many ports from `first` to `last` a list like "8080,9000-9009" names.
std::uint64_t count_of_ports(const std::string& list, std::uint32_t first, std::uint32_t last);
Finding check_local_ports(const Result<LocalPorts>& ports, std::size_t agents);

/// A program or library, and what is lost without it.
struct Tool {
    std::string name;  ///< as it is looked for: "swtpm", "libefivar.so.1"
    std::string lost;  ///< "the verifier does not start"
    std::string mend;
    bool needed = false;  ///< missing is a failure
};
/// Those of the servers only where they are started here.
std::vector<Tool> tools(bool starts_servers);
/// A program in PATH, or a library that the loader finds.
bool is_there(const Tool& tool);
Finding check_tool(const Tool& tool, bool there);

/// What runs that were killed left, each in words.
std::vector<std::string> leftovers(const stack::Registry& registry);
Finding check_leftovers(const std::vector<std::string>& left);

}  // namespace pushsim::doctor
