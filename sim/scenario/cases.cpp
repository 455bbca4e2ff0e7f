#include "sim/scenario/cases.hpp"

#include <algorithm>

namespace pushsim::scenario {
namespace {

std::set<std::string> decided_by(const Scenario& scenario) {
    std::set<std::string> ids;
    for_each_clause(scenario, [&](const Expectation& clause, const std::string& /*case_name*/) {
        ids.insert(clause.decides.begin(), clause.decides.end());
    });
    return ids;
}

void keep(std::vector<Step>& steps, const std::set<std::string>& cases) {
    std::erase_if(steps, [&](Step& step) {
        if (!step.case_name.empty()) return !cases.contains(step.case_name);
        // Steps side by side, or again and again, of which each may belong to a case.
        const bool had_some = !step.steps.empty();
        keep(step.steps, cases);
        return had_some && step.steps.empty();
    });
}

void number(std::vector<Step>& steps, int& last) {
    for (Step& step : steps) {
        step.number = ++last;
        number(step.steps, last);
    }
}

}  // namespace

std::vector<std::string> case_names(const Scenario& scenario) {
    std::vector<std::string> names;
    for_each_step(scenario.script, [&](const Step& step, std::uint64_t) {
        // The steps of a case stand together.
        if (!step.case_name.empty() && (names.empty() || names.back() != step.case_name))
            names.push_back(step.case_name);
    });
    return names;
}

Scenario only(const Scenario& scenario, const std::set<std::string>& cases) {
    Scenario part = scenario;
    keep(part.script, cases);
    int last = 0;
    number(part.script, last);
    const std::set<std::string> before = decided_by(scenario);
    const std::set<std::string> after = decided_by(part);
    std::erase_if(part.requirements,
                  [&](const std::string& id) { return before.contains(id) && !after.contains(id); });
    return part;
}

namespace {

template <typename Steps, typename Act>
void for_each_clause_of(Steps& steps, const Act& act) {
    for (auto& step : steps) {
        for (auto& clause : step.expect)
            act(clause, step.case_name);
        for_each_clause_of(step.steps, act);
    }
}

}  // namespace

void for_each_clause(Scenario& scenario,
                     const std::function<void(Expectation& clause, const std::string& case_name)>& act) {
    for_each_clause_of(scenario.script, act);
    for (Expectation& clause : scenario.expect)
        act(clause, "");
}

void for_each_clause(
    const Scenario& scenario,
    const std::function<void(const Expectation& clause, const std::string& case_name)>& act) {
    for_each_clause_of(scenario.script, act);
    for (const Expectation& clause : scenario.expect)
        act(clause, "");
}

}  // namespace pushsim::scenario
