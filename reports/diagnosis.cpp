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
    std::map<std::string, std::size_t> known;
    for (Diagnosis& diagnosis : found) {
        const auto [at, is_new] = known.try_emplace(cause_text(diagnosis), once.size());
        if (is_new) {
            once.push_back(std::move(diagnosis));
            continue;
        }
        Diagnosis& same = once[at->second];
        same.mend = std::move(diagnosis.mend);
        same.failures.insert(same.failures.end(), diagnosis.failures.begin(), diagnosis.failures.end());
    }
    return once;
}

}  // namespace

std::string cause_text(const Diagnosis& diagnosis) {
    return diagnosis.more == 0
               ? diagnosis.cause
               : fmt::format("{} So it went {} more.", diagnosis.cause, times(diagnosis.more));
}

void Causes::add(const std::string& rule, const std::string& agent, std::vector<Diagnosis> found) {
    std::map<std::string, std::size_t> before;  // so often this agent had a cause of the subject
    for (Diagnosis& one : found) {
        const std::size_t nth = apart_ ? before[one.subject]++ : 0;
        const auto [at, is_new] = known_.try_emplace({rule, one.subject, nth}, all_.size());
        Case own{agent, cause_text(one), one.mend, one.evidence};
        if (is_new) {
            one.rule = rule;
            all_.push_back(std::move(one));
        } else {
            auto& failures = all_[at->second].failures;
            failures.insert(failures.end(), one.failures.begin(), one.failures.end());
        }
        Diagnosis& cause = all_[at->second];
        if (cause.agents.empty() || cause.agents.back() != agent) cause.agents.push_back(agent);
        cause.cases.push_back(std::move(own));
    }
}

std::vector<Diagnosis> Causes::by_number() && {
    std::ranges::stable_sort(all_, std::ranges::greater{},
                             [](const Diagnosis& one) { return one.agents.size(); });
    return std::move(all_);
}

std::vector<Diagnosis> diagnose(const ScenarioView& scenario) {
    const Stories stories = stories_of(scenario);
    Causes causes(stories.agents.size() <= 1);
    for (const Rule& rule : rules()) {
        for (const AgentStory& agent : stories.agents)
            causes.add(rule.name, agent.name, once_each(rule.find(agent, stories)));
    }
    std::vector<Diagnosis> all = std::move(causes).by_number();
    for (Diagnosis& one : all) {
        for (const std::uint64_t n : one.evidence)
            one.shown.push_back(words_of_line(scenario, n));
    }
    return all;
}

}  // namespace pushsim::reports
