// Failures of which no rule knows the cause: put together by their symptom, so that no failed agent is
// missing from a report.

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "reports/diagnosis.hpp"

namespace pushsim::reports {
namespace {

constexpr std::size_t max_log_lines = 3;

bool is_failed_verdict(const history::Entry* line) {
    const auto* verdict = as<history::Verdict>(line);
    return verdict != nullptr && evaluation_of(*verdict) == "fail";
}

/// An agent that a person runs may wait to be enrolled.
bool is_failed_cycle(const history::Entry* line, bool by_hand) {
    const auto* cycle = as<history::Cycle>(line);
    return cycle != nullptr && cycle->ending != "reached" && cycle->doubt.empty() &&
           !(by_hand && says_not_enrolled(*cycle));
}

Diagnosis of_verdict(const history::Entry& line) {
    const auto& verdict = *as<history::Verdict>(&line);
    Diagnosis found{.subject = verdict_words(verdict), .cause = verdict_words(verdict)};
    found.evidence = found.failures = {line.n};
    if (!verdict.log.value) return found;
    const auto& details = verdict.log.value->details;
    for (std::size_t i = 0; i < std::min(details.size(), max_log_lines); ++i)
        found.shown.push_back("the verifier's log: " + details[i]);
    return found;
}

/// `exchange`: the last of the cycle, or nothing. The reason names the agent, and so is no part of the
/// subject.
Diagnosis of_cycle(const history::Entry& line, const history::Entry* exchange) {
    const auto& cycle = *as<history::Cycle>(&line);
    const auto* seen = as<history::ExchangeSeen>(exchange);
    std::string what = cycle.phase + " " + cycle.ending;
    if (cycle.status) {
        what += fmt::format(": {}{}", *cycle.status, cycle.code.empty() ? "" : " " + cycle.code);
    } else if (seen != nullptr && !seen->failure.empty()) {
        what += ": " + seen->failure;
    }
    Diagnosis found{.subject = what, .cause = what};
    found.evidence = {exchange != nullptr ? exchange->n : line.n};
    if (!cycle.reason.empty()) found.shown = {cycle.reason};
    return found;
}

/// Of one agent, each once.
std::vector<Diagnosis> failures_of(const Lines& lines, bool cycles, bool by_hand,
                                   const std::set<std::uint64_t>& explained) {
    std::vector<Diagnosis> found;
    const history::Entry* exchange = nullptr;
    std::set<std::pair<std::string, std::vector<std::string>>> said;
    const auto add = [&](Diagnosis one) {
        if (said.emplace(one.subject, one.shown).second) found.push_back(std::move(one));
    };
    for (const history::Entry* line : lines) {
        if (as<history::ExchangeSeen>(line) != nullptr) exchange = line;
        if (is_failed_verdict(line) && !explained.contains(line->n)) add(of_verdict(*line));
        if (cycles && is_failed_cycle(line, by_hand)) add(of_cycle(*line, exchange));
        if (as<history::Cycle>(line) != nullptr) exchange = nullptr;
    }
    return found;
}

}  // namespace

std::vector<Diagnosis> unexplained(const ScenarioView& scenario, const std::vector<Diagnosis>& diagnoses) {
    // A rule names the verdicts that it explains; of the cycles of an agent that has a cause it is the cause.
    std::set<std::uint64_t> verdicts;
    std::set<std::string> agents;
    for (const Diagnosis& diagnosis : diagnoses) {
        verdicts.insert(diagnosis.failures.begin(), diagnosis.failures.end());
        agents.insert(diagnosis.agents.begin(), diagnosis.agents.end());
    }
    Causes causes(scenario.by_agent.size() <= 1);
    for (const auto& [agent, lines] : scenario.by_agent)
        causes.add("", agent, failures_of(lines, !agents.contains(agent), scenario.plan().by_hand, verdicts));
    return std::move(causes).by_number();
}

std::size_t failed_agents(const ScenarioView& scenario) {
    const bool by_hand = scenario.plan().by_hand;
    return static_cast<std::size_t>(std::ranges::count_if(scenario.by_agent, [&](const auto& agent) {
        return std::ranges::any_of(agent.second, [&](const history::Entry* line) {
            return is_failed_verdict(line) || is_failed_cycle(line, by_hand);
        });
    }));
}

}  // namespace pushsim::reports
