#pragma once
// Which scenarios may be played against one stack, one after the other: what they do to it, and leave there.

#include <optional>
#include <string>
#include <vector>

#include "sim/scenario/plan.hpp"

namespace pushsim::scenario {

/// A step stops, starts, kills or pauses a server.
bool acts_on_servers(const Scenario& scenario);

/// Why no other scenario may use its stack, neither before nor after it: "its script acts on servers".
/// Nothing where others may.
std::optional<std::string> why_alone(const Scenario& scenario);

/// What the next scenario on the same stack could meet.
struct LeftBehind {
    std::string what;        ///< "the IMA policy called web"
    bool taken_off = false;  ///< at the scenario's end, of a stack that stays

    bool operator==(const LeftBehind&) const = default;
};
/// As the plan says it, in the order of the groups and steps; what only the play shows (a 429 that nothing
/// foretold) is not in it.
std::vector<LeftBehind> leaves_behind(const Scenario& scenario);

/// Both in sentences, for people; empty where it shares its stack with any that wants the same.
std::vector<std::string> tell_sharing(const Scenario& scenario);

}  // namespace pushsim::scenario
