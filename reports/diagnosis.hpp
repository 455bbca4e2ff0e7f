#pragma once
// What a history shows of known failures: the cause in words that fit the case, and the mend. A rule says
// nothing unless every line that it needs is there; two that fit are both said.

#include <span>
#include <vector>

#include "reports/story.hpp"

namespace pushsim::reports {

struct Rule {
    const char* name;
    const char* symptom;  ///< what a person sees and would search for
    /// About one agent; `all` are those of the scenario. `rule` and `agents` of what it finds may be empty.
    std::vector<Diagnosis> (*find)(const AgentStory& agent, const std::vector<AgentStory>& all);
};

/// Every rule there is, in the order in which they are said (diagnosis_rules.cpp).
std::span<const Rule> rules();

/// Equal causes of several agents are one diagnosis.
std::vector<Diagnosis> diagnose(const ScenarioView& scenario);

}  // namespace pushsim::reports
