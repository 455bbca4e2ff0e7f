#include "sim/cli/fleet_demand.hpp"

#include "sim/fleet/manner.hpp"

namespace pushsim::cli {
namespace {

// Its process, its socket for commands, its lock, its socket for control.
constexpr std::uint64_t kFilesOfASwtpm = 4;
constexpr std::uint64_t kFilesOfATpmOutside = 2;

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

}  // namespace

doctor::FleetDemand demand_of(const scenario::Scenario& scenario) {
    doctor::FleetDemand demand{.scenario = scenario.name};
    int overall = 0;
    for (const auto& group : scenario.groups) {
        const auto count = static_cast<std::uint64_t>(group.count);
        const bool two = group.connections == scenario::Connections::RustAgent;
        const std::uint64_t sockets = two ? 2 * count : count;
        demand.agents += count;
        demand.files += sockets + count * files_of(group.tpm);
        demand.several_connections = demand.several_connections || two;
        if (group.source == scenario::Source::Own) {
            if (demand.own_addresses.empty()) demand.own_addresses = {fleet::own_address(overall), ""};
            demand.own_addresses.back() = fleet::own_address(overall + group.count - 1);
        } else {
            demand.ports += sockets;
        }
        overall += group.count;
    }
    return demand;
}

}  // namespace pushsim::cli
