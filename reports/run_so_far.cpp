#include "reports/run_so_far.hpp"

#include <utility>

#include "reports/scenario_judge.hpp"
#include "reports/tries.hpp"

namespace pushsim::reports {

void RunSoFar::take(const history::Head& head) {
    run_.head = head;
    if (head.stack) run_.stacks.insert(run_.stacks.begin(), *head.stack);
    facts_.take(head);
}

void RunSoFar::take(history::Entry&& line) {
    run_.duration = line.t;
    const auto* stack = as<history::StackEvent>(&line);
    if (stack != nullptr && stack->what == "started" && stack->facts) run_.stacks.push_back(*stack->facts);
    std::deque<Begun>& of_name = scenarios_[line.where->scenario];
    if (as<history::ScenarioStart>(&line) != nullptr) of_name.emplace_back();
    if (of_name.empty() || of_name.back().ended) {
        facts_.take(line);
        return;
    }
    Begun& scenario = of_name.back();
    scenario.ended = as<history::ScenarioEnd>(&line) != nullptr;
    scenario.lines.entries.push_back(std::move(line));
    facts_.take(scenario.lines.entries.back());
}

std::vector<ScenarioReport> RunSoFar::scenarios(const std::string& name) {
    std::vector<ScenarioReport> reports;
    const auto of_name = scenarios_.find(name);
    if (of_name == scenarios_.end()) return reports;
    for (Begun& scenario : of_name->second)
        reports.push_back(judged(scenario));
    return joined_tries(std::move(reports));
}

ScenarioReport RunSoFar::judged(Begun& scenario) {
    if (scenario.report) return *scenario.report;
    ScenarioReport report = judge_scenario(split(scenario.lines).front(), facts_, run_.duration,
                                           run_.head ? run_.head->started : WallTime{});
    if (!scenario.ended) return report;
    scenario.lines = {};
    scenario.report = std::move(report);
    return *scenario.report;
}

}  // namespace pushsim::reports
