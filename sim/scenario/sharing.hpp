#pragma once
// Which scenarios may be played against one stack, one after the other: what they do to it, and leave there.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/scenario/plan.hpp"

namespace pushsim::scenario {

/// A step stops, starts, kills or pauses a server.
bool acts_on_servers(const Scenario& scenario);

/// A step puts another policy in the place of the one of that name.
bool changes_policy(const Scenario& scenario, const std::string& name);

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

/// Sessions that a scenario begins from one address, about; the verifier counts those of all scenarios.
struct AddressLoad {
    std::uint64_t of_shared = 0;  ///< from the address that agents share, and that of raw requests
    std::uint64_t of_own = 0;     ///< of the agent with an address of its own that begins most

    AddressLoad operator+(const AddressLoad& other) const {
        return {of_shared + other.of_shared, of_own + other.of_own};
    }
};
AddressLoad address_load(const Scenario& scenario);
/// Whether so much comes to the limit of the scenario's verifier.
bool reaches_the_limit(const AddressLoad& load, const Scenario& scenario);

/// Both in sentences, for people; empty where it shares its stack with any that wants the same.
std::vector<std::string> tell_sharing(const Scenario& scenario);

}  // namespace pushsim::scenario
