#include "reports/conformance_cases.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "reports/text.hpp"

namespace pushsim::reports {
namespace {

/// The lines of one scenario, by the case of their step.
class CaseLines {
  public:
    explicit CaseLines(const ScenarioView* view) {
        if (view == nullptr) return;
        for (const auto& [number, step] : view->steps)
            cases_[number] = step->case_name;
        for (const history::Entry* line : view->lines) {
            const std::string name = case_of(*line);
            lines_[name].push_back(line->n);
            for (const std::string& lasting : {name, std::string{}}) {
                const auto [times, is_new] = times_.try_emplace(lasting, line->t, line->t);
                times->second.second = line->t;
            }
        }
    }

    /// Empty where it is of no case.
    std::string case_of(const history::Entry& line) const {
        const auto at = line.where->step ? cases_.find(*line.where->step) : cases_.end();
        return at == cases_.end() ? std::string{} : at->second;
    }
    /// Of the scenario as a whole all lines.
    std::vector<std::uint64_t> of(const std::string& case_name) const {
        if (!case_name.empty()) {
            const auto at = lines_.find(case_name);
            return at == lines_.end() ? std::vector<std::uint64_t>{} : at->second;
        }
        std::vector<std::uint64_t> all;
        for (const auto& [name, lines] : lines_)
            all.insert(all.end(), lines.begin(), lines.end());
        std::ranges::sort(all);
        return all;
    }
    /// From the first of those lines to the last.
    Duration duration_of(const std::string& case_name) const {
        const auto at = times_.find(case_name);
        return at == times_.end() ? Duration{} : at->second.second - at->second.first;
    }
    /// A line of a case with another name.
    bool is_of_another(const std::string& case_name, std::uint64_t n) const {
        return !case_name.empty() && std::ranges::any_of(lines_, [&](const auto& one) {
            return !one.first.empty() && one.first != case_name && std::ranges::binary_search(one.second, n);
        });
    }

  private:
    std::map<int, std::string> cases_;
    std::map<std::string, std::vector<std::uint64_t>> lines_;
    std::map<std::string, std::pair<Duration, Duration>> times_;  ///< "": of the whole scenario
};

bool contains(const std::vector<std::uint64_t>& sorted, std::uint64_t n) {
    return std::ranges::binary_search(sorted, n);
}

/// Agents whose exchanges decided that a clause does not hold; empty where that cannot be told of each.
std::set<std::string> failing_agents(const ConformanceCase& one) {
    std::set<std::string> agents;
    for (const auto* results : {&one.controls, &one.deciding}) {
        for (const ExpectationResult& result : *results) {
            if (result.judgement != Judgement::DoesNotHold) continue;
            if (!result.exchange || result.exchange->agent.empty()) return {};
            agents.insert(result.exchange->agent);
        }
    }
    return agents;
}

/// The lines that decided that a clause does not hold.
std::vector<std::uint64_t> failing_lines(const ConformanceCase& one) {
    std::vector<std::uint64_t> found;
    for (const auto* results : {&one.controls, &one.deciding}) {
        for (const ExpectationResult& result : *results) {
            if (result.judgement != Judgement::DoesNotHold) continue;
            if (result.n) found.push_back(*result.n);
            if (result.exchange) found.push_back(result.exchange->n);
        }
    }
    std::ranges::sort(found);
    return found;
}

/// Of the agents that something else befell, causes explain nothing; nor does what it takes several cases to
/// see, each of which was meant; nor what was set up before the answer that failed, and is not told by it.
bool explains(const Diagnosis& diagnosis, const ConformanceCase& one, const std::string& case_name,
              const CaseLines& lines, const std::set<std::string>& agents,
              const std::vector<std::uint64_t>& failing) {
    const auto decided = [&](std::uint64_t n) { return contains(failing, n); };
    if (!failing.empty() && std::ranges::none_of(diagnosis.evidence, decided)) return false;
    const auto is_of_the_case = [&](std::uint64_t n) { return contains(one.lines, n); };
    const auto is_of_another = [&](std::uint64_t n) { return lines.is_of_another(case_name, n); };
    const auto is_failing = [&](const std::string& agent) { return agents.contains(agent); };
    return std::ranges::any_of(diagnosis.evidence, is_of_the_case) &&
           std::ranges::none_of(diagnosis.evidence, is_of_another) &&
           (agents.empty() || std::ranges::any_of(diagnosis.agents, is_failing));
}

/// What the case does, in its own words: the request that decides, and the faults on purpose among its lines;
/// and what must come of it, where all that it decides expects the same.
std::string does_of(const ConformanceCase& one, const ScenarioView* view) {
    constexpr std::size_t most_faults = 2;
    constexpr std::size_t most_octets = 200;
    if (one.deciding.empty()) return "";
    const auto failing =
        std::ranges::find(one.deciding, Judgement::DoesNotHold, &ExpectationResult::judgement);
    const ExpectationResult& decides = failing == one.deciding.end() ? one.deciding.front() : *failing;
    std::vector<std::string> faults;
    for (const history::Entry* line : view == nullptr ? Lines{} : view->lines) {
        const auto* fault = as<history::FaultEffect>(line);
        if (fault == nullptr || !contains(one.lines, line->n)) continue;
        if (faults.size() < most_faults && std::ranges::find(faults, fault->fault) == faults.end())
            faults.push_back(fault->fault);
    }
    std::string text = decides.what;
    if (decides.exchange && !decides.exchange->method.empty()) {
        text = decides.exchange->method + " " + decides.exchange->target;
        if (!faults.empty() && decides.exchange->phase != "request") text = decides.exchange->phase;
    }
    if (!faults.empty()) text += fmt::format(", {}", fmt::join(faults, ", "));
    const bool same = std::ranges::all_of(
        one.deciding, [&](const ExpectationResult& each) { return each.expected == decides.expected; });
    if (same && !decides.expected.empty()) text += " → " + decides.expected;
    return clipped(text, most_octets);
}

}  // namespace

const ScenarioView* view_of(const ScenarioReport& report, const std::vector<ScenarioView>& views) {
    const ScenarioView* found = nullptr;
    for (const ScenarioView& view : views) {
        if (view.name != report.name) continue;
        found = &view;
        const auto* attempt = view.plan().attempt ? &*view.plan().attempt : nullptr;
        if (attempt != nullptr && report.tries && attempt->number == report.tries->reproduced) break;
    }
    return found;
}

std::vector<ConformanceCase> cases_of(const ScenarioReport& scenario, const ScenarioView* view) {
    std::vector<ConformanceCase> cases;
    const auto case_named = [&](const std::string& name) -> ConformanceCase& {
        const std::string id = name.empty() ? scenario.name : scenario.name + "/" + name;
        const auto at = std::ranges::find(cases, id, &ConformanceCase::id);
        if (at != cases.end()) return *at;
        cases.emplace_back();
        cases.back().id = id;
        cases.back().scenario = scenario.name;
        cases.back().title = scenario.title;
        cases.back().file = scenario.file;
        return cases.back();
    };
    std::vector<ExpectationResult> of_all;  // controls of each case
    for (const ExpectationResult& result : scenario.expectations) {
        if (!result.decides.empty()) {
            ConformanceCase& one = case_named(result.case_name);
            if (one.deciding.empty() && !result.source.empty()) one.file = result.source;
            one.deciding.push_back(result);
            one.decides.push_back(result.decides);
        } else if (!result.case_name.empty()) {
            case_named(result.case_name).controls.push_back(result);
        } else {
            of_all.push_back(result);
        }
    }
    std::erase_if(cases, [](const ConformanceCase& one) { return one.deciding.empty(); });
    const CaseLines lines(view);
    const std::string servers = view == nullptr ? "" : planned_servers(view->plan());
    const bool by_chance = view != nullptr && draws_something(view->plan());
    for (ConformanceCase& one : cases) {
        const std::string name = one.id == one.scenario ? "" : one.id.substr(one.scenario.size() + 1);
        one.controls.insert(one.controls.end(), of_all.begin(), of_all.end());
        one.lines = lines.of(name);
        one.duration = lines.duration_of(name);
        one.does = does_of(one, view);
        one.servers = servers;
        one.by_chance = by_chance;
        for (const Finding& finding : scenario.findings) {
            if (!finding.n || contains(one.lines, *finding.n)) one.findings.push_back(finding);
        }
        const std::set<std::string> agents = failing_agents(one);
        const std::vector<std::uint64_t> failing = failing_lines(one);
        for (const Diagnosis& diagnosis : scenario.diagnoses) {
            if (explains(diagnosis, one, name, lines, agents, failing)) one.diagnoses.push_back(diagnosis);
        }
    }
    return cases;
}

}  // namespace pushsim::reports
