#pragma once
// What a history shows of known failures: the cause in words that fit the case, and the mend. A rule says
// nothing unless every line that it needs is there; two that fit are both said.

#include <map>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "reports/story.hpp"

namespace pushsim::reports {

struct Rule {
    const char* name;
    const char* symptom;  ///< what a person sees and would search for
    /// About one agent; `all` are those of the scenario. `rule`, `agents` and `cases` of what it finds are
    /// empty.
    std::vector<Diagnosis> (*find)(const AgentStory& agent, const Stories& all);
};

/// Every rule there is, in the order in which they are said (rules/table.cpp).
std::span<const Rule> rules();

/// Puts together what single agents have. Two agents have the same cause where the same rule found it and its
/// `subject` is the same: the facts that make it another thing to mend (which PCR, which counter), as the
/// rule says, and never values, times and counts, in which no two machines are alike. Words are not compared.
class Causes {
  public:
    /// `apart`: what an agent has twice are two causes, as a person wants to see them who looks at one agent;
    /// of many it is two cases of one.
    explicit Causes(bool apart) : apart_(apart) {}

    /// What a rule (empty: none) found of one agent; agents come in their order.
    void add(const std::string& rule, const std::string& agent, std::vector<Diagnosis> found);
    /// That of most agents first; of as many in the order in which they were found.
    std::vector<Diagnosis> by_number() &&;

  private:
    bool apart_;
    std::vector<Diagnosis> all_;
    std::map<std::tuple<std::string, std::string, std::size_t>, std::size_t> known_;  ///< to its place
};

/// What the rules find in a scenario.
std::vector<Diagnosis> diagnose(const ScenarioView& scenario);

/// Failed attestations, and cycles that did not reach their goal, of which no diagnosis speaks: the same
/// symptom is one of them.
std::vector<Diagnosis> unexplained(const ScenarioView& scenario, const std::vector<Diagnosis>& diagnoses);

/// Agents with such a failure, explained or not.
std::size_t failed_agents(const ScenarioView& scenario);

}  // namespace pushsim::reports
