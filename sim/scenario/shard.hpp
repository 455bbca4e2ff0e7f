#pragma once
// A part of a scenario's agents, where several processes play it together.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/plan.hpp"

namespace pushsim::scenario {

/// Number `number` of `count`, from 0.
struct Shard {
    std::size_t number = 0;
    std::size_t count = 1;

    /// Every agent ("late[3]") is in exactly one of them, by its name alone: a hash that is the same on every
    /// machine.
    bool has(std::string_view agent) const;
    bool operator==(const Shard&) const = default;
};

/// The shard, of so many, that an agent is in.
std::size_t shard_of(std::string_view agent, std::size_t count);

/// Names of the agents that are in it, in the order of the scenario.
std::vector<std::string> agents_of(const Scenario& scenario, const Shard& shard);

/// Why the scenario cannot be played in several processes, each with some of its agents; nothing: it can.
std::optional<std::string> why_not_apart(const Scenario& scenario);

}  // namespace pushsim::scenario
