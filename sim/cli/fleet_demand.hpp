#pragma once
// What the agents of a run need of the machine and its network, looked at before anything starts.

#include <vector>

#include "agent/base/result.hpp"
#include "agent/transport/endpoint.hpp"
#include "sim/doctor/fleet.hpp"
#include "sim/scenario/plan.hpp"
#include "sim/stack/address.hpp"

namespace pushsim::cli {

struct Circumstances {
    int tpm_threads = 1;
    bool loopback = true;  ///< the servers are on this machine
};

/// What a scenario takes of the machine.
doctor::FleetDemand demand_of(const scenario::Scenario& scenario, const Circumstances& here);

/// Whether all of its addresses are of this machine's loopback; of a stack those of both servers.
bool on_loopback(const transport::Endpoint& endpoint);
bool on_loopback(const stack::StackAddress& address);

/// Whether agents with addresses of their own reach these servers. A name that does not resolve is no matter
/// of sources, and told when it is needed.
Result<void> check_sources(const std::vector<scenario::Scenario>& scenarios,
                           const stack::StackAddress& address);

/// Whether the agents of each fit onto this machine: says what is lacking, and gives the exit code.
int check_fleets(const std::vector<scenario::Scenario>& scenarios, const Circumstances& here);

}  // namespace pushsim::cli
