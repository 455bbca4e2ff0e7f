#include "reports/diagnosis.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "reports/text.hpp"

namespace pushsim::reports {

namespace {

/// "line 27: PATCH /v3.0/… -> 403 challenges_expired (late[0])"
std::string words_of_line(const ScenarioView& scenario, std::uint64_t n) {
    const auto line = std::ranges::find(scenario.lines, n, [](const history::Entry* one) { return one->n; });
    const std::string number = fmt::format("line {}: ", line_number(n));
    return line == scenario.lines.end() ? number : number + words(**line);
}

}  // namespace

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
                for (const std::uint64_t n : found.evidence)
                    found.shown.push_back(words_of_line(scenario, n));
                all.push_back(std::move(found));
            }
        }
    }
    return all;
}

}  // namespace pushsim::reports
