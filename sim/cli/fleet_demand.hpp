#pragma once

#include "sim/doctor/fleet.hpp"
#include "sim/scenario/plan.hpp"

namespace pushsim::cli {

/// What the agents of a scenario take of the machine.
doctor::FleetDemand demand_of(const scenario::Scenario& scenario);

}  // namespace pushsim::cli
