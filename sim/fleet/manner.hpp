#pragma once

#include <optional>
#include <string>

#include "agent/lifecycle/habits.hpp"
#include "agent/tpm/types.hpp"
#include "agent/transport/connection.hpp"
#include "sim/scenario/group.hpp"

namespace pushsim::fleet {

/// What kind of client a virtual agent is.
struct Manner {
    lifecycle::Habits habits = lifecycle::correct_habits();
    /// Sessions go over a connection of their own; else there is one to the verifier.
    bool session_connection = false;
    transport::ConnectionOptions connections = {};  ///< of each of them
    std::optional<std::string> source_address =
        {};                      ///< where its connections come from; the system's choice if absent
    Duration clock_offset = {};  ///< of its civil time
};

/// As the scenario has it, for the agent that is number `overall` of all agents.
Manner manner_of(const scenario::Group& group, int overall);

/// What is asked of a TPM for such an AK.
tpm::AkAlgorithms algorithms_of(const scenario::AkAlgorithms& ak);

/// The loopback address that agent `overall` of a scenario has for itself: 127.64.0.1, 127.64.0.2, …, none
/// of them for two of 100,000 agents.
std::string own_address(int overall);

}  // namespace pushsim::fleet
