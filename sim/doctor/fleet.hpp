#pragma once
// Whether the agents of a scenario fit onto this machine, told before anything is started: what they take,
// what there is, and what does not suffice.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/result.hpp"
#include "sim/doctor/machine.hpp"

namespace pushsim::doctor {

/// Of an agent in all: its connection (20 KiB, measured), its TPM and keys, its lifecycle, and what is
/// recorded of it; with room.
inline constexpr std::uint64_t kMemoryOfAnAgent = std::uint64_t{128} * 1024;
/// Of a swtpm that has quoted (measured), beside that of its agent.
inline constexpr std::uint64_t kMemoryOfASwtpm = std::uint64_t{3'500} * 1024;
/// Of a TPM thread: its copy of libtpms, and the descriptor that this holds.
inline constexpr std::uint64_t kMemoryOfATpmThread = std::uint64_t{1'280} * 1024;
inline constexpr std::uint64_t kFilesOfATpmThread = 1;
/// Of the process without agents.
inline constexpr std::uint64_t kOwnMemory = std::uint64_t{64} * 1024 * 1024;
/// Beside those of agents: history, servers, the tenant's connections, files that are read.
inline constexpr std::uint64_t kOtherFiles = 120;

/// What a scenario takes, all at one time.
struct FleetDemand {
    std::string scenario;
    std::uint64_t agents = 0;
    std::uint64_t files = 0;                      ///< descriptors: sockets, and those of TPMs outside
    std::uint64_t ports = 0;                      ///< connections to one server from the address all share
    std::vector<std::string> own_addresses = {};  ///< first and last of the agents that have their own
    bool several_connections = false;             ///< some agents have more than one to a server
    bool ports_wait = false;        ///< some of the ports are of connections that were closed (TIME_WAIT)
    std::uint64_t swtpms = 0;       ///< processes
    std::uint64_t tpm_threads = 0;  ///< of pushsim

    bool operator==(const FleetDemand&) const = default;
};

struct FleetFacts {
    Limit files;
    Result<LocalPorts> ports;
    Result<std::uint64_t> memory;                                    ///< free, octets
    std::optional<TaskRoom> tasks = {};                              ///< nothing: no limit
    std::vector<std::pair<std::string, Result<void>>> sources = {};  ///< own addresses that were tried
};

/// Looks at this machine; binds the addresses, and lets them go.
FleetFacts look_at_fleet(const std::vector<FleetDemand>& demands);

/// Each thing that does not suffice for one of the scenarios, an ErrorKind::Config that says how much is
/// needed, how much there is, and how to mend it. What could not be looked at is not judged.
std::vector<Error> check_fleet(const std::vector<FleetDemand>& demands, const FleetFacts& facts);

}  // namespace pushsim::doctor
