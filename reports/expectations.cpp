#include "reports/expectations.hpp"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

namespace pushsim::reports {
namespace {

using history::Expectation;

constexpr std::size_t max_agents_shown = 3;

/// How one agent stands to one clause.
struct Answer {
    Judgement judgement = Judgement::DoesNotHold;
    std::string actual;
    std::string reason;                        // why it was skipped
    const history::Entry* deciding = nullptr;  // the line that decided
    const history::Entry* exchange = nullptr;  // the exchange to show with it
};

struct Scope {
    const ScenarioView& scenario;
    const Expectation& expectation;
    std::vector<std::string> agents;

    Lines lines(const std::string& agent) const { return scenario.lines_of(agent, expectation.step); }
};

using Ask = std::function<Answer(const Scope&, const std::string& agent)>;

// How clauses and answers read.

std::string words(const history::ResponseClause& clause) {
    std::vector<std::string> parts;
    for (const history::StatusRange& range : clause.status) {
        parts.push_back(range.low == range.high ? std::to_string(range.low)
                                                : fmt::format("{}-{}", range.low, range.high));
    }
    std::string text = fmt::format("{}", fmt::join(parts, " or "));
    if (!clause.code.empty())
        text += fmt::format("{}{}", text.empty() ? "" : " ", fmt::join(clause.code, " or "));
    if (!clause.pointer.empty()) text += " at " + clause.pointer;
    return text;
}

std::string response_words(const DecidingExchange& exchange) {
    if (!exchange.status) return exchange.failure.empty() ? "no answer" : exchange.failure;
    return exchange.code.empty() ? std::to_string(*exchange.status)
                                 : fmt::format("{} {}", *exchange.status, exchange.code);
}

std::string verdict_expected(const history::VerdictClause& clause) {
    if (clause.verdict == "fail") return clause.reason.empty() ? "FAIL" : "FAIL " + clause.reason;
    return clause.verdict == "pass" ? "PASS" : "no verdict";
}

std::string about(const Scope& scope, const std::string& what) {
    const history::Quantity& quantity = scope.expectation.quantity;
    std::string text = what;
    using Kind = history::Quantity::Kind;
    const std::string count = quantity.count == 1 ? "1 agent" : fmt::format("{} agents", quantity.count);
    if (quantity.kind == Kind::AtLeast) text += fmt::format(", at least {}", count);
    if (quantity.kind == Kind::AtMost) text += fmt::format(", at most {}", count);
    if (quantity.kind == Kind::Exactly) text += fmt::format(", exactly {}", count);
    if (!scope.expectation.agents.empty()) {
        text += fmt::format("{} {}", quantity.kind == Kind::All ? "," : " of",
                            fmt::join(scope.expectation.agents, ", "));
    }
    if (!scope.expectation.step) return text + ", whole run";
    const history::StepStart* step = scope.scenario.step(*scope.expectation.step);
    text += fmt::format(", step {}", *scope.expectation.step + 1);
    return step == nullptr ? text : fmt::format("{} ({})", text, step->step_kind);
}

// What one agent says to a clause.

bool is_response(const history::Entry* line) {
    return as<history::ExchangeSeen>(line) != nullptr || as<history::TenantActSeen>(line) != nullptr;
}

/// Pieces of the agent's lines that end with a cycle; what is left behind the last one only where nothing
/// else is.
std::vector<Lines> cycles_of(const Lines& lines, bool last_only) {
    std::vector<Lines> cycles;
    Lines current;
    for (const history::Entry* line : lines) {
        current.push_back(line);
        if (as<history::Cycle>(line) == nullptr) continue;
        cycles.push_back(std::exchange(current, {}));
    }
    if (cycles.empty() && !current.empty()) cycles.push_back(std::move(current));
    if (last_only && cycles.size() > 1) cycles.erase(cycles.begin(), cycles.end() - 1);
    return cycles;
}

bool matches(const history::ResponseClause& clause, const history::Entry& line) {
    const DecidingExchange seen = deciding_exchange(line);
    if (!seen.status) return false;
    const bool status =
        clause.status.empty() ||
        std::any_of(clause.status.begin(), clause.status.end(), [&](const history::StatusRange& range) {
            return *seen.status >= range.low && *seen.status <= range.high;
        });
    const bool code = clause.code.empty() ||
                      std::find(clause.code.begin(), clause.code.end(), seen.code) != clause.code.end();
    const auto* exchange = as<history::ExchangeSeen>(&line);
    const bool pointer =
        clause.pointer.empty() || (exchange != nullptr && exchange->pointer == clause.pointer);
    return status && code && pointer;
}

Answer ask_response(const history::ResponseClause& clause, const Scope& scope, const std::string& agent) {
    Answer answer;
    answer.actual = "no answer";
    for (const Lines& cycle : cycles_of(scope.lines(agent), scope.expectation.last_cycle_only)) {
        const auto last = std::find_if(cycle.rbegin(), cycle.rend(), is_response);
        if (last == cycle.rend()) {
            const auto* ended = as<history::Cycle>(cycle.back());
            return {.actual = ended == nullptr ? "no answer" : "no answer: " + ended->reason,
                    .deciding = cycle.back()};
        }
        answer.deciding = answer.exchange = *last;
        answer.actual = response_words(deciding_exchange(**last));
        answer.judgement = matches(clause, **last) ? Judgement::Holds : Judgement::DoesNotHold;
        if (answer.judgement == Judgement::DoesNotHold) return answer;
    }
    return answer;
}

/// The last submission of that attestation before the verdict, or the agent's last exchange.
const history::Entry* exchange_behind(const Lines& lines, const history::Entry* verdict_line) {
    const auto* verdict = as<history::Verdict>(verdict_line);
    const history::Entry* found = nullptr;
    for (const history::Entry* line : lines) {
        if (verdict_line != nullptr && line->n > verdict_line->n) break;
        const auto* submission = as_submission(line);
        if (verdict == nullptr ? is_response(line)
                               : submission != nullptr && submission->index == verdict->index) {
            found = line;
        }
    }
    return found;
}

std::vector<const history::Entry*> verdict_lines(const Lines& lines, bool last_only) {
    std::vector<const history::Entry*> found;
    for (const history::Entry* line : lines) {
        if (as<history::Verdict>(line) != nullptr) found.push_back(line);
    }
    if (last_only && found.size() > 1) found.erase(found.begin(), found.end() - 1);
    return found;
}

Answer ask_verdict(const history::VerdictClause& clause, const Scope& scope, const std::string& agent) {
    const Lines lines = scope.lines(agent);
    const auto verdicts = verdict_lines(lines, scope.expectation.last_cycle_only);
    const std::string wanted = clause.verdict == "none" ? "" : clause.verdict;
    Answer answer;
    answer.actual = "no verdict";
    if (verdicts.empty()) {
        answer.judgement = wanted.empty() ? Judgement::Holds : Judgement::DoesNotHold;
        answer.deciding = answer.exchange = exchange_behind(lines, nullptr);
        return answer;
    }
    for (const history::Entry* line : verdicts) {
        const auto& verdict = std::get<history::Verdict>(line->event);
        const bool same = evaluation_of(verdict) == wanted;
        answer = {.judgement = same ? Judgement::Holds : Judgement::DoesNotHold,
                  .actual = verdict_words(verdict),
                  .deciding = line,
                  .exchange = exchange_behind(lines, line)};
        if (!same) return answer;
    }
    return answer;
}

Answer ask_reason(const history::VerdictClause& clause, const Scope& scope, const std::string& agent) {
    const Lines lines = scope.lines(agent);
    Answer answer;
    answer.actual = "no verdict";
    for (const history::Entry* line : verdict_lines(lines, scope.expectation.last_cycle_only)) {
        const auto& verdict = std::get<history::Verdict>(line->event);
        const std::string reason = reason_of(verdict);
        answer = {.judgement = reason == clause.reason ? Judgement::Holds : Judgement::DoesNotHold,
                  .actual = verdict_words(verdict),
                  .deciding = line,
                  .exchange = exchange_behind(lines, line)};
        const bool visible = verdict.database.value || verdict.log.value;
        if (evaluation_of(verdict) == "fail" && reason.empty() && !visible) {
            answer.judgement = Judgement::Skipped;
            answer.reason = "reasons need the verifier's database or log";
            const std::string& why =
                verdict.database.unavailable.empty() ? verdict.log.unavailable : verdict.database.unavailable;
            if (!why.empty()) answer.reason += " (" + why + ")";
        }
        if (answer.judgement != Judgement::Holds) return answer;
    }
    return answer;
}

Answer ask_status(const history::StatusClause& clause, const Scope& scope, const std::string& agent) {
    using When = history::StatusClause::When;
    Answer answer;
    answer.actual = "no status was read";
    for (const history::Entry* line : scope.lines(agent)) {
        const auto* read = as<history::StatusRead>(line);
        if (read == nullptr) continue;
        const bool same = read->status == clause.status;
        const bool good = clause.when == When::Never ? !same : same;
        answer = {.judgement = good ? Judgement::Holds : Judgement::DoesNotHold,
                  .actual = read->status,
                  .deciding = line};
        if (!good && clause.when != When::Last) return answer;
    }
    return answer;
}

// What all agents together say.

bool enough(const history::Quantity& quantity, std::size_t satisfied, std::size_t total) {
    using Kind = history::Quantity::Kind;
    const auto count = static_cast<std::size_t>(std::max(quantity.count, 0));
    switch (quantity.kind) {
        case Kind::AtLeast:
            return satisfied >= count;
        case Kind::AtMost:
            return satisfied <= count;
        case Kind::Exactly:
            return satisfied == count;
        case Kind::All:
            break;
    }
    return satisfied == total;
}

ExpectationResult skipped(const Scope& scope, const std::string& what, const std::string& reason) {
    ExpectationResult result;
    result.what = about(scope, what);
    result.reason = reason;
    result.source = scope.expectation.source;
    return result;
}

ExpectationResult ask_all(const Scope& scope, const std::string& what, const std::string& expected,
                          const Ask& ask) {
    ExpectationResult result = skipped(scope, what, "");
    result.expected = expected;
    std::vector<std::pair<std::string, Answer>> answers;
    std::size_t satisfied = 0;
    std::size_t unknown = 0;
    for (const std::string& agent : scope.agents) {
        answers.emplace_back(agent, ask(scope, agent));
        const Judgement judgement = answers.back().second.judgement;
        satisfied += judgement == Judgement::Holds ? 1 : 0;
        unknown += judgement == Judgement::Skipped ? 1 : 0;
    }
    const history::Quantity& quantity = scope.expectation.quantity;
    std::size_t possible = 0;
    for (std::size_t more = 0; more <= unknown; ++more) {
        possible += enough(quantity, satisfied + more, answers.size()) ? 1 : 0;
    }
    result.judgement = possible == unknown + 1 ? Judgement::Holds
                       : possible == 0         ? Judgement::DoesNotHold
                                               : Judgement::Skipped;
    // Shown is who decided: those that hold if it holds or too many do, else those that do not.
    const bool too_many = result.judgement == Judgement::DoesNotHold &&
                          quantity.kind != history::Quantity::Kind::All &&
                          satisfied > static_cast<std::size_t>(std::max(quantity.count, 0));
    Judgement shown = result.judgement;
    if (too_many) shown = Judgement::Holds;
    std::vector<std::string> texts;
    std::size_t shown_count = 0;
    for (const auto& [agent, answer] : answers) {
        if (answer.judgement != shown) continue;
        if (++shown_count > max_agents_shown) continue;
        texts.push_back(agent + ": " + answer.actual);
        if (result.reason.empty()) result.reason = answer.reason;
        if (!result.n && answer.deciding != nullptr) result.n = answer.deciding->n;
        if (!result.exchange && answer.exchange != nullptr)
            result.exchange = deciding_exchange(*answer.exchange);
    }
    if (shown_count > max_agents_shown)
        texts.push_back(fmt::format("and {} more", shown_count - max_agents_shown));
    if (answers.size() > 1 && result.judgement != Judgement::Skipped) {
        texts.insert(texts.begin(), fmt::format("{} of {}", satisfied, counted(answers.size(), "agent")));
    }
    result.actual = fmt::format("{}", fmt::join(texts, "; "));
    return result;
}

// From clauses to results.

struct ToResults {
    const Scope& scope;
    const Checked& checked;

    std::vector<ExpectationResult> operator()(const history::ResponseClause& clause) const {
        return {ask_all(scope, "response", words(clause), [&](const Scope& asked, const std::string& agent) {
            return ask_response(clause, asked, agent);
        })};
    }

    std::vector<ExpectationResult> operator()(const history::VerdictClause& clause) const {
        const auto about_verdict = [&](const Scope& asked, const std::string& agent) {
            return ask_verdict(clause, asked, agent);
        };
        const auto about_reason = [&](const Scope& asked, const std::string& agent) {
            Answer answer = ask_verdict(clause, asked, agent);
            return answer.judgement == Judgement::Holds ? ask_reason(clause, asked, agent) : answer;
        };
        std::vector<ExpectationResult> results{
            ask_all(scope, "verdict", verdict_expected(clause), about_verdict)};
        if (!clause.reason.empty() && results[0].judgement == Judgement::Holds) {
            results[0].expected = verdict_expected({clause.verdict});
            results.push_back(ask_all(scope, "reason", verdict_expected(clause), about_reason));
        }
        return results;
    }

    std::vector<ExpectationResult> operator()(const history::StatusClause& clause) const {
        using When = history::StatusClause::When;
        const std::string when = clause.when == When::Always  ? "always "
                                 : clause.when == When::Never ? "never "
                                                              : "";
        return {ask_all(
            scope, "status", when + clause.status,
            [&](const Scope& asked, const std::string& agent) { return ask_status(clause, asked, agent); })};
    }

    std::vector<ExpectationResult> operator()(const history::CheckClause& clause) const {
        const auto& names = check_names();
        ExpectationResult result = skipped(scope, clause.check, "");
        if (std::find(names.begin(), names.end(), clause.check) == names.end()) {
            result.reason = "this pushsim has no check of that name";
            return {result};
        }
        result.judgement = Judgement::Holds;
        result.expected = clause.check;
        result.actual = clause.check;
        for (const NotChecked& what : checked.not_checked) {
            if (what.check == clause.check) result.reason = what.reason;
        }
        // The account is drawn up all the same; places that nobody could compare have not agreed.
        if (!result.reason.empty() && clause.check == "verdict_sources_agree")
            result.judgement = Judgement::Skipped;
        if (!result.reason.empty()) result.actual += " (not in full: " + result.reason + ")";
        std::vector<std::string> texts;
        for (const Finding& finding : checked.findings) {
            if (finding.check != clause.check) continue;
            if (texts.empty()) result.n = finding.n;
            texts.push_back(finding.text);
        }
        if (!texts.empty()) {
            result.judgement = Judgement::DoesNotHold;
            result.actual = fmt::format("{}", fmt::join(texts, "; "));
            for (const history::Entry* line : scope.scenario.lines) {
                if (line->n == result.n && is_response(line)) result.exchange = deciding_exchange(*line);
            }
        }
        return {result};
    }
};

}  // namespace

std::vector<ExpectationResult> judge_expectations(const ScenarioView& scenario, const Checked& checked) {
    std::vector<ExpectationResult> results;
    const auto* end = as<history::ScenarioEnd>(scenario.end);
    const bool ran = end != nullptr && end->ending == history::ScenarioEnd::Ending::Ran;
    for (const Expectation& expectation : scenario.plan().expectations) {
        Scope scope{scenario, expectation, {}};
        const history::StepStart* step = expectation.step ? scenario.step(*expectation.step) : nullptr;
        const bool of_step = expectation.agents.empty() && step != nullptr;
        scope.agents = scenario.agents(of_step ? step->agents : expectation.agents);
        const bool is_check = std::holds_alternative<history::CheckClause>(expectation.clause);
        if (!ran) {
            results.push_back(skipped(scope, "expectation", "the scenario did not come to its end"));
        } else if (expectation.step && step == nullptr) {
            results.push_back(skipped(scope, "expectation", ""));
            results.back().judgement = Judgement::DoesNotHold;
            results.back().expected = fmt::format("step {}", *expectation.step + 1);
            results.back().actual = "the step was not done";
        } else if (scope.agents.empty() && !is_check) {
            results.push_back(skipped(scope, "expectation", "it is about no agent"));
        } else {
            for (ExpectationResult& result : std::visit(ToResults{scope, checked}, expectation.clause)) {
                results.push_back(std::move(result));
            }
        }
    }
    return results;
}

}  // namespace pushsim::reports
