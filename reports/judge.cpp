#include <algorithm>

#include <fmt/format.h>

#include "reports/checks.hpp"
#include "reports/course.hpp"
#include "reports/diagnosis.hpp"
#include "reports/expectations.hpp"
#include "reports/report.hpp"
#include "reports/scenario_judge.hpp"
#include "reports/summary.hpp"
#include "reports/tries.hpp"
#include "reports/view.hpp"
#include "reports/waits.hpp"

namespace pushsim::reports {
namespace {

using history::ScenarioEnd;

constexpr int exit_as_expected = 0;
constexpr int exit_not_as_expected = 1;
constexpr int exit_failed = 3;
constexpr int exit_nothing_ran = 4;
constexpr int exit_interrupted = 130;

std::string last_step(const ScenarioView& scenario) {
    for (auto at = scenario.lines.rbegin(); at != scenario.lines.rend(); ++at) {
        const auto* step = as<history::StepStart>(*at);
        if (step != nullptr && (*at)->where->step) {
            return fmt::format(" in step {} ({})", *(*at)->where->step, step->step_kind);
        }
    }
    return "";
}

bool holds(const ExpectationResult& result) {
    return result.judgement == Judgement::Holds;
}
bool is_skipped(const ExpectationResult& result) {
    return result.judgement == Judgement::Skipped;
}

/// Of an agent that a person ran; empty: it came to attest.
std::string why_nothing_was_attested(const ScenarioView& scenario) {
    const bool attested = std::any_of(scenario.lines.begin(), scenario.lines.end(), [](const auto* line) {
        const auto* submission = as_submission(line);
        return submission != nullptr && is_accepted(*submission);
    });
    const bool not_enrolled = std::any_of(scenario.lines.begin(), scenario.lines.end(), [](const auto* line) {
        const auto* cycle = as<history::Cycle>(line);
        return cycle != nullptr && says_not_enrolled(*cycle);
    });
    return attested       ? ""
           : not_enrolled ? "it was stopped before it attested: it was not enrolled"
                          : "it was stopped before it attested";
}

/// The outcome of a scenario whose steps were all done.
void decide(ScenarioReport& report, const std::string& doubt) {
    const auto& expectations = report.expectations;
    const bool as_expected =
        std::all_of(expectations.begin(), expectations.end(),
                    [](const auto& result) { return holds(result) || is_skipped(result); }) &&
        std::none_of(report.findings.begin(), report.findings.end(),
                     [](const Finding& finding) { return finding.severity == Severity::Wrong; });
    report.outcome = as_expected ? Outcome::AsExpected : Outcome::NotAsExpected;
    if (as_expected && !expectations.empty() &&
        std::all_of(expectations.begin(), expectations.end(), is_skipped)) {
        report.outcome = Outcome::Skipped;
        report.reason = expectations.front().reason;
    }
    // What could not be shown must not pass for shown.
    if (as_expected && !doubt.empty()) {
        report.outcome = Outcome::Skipped;
        report.reason = doubt;
    }
}

Totals total(const std::vector<ScenarioReport>& scenarios) {
    Totals totals;
    for (const ScenarioReport& scenario : scenarios) {
        ++totals.scenarios;
        switch (scenario.outcome) {
            case Outcome::AsExpected:
                ++totals.as_expected;
                break;
            case Outcome::NotAsExpected:
                ++totals.not_as_expected;
                break;
            case Outcome::Error:
                ++totals.error;
                break;
            case Outcome::Skipped:
                ++totals.skipped;
                break;
            case Outcome::Partial:
                ++totals.partial;
                break;
            case Outcome::Reproduced:
                ++totals.reproduced;
                break;
            case Outcome::NotSeen:
                ++totals.not_seen;
                break;
        }
    }
    return totals;
}

void judge_whole(const history::History& history, RunReport& report) {
    if (!history.missing.empty()) {
        report.findings.push_back(
            {"history_complete", Severity::Wrong,
             fmt::format(
                 "{} missing from the history, the first is {}: the run is invalid",
                 counted(history.missing.size(), "line") + (history.missing.size() == 1 ? " is" : " are"),
                 history.missing.front()),
             history.missing.front()});
    }
    const auto* end = history.ended() ? as<history::End>(&history.entries.back()) : nullptr;
    report.partial = end == nullptr || end->partial;
    if (end != nullptr) {
        report.reason = end->reason;
    } else if (!history.head) {
        report.reason = "the history is empty";
    } else {
        report.reason =
            history.cut
                ? "the history ends within a line: pushsim was killed, could not write it, or is still "
                  "running"
                : "the history has no end: pushsim was killed, could not write it, or is still running";
    }
}

int exit_code(const history::History& history, const RunReport& report) {
    const auto* end = history.ended() ? as<history::End>(&history.entries.back()) : nullptr;
    if (end != nullptr && end->exit_code) return *end->exit_code;
    if (end != nullptr && end->partial && end->reason == "interrupted") return exit_interrupted;
    const Totals& totals = report.totals;
    if (report.partial || !report.findings.empty() || totals.error + totals.partial > 0) return exit_failed;
    if (totals.not_as_expected > 0) return exit_not_as_expected;
    const int ran = totals.as_expected + totals.reproduced + totals.not_seen;
    return ran == 0 ? exit_nothing_ran : exit_as_expected;
}

}  // namespace

const char* to_string(Outcome outcome) {
    switch (outcome) {
        case Outcome::AsExpected:
            return "as_expected";
        case Outcome::NotAsExpected:
            return "not_as_expected";
        case Outcome::Error:
            return "error";
        case Outcome::Skipped:
            return "skipped";
        case Outcome::Partial:
            return "partial";
        case Outcome::Reproduced:
            return "reproduced";
        case Outcome::NotSeen:
            return "not_seen";
    }
    return "?";
}

const char* to_string(Judgement judgement) {
    switch (judgement) {
        case Judgement::Holds:
            return "holds";
        case Judgement::DoesNotHold:
            return "does_not_hold";
        case Judgement::Skipped:
            return "skipped";
    }
    return "?";
}

ScenarioReport judge_scenario(const ScenarioView& scenario, const RunFacts& facts, Duration run_end,
                              WallTime started) {
    ScenarioReport report;
    const history::ScenarioStart& plan = scenario.plan();
    report.name = scenario.name;
    report.title = plan.title;
    report.file = plan.file;
    if (plan.attempt) report.tries = {.made = plan.attempt->number, .of = plan.attempt->of};
    report.agents = scenario.agents({}).size();
    report.duration = (scenario.end != nullptr ? scenario.end->t : run_end) - scenario.start->t;
    const auto* end = as<ScenarioEnd>(scenario.end);
    const bool ran = end != nullptr && end->ending == ScenarioEnd::Ending::Ran;
    Checked checked = check(scenario, facts);
    report.account = checked.account;
    for (ExpectationResult& result : judge_expectations(scenario, checked))
        (result.instead_of ? report.instead : report.expectations).push_back(std::move(result));
    if (plan.by_hand) report.course = course_of(scenario, started);
    report.diagnoses = diagnose(scenario);
    report.unexplained = unexplained(scenario, report.diagnoses);
    report.failed_agents = failed_agents(scenario);
    if (end != nullptr) report.agents_at_end = end->agents;
    report.waits = waits_of(scenario);
    report.findings = std::move(checked.findings);
    report.not_checked = std::move(checked.not_checked);
    if (ran) {
        std::string doubt;
        for (const auto& [agent, lines] : scenario.by_agent) {
            if (doubt.empty()) doubt = unresolved_doubt(lines);
        }
        if (plan.by_hand && doubt.empty()) doubt = why_nothing_was_attested(scenario);
        decide(report, doubt);
    } else if (end == nullptr) {
        report.outcome = Outcome::Partial;
        report.reason =
            plan.by_hand ? "it has not ended, or was killed" : "the run ended" + last_step(scenario);
    } else {
        report.reason = end->reason;
        report.mend = end->mend;
        switch (end->ending) {
            case ScenarioEnd::Ending::Skipped:
                report.outcome = Outcome::Skipped;
                break;
            case ScenarioEnd::Ending::Failed:
                report.outcome = Outcome::Error;
                break;
            case ScenarioEnd::Ending::Interrupted:
                report.outcome = Outcome::Partial;
                report.reason += last_step(scenario);
                break;
            case ScenarioEnd::Ending::Ran:
                break;
        }
    }
    report.headline = headline(scenario, report);
    return report;
}

RunReport judge(const history::History& history) {
    RunReport report;
    report.head = history.head;
    if (history.head && history.head->stack) report.stacks.push_back(*history.head->stack);
    for (const history::Entry& line : history.entries) {
        const auto* event = as<history::StackEvent>(&line);
        if (event != nullptr && event->what == "started" && event->facts)
            report.stacks.push_back(*event->facts);
    }
    report.duration = history.entries.empty() ? Duration::zero() : history.entries.back().t;
    const RunFacts facts = facts_of(history);
    for (const ScenarioView& scenario : split(history)) {
        report.scenarios.push_back(judge_scenario(scenario, facts, report.duration,
                                                  history.head ? history.head->started : WallTime{}));
    }
    report.scenarios = joined_tries(std::move(report.scenarios));
    report.totals = total(report.scenarios);
    judge_whole(history, report);
    report.exit_code = exit_code(history, report);
    return report;
}

}  // namespace pushsim::reports
