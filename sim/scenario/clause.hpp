#pragma once
// A clause in the words of `expect:` that stands outside a scenario, such as what a known deviation looks
// like.

#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/expectation.hpp"
#include "sim/scenario/loader.hpp"

namespace pushsim::scenario {

struct Node;

struct ClauseResult {
    Expectation clause;  ///< without agents, quantity and `decides`: those are of the clause it is for
    std::vector<Problem> problems;  ///< in the order of the text

    bool ok() const { return problems.empty(); }
};

/// The conditions that a clause of a step may have, or `{ check: … }`, or `{ metric: … }`. `file` is the name
/// used in positions.
ClauseResult read_clause(const Node& node, const std::string& file);
ClauseResult read_clause(std::string_view text, const std::string& file);

}  // namespace pushsim::scenario
