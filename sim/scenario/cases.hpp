#pragma once
// The cases of a scenario: runs of its steps that have a name of their own (`case`, `cases`).

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "sim/scenario/plan.hpp"

namespace pushsim::scenario {

/// In the order of the script, each once; empty where no step belongs to a case.
std::vector<std::string> case_names(const Scenario& scenario);

/// Each clause, those of steps first, with the name of the case that it belongs to; empty: none.
void for_each_clause(Scenario& scenario,
                     const std::function<void(Expectation& clause, const std::string& case_name)>& act);
void for_each_clause(const Scenario& scenario,
                     const std::function<void(const Expectation& clause, const std::string& case_name)>& act);

/// The scenario with the steps of these cases, and those that belong to none. Steps are numbered anew, so
/// that its plan loads as itself. What only the steps left out decide is no requirement of it any more; the
/// clauses at the end stay. A name that no case has is not looked at.
Scenario only(const Scenario& scenario, const std::set<std::string>& cases);

}  // namespace pushsim::scenario
