#include "reports/diagnosis.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "reports/text.hpp"

namespace pushsim::reports {
namespace {

/// "line 27: PATCH /v3.0/… -> 403 challenges_expired (late[0], submit)"
std::string words_of_line(const ScenarioView& scenario, std::uint64_t n) {
    const auto line =
        std::ranges::lower_bound(scenario.lines, n, {}, [](const history::Entry* one) { return one->n; });
    const std::string number = fmt::format("line {}: ", line_number(n));
    return line == scenario.lines.end() || (*line)->n != n ? number : number + words(**line);
}

/// Of causes that an agent had again: the first, with the mend of the last, which knows more.
std::vector<Diagnosis> once_each(std::vector<Diagnosis> found) {
    std::vector<Diagnosis> once;
    for (Diagnosis& diagnosis : found) {
        const auto same = std::ranges::find_if(
            once, [&](const Diagnosis& known) { return cause_text(known) == cause_text(diagnosis); });
        if (same == once.end()) {
            once.push_back(std::move(diagnosis));
            continue;
        }
        same->mend = std::move(diagnosis.mend);
        same->failures.insert(same->failures.end(), diagnosis.failures.begin(), diagnosis.failures.end());
    }
    return once;
}

}  // namespace

std::string cause_text(const Diagnosis& diagnosis) {
    return diagnosis.more == 0
               ? diagnosis.cause
               : fmt::format("{} So it went {} more.", diagnosis.cause, times(diagnosis.more));
}

std::vector<Diagnosis> diagnose(const ScenarioView& scenario) {
    const std::vector<AgentStory> stories = stories_of(scenario);
    std::vector<Diagnosis> all;
    std::map<std::tuple<std::string, std::string, std::string>, std::size_t> known;  // rule, cause, mend
    for (const Rule& rule : rules()) {
        for (const AgentStory& agent : stories) {
            for (Diagnosis& found : once_each(rule.find(agent, stories))) {
                const auto [at, is_new] =
                    known.try_emplace({rule.name, cause_text(found), found.mend}, all.size());
                if (!is_new) {
                    Diagnosis& same = all[at->second];
                    same.agents.push_back(agent.name);
                    same.failures.insert(same.failures.end(), found.failures.begin(), found.failures.end());
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
