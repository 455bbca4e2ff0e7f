#include "reports/diagnosis.hpp"

#include <algorithm>

namespace pushsim::reports {

std::vector<Diagnosis> diagnose(const ScenarioView& scenario) {
    const std::vector<AgentStory> stories = stories_of(scenario);
    std::vector<Diagnosis> all;
    for (const Rule& rule : rules()) {
        for (const AgentStory& agent : stories) {
            for (Diagnosis& found : rule.find(agent, stories)) {
                const auto same = std::find_if(all.begin(), all.end(), [&](const Diagnosis& one) {
                    return one.rule == rule.name && one.cause == found.cause && one.mend == found.mend;
                });
                if (same != all.end()) {
                    if (same->agents.back() != agent.name) same->agents.push_back(agent.name);
                    continue;
                }
                found.rule = rule.name;
                found.agents = {agent.name};
                all.push_back(std::move(found));
            }
        }
    }
    return all;
}

}  // namespace pushsim::reports
