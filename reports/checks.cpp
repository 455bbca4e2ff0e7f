#include "reports/checks.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "reports/findings.hpp"

namespace pushsim::reports {
namespace {

void compare_sources(const history::Entry& line, const history::Verdict& verdict, Checked& checked) {
    std::vector<std::pair<std::string, std::string>> said;
    if (verdict.record.value) said.emplace_back("record", verdict.record.value->evaluation);
    if (verdict.database.value) said.emplace_back("database", verdict.database.value->evaluation);
    if (verdict.log.value) said.emplace_back("log", verdict.log.value->verdict);
    const std::string attestation = fmt::format("{}: attestation {}", line.where->agent, verdict.index);
    const auto disagree = [&](const std::string& text) {
        checked.findings.push_back(
            {"verdict_sources_agree", Severity::Wrong, attestation + ": " + text, line.n});
    };
    for (std::size_t i = 1; i < said.size(); ++i) {
        if (said[i].second != said[0].second) {
            disagree(fmt::format("the {} says {}, the {} says {}", said[0].first, said[0].second,
                                 said[i].first, said[i].second));
        }
    }
    if (verdict.database.value && verdict.log.value && verdict.log.value->verdict == "fail" &&
        verdict.database.value->evaluation == "fail" && !verdict.log.value->reason.empty() &&
        verdict.database.value->failure_reason != verdict.log.value->reason) {
        disagree(fmt::format(
            "the database gives the reason {}, the log {}",
            verdict.database.value->failure_reason.empty() ? "null" : verdict.database.value->failure_reason,
            verdict.log.value->reason));
    }
}

}  // namespace

const std::vector<std::string>& check_names() {
    static const std::vector<std::string> names{
        "accounted",       "verdict_sources_agree", "status_agrees",     "no_5xx",
        "nonces_distinct", "tokens_secret",         "indexes_monotonic", "stages_legal"};
    return names;
}

void check_verdict_sources(const ScenarioView& scenario, Checked& checked) {
    std::uint64_t verdicts = 0;
    std::uint64_t single = 0;
    for (const history::Entry* line : scenario.lines) {
        const auto* verdict = as<history::Verdict>(line);
        if (verdict == nullptr) continue;
        ++verdicts;
        const int sources = int{verdict->record.value.has_value()} +
                            int{verdict->database.value.has_value()} + int{verdict->log.value.has_value()};
        if (sources < 2) ++single;
        compare_sources(*line, *verdict, checked);
    }
    Findings findings{"verdict_sources_agree", checked};
    if (verdicts == 0) findings.nothing_to_check("no verdict is in the history");
    if (single > 0) {
        findings.not_in_full(
            fmt::format("{} of {} known from fewer than two places", single, counted(verdicts, "verdict")));
    }
}

namespace {

std::optional<int> status_of(const history::Entry& line) {
    if (const auto* exchange = as<history::ExchangeSeen>(&line)) return exchange->status;
    if (const auto* act = as<history::TenantActSeen>(&line)) return act->status;
    return std::nullopt;
}

}  // namespace

void check_no_5xx(const ScenarioView& scenario, Checked& checked) {
    struct Seen {
        std::uint64_t count = 0;
        const history::Entry* first = nullptr;
        std::string method;
        std::string target;
    };
    std::map<std::pair<std::string, int>, Seen> seen;
    bool answered = false;
    for (const history::Entry* line : scenario.lines) {
        const std::optional<int> status = status_of(*line);
        answered = answered || status;
        if (!status || *status < 500 || *status > 599) continue;
        const DecidingExchange exchange = deciding_exchange(*line);
        Seen& kind = seen[{exchange.phase, *exchange.status}];
        if (kind.count++ == 0) kind = {1, line, exchange.method, exchange.target};
    }
    if (!answered) Findings{"no_5xx", checked}.nothing_to_check("nothing was answered");
    for (const auto& [kind, what] : seen) {
        checked.findings.push_back(
            {"no_5xx", Severity::Note,
             fmt::format("{} of {} in {}, first {} {} by {}", counted(what.count, "answer"), kind.second,
                         kind.first, what.method, what.target,
                         what.first->where->agent.empty() ? "the tenant" : what.first->where->agent),
             what.first->n});
    }
}

bool changes_enrolment(const history::TenantActSeen& act) {
    return act.act == "enrol" || act.act == "delete" || act.act == "reactivate";
}

/// Of an agent that a person runs: it may wait to be enrolled, be broken and be mended. What failed is said
/// once.
void check_by_hand(const ScenarioView& scenario, Checked& checked) {
    std::uint64_t failed = 0;
    std::uint64_t refused = 0;
    const history::Entry* first = nullptr;
    for (const history::Entry* line : scenario.lines) {
        const auto* verdict = as<history::Verdict>(line);
        const auto* cycle = as<history::Cycle>(line);
        const bool fails = verdict != nullptr && evaluation_of(*verdict) == "fail";
        const bool ends_early = cycle != nullptr && cycle->ending != "reached" && !says_not_enrolled(*cycle);
        failed += fails ? 1 : 0;
        refused += ends_early ? 1 : 0;
        if (first == nullptr && (fails || ends_early)) first = line;
    }
    if (first == nullptr) return;
    std::vector<std::string> counts;
    if (failed > 0) counts.push_back(counted(failed, "attestation") + " failed");
    if (refused > 0) counts.push_back(counted(refused, "attempt") + " did not come to a verdict");
    const auto* verdict = as<history::Verdict>(first);
    checked.findings.push_back(
        {"goal_reached", Severity::Wrong,
         fmt::format("{}, the first: {}", fmt::join(counts, ", "),
                     verdict != nullptr
                         ? fmt::format("attestation {}: {}", verdict->index, verdict_words(*verdict))
                         : as<history::Cycle>(first)->reason.str()),
         first->n});
}

void check_goals(const ScenarioView& scenario, Checked& checked) {
    if (scenario.plan().by_hand) {
        check_by_hand(scenario, checked);
        return;
    }
    using Speaks = bool (*)(const history::Expectation&);
    const auto spoken_for = [&](const history::Where& where, Speaks speaks) {
        return std::ranges::any_of(
            scenario.plan().expectations, [&](const history::Expectation& expectation) {
                return !expectation.instead_of && (!expectation.step || expectation.step == where.step) &&
                       speaks(expectation) && selects(expectation.agents, where.agent);
            });
    };
    const Speaks of_endings = [](const auto& clause) { return clause.response || clause.verdict; };
    const Speaks of_failures = [](const auto& clause) { return clause.verdict || clause.status; };
    const auto not_reached = [&](const history::Entry& line, const std::string& text) {
        checked.findings.push_back({"goal_reached", Severity::Wrong,
                                    fmt::format("{}: {}", line.where->agent, text), line.n, came_to(line)});
    };
    for (const history::Entry* line : scenario.lines) {
        const auto* verdict = as<history::Verdict>(line);
        if (verdict != nullptr && evaluation_of(*verdict) == "fail" &&
            !spoken_for(line->where, of_failures)) {
            not_reached(*line, fmt::format("attestation {}: {}, and no expectation speaks of it",
                                           verdict->index, verdict_words(*verdict)));
        }
        const auto* act = as<history::TenantActSeen>(line);
        if (act != nullptr && changes_enrolment(*act) && !act->error.empty() && !line->where->agent.empty() &&
            !spoken_for(line->where, of_endings)) {
            not_reached(*line, fmt::format("{}: {}", act->act, act->error));
        }
        const auto* cycle = as<history::Cycle>(line);
        if (cycle == nullptr || cycle->ending == "reached" || !cycle->doubt.empty() ||
            spoken_for(line->where, of_endings))
            continue;
        not_reached(*line, fmt::format("{} {}: {}", cycle->phase, cycle->ending, cycle->reason));
    }
}

namespace {

/// What the status will be is still open where a scenario ended early; where pushsim was killed, what was
/// under way, too.
void leave_open(const ScenarioView& scenario, Checked& checked) {
    const auto* end = as<history::ScenarioEnd>(scenario.end);
    if (end != nullptr && end->ending == history::ScenarioEnd::Ending::Ran) return;
    std::vector<std::string> open{"status_agrees"};
    if (end == nullptr) open.emplace_back("accounted");
    const auto is_open = [&](const auto& one) { return std::ranges::count(open, one.check) > 0; };
    std::erase_if(checked.findings, is_open);
    std::erase_if(checked.not_checked, is_open);
    for (const std::string& name : open)
        Findings{name, checked}.nothing_to_check("the scenario did not come to its end");
}

}  // namespace

Checked check(const ScenarioView& scenario, const RunFacts& facts) {
    Checked checked;
    check_accounted(scenario, checked);
    check_verdict_sources(scenario, checked);
    check_status(scenario, facts, checked);
    check_no_5xx(scenario, checked);
    check_nonces(scenario, facts, checked);
    check_tokens(scenario, facts, checked);
    check_indexes(scenario, checked);
    check_stages(scenario, checked);
    check_goals(scenario, checked);
    leave_open(scenario, checked);
    return checked;
}

}  // namespace pushsim::reports
