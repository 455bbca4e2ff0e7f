#include "reports/expectations.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include <fmt/format.h>

#include "reports/answers.hpp"
#include "reports/metrics.hpp"
#include "reports/response_match.hpp"
#include "reports/text.hpp"

namespace pushsim::reports {
namespace {

using history::Expectation;
using history::Quantity;

constexpr std::size_t max_answers_shown = 3;
constexpr std::size_t max_findings_shown = 20;

using Ask = std::function<Answer(const Scope&, const std::string& agent)>;

/// Something to ask every agent, and how it reads.
struct Question {
    std::string what;
    std::string expected;
    Ask ask;
    std::string not_expected = {};  ///< where it must be so of no agent; empty: "not " and `expected`
};

/// Not one agent may satisfy the clause.
bool is_of_none(const Quantity& quantity) {
    using Kind = Quantity::Kind;
    return (quantity.kind == Kind::AtMost || quantity.kind == Kind::Exactly) && quantity.count <= 0;
}

std::string about(const Scope& scope, const std::string& what) {
    const history::Quantity& quantity = scope.expectation.quantity;
    std::string text = what;
    using Kind = history::Quantity::Kind;
    const std::string count = quantity.count == 1 ? "1 agent" : fmt::format("{} agents", quantity.count);
    const bool all = quantity.kind == Kind::All || is_of_none(quantity);
    if (quantity.kind == Kind::AtLeast) text += fmt::format(", at least {}", count);
    if (quantity.kind == Kind::AtMost && !all) text += fmt::format(", at most {}", count);
    if (quantity.kind == Kind::Exactly && !all) text += fmt::format(", exactly {}", count);
    if (!scope.expectation.agents.empty()) {
        text += fmt::format("{} {}", all ? "," : " of", fmt::join(scope.expectation.agents, ", "));
    }
    if (!scope.expectation.step) return text + ", whole run";
    const history::StepStart* step = scope.scenario.step(*scope.expectation.step);
    text += fmt::format(", step {}", *scope.expectation.step);
    return step == nullptr ? text : fmt::format("{} ({})", text, step->step_kind);
}

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

ExpectationResult ask_all(const Scope& scope, const Question& question) {
    ExpectationResult result = skipped(scope, question.what, "");
    result.expected = question.expected;
    std::vector<std::pair<std::string, Answer>> answers;
    std::size_t satisfied = 0;
    std::size_t unknown = 0;
    for (const std::string& agent : scope.agents) {
        answers.emplace_back(agent, question.ask(scope, agent));
        const Judgement judgement = answers.back().second.judgement;
        satisfied += judgement == Judgement::Holds ? 1 : 0;
        unknown += judgement == Judgement::Skipped ? 1 : 0;
    }
    const history::Quantity& quantity = scope.expectation.quantity;
    if (is_of_none(quantity))
        result.expected = question.not_expected.empty() ? "not " + question.expected : question.not_expected;
    std::size_t possible = 0;
    for (std::size_t more = 0; more <= unknown; ++more) {
        possible += enough(quantity, satisfied + more, answers.size()) ? 1 : 0;
    }
    result.judgement = possible == unknown + 1 ? Judgement::Holds
                       : possible == 0         ? Judgement::DoesNotHold
                                               : Judgement::Skipped;
    // Shown is who decided: those that hold if it holds or too many do, else those that do not. Where
    // none may, and none does, those that do not are shown.
    const bool too_many = result.judgement == Judgement::DoesNotHold &&
                          quantity.kind != history::Quantity::Kind::All &&
                          satisfied > static_cast<std::size_t>(std::max(quantity.count, 0));
    Judgement shown = result.judgement;
    if (too_many) shown = Judgement::Holds;
    const bool none = result.judgement == Judgement::Holds && satisfied == 0;
    if (none) shown = Judgement::DoesNotHold;
    std::vector<std::pair<std::string, std::vector<std::string>>> by_answer;  // in the order of the agents
    std::map<std::string, std::size_t> known;
    for (const auto& [agent, answer] : answers) {
        if (answer.judgement != shown) continue;
        const std::string& actual = too_many && !answer.as_asked.empty() ? answer.as_asked : answer.actual;
        const auto [at, is_new] = known.try_emplace(actual, by_answer.size());
        if (is_new) by_answer.emplace_back(actual, std::vector<std::string>{});
        by_answer[at->second].second.push_back(agent);
        if (result.reason.empty()) result.reason = answer.reason;
        if (!answer.came_to.empty() && !none) result.came_to.insert(answer.came_to);
        if (!answer.seen.empty() && !none) result.seen.insert(answer.seen);
        if (!result.n && answer.deciding != nullptr) result.n = answer.deciding->n;
        if (!result.exchange && answer.exchange != nullptr)
            result.exchange = deciding_exchange(*answer.exchange);
    }
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < std::min(by_answer.size(), max_answers_shown); ++i)
        texts.push_back(agents_text(by_answer[i].second) + ": " + by_answer[i].first);
    if (by_answer.size() > max_answers_shown)
        texts.push_back(fmt::format("and {} other answers", by_answer.size() - max_answers_shown));
    if (answers.size() > 1 && result.judgement != Judgement::Skipped) {
        texts.insert(texts.begin(), fmt::format("{} of {}", satisfied, counted(answers.size(), "agent")));
    }
    result.actual = fmt::format("{}", fmt::join(texts, "; "));
    return result;
}

// From clauses to results.

std::vector<Question> questions_of(const Expectation& clause) {
    std::vector<Question> questions;
    if (clause.response) {
        questions.push_back({"response", words(*clause.response),
                             [&](const Scope& scope, const std::string& agent) {
                                 return ask_response(*clause.response, scope, agent);
                             },
                             words_of_none(*clause.response)});
    }
    if (clause.verdict) {
        questions.push_back({"verdict", words(history::VerdictClause{clause.verdict->verdict}),
                             [&](const Scope& scope, const std::string& agent) {
                                 return ask_verdict(*clause.verdict, scope, agent);
                             }});
        if (!clause.verdict->reason.empty()) {
            questions.push_back(
                {"reason", words(*clause.verdict), [&](const Scope& scope, const std::string& agent) {
                     return ask_reason(*clause.verdict, scope, agent);
                 }});
        }
    }
    if (clause.status) {
        questions.push_back(
            {"status", words(*clause.status), [&](const Scope& scope, const std::string& agent) {
                 return ask_status(*clause.status, scope, agent);
             }});
    }
    for (const history::RequestsClause& requests : clause.requests) {
        questions.push_back(
            {"requests", words(requests), [requests](const Scope& scope, const std::string& agent) {
                 return ask_requests(requests, scope, agent);
             }});
    }
    return questions;
}

/// All of them as one: an agent that fails one is told by that one.
Question together(std::vector<Question> questions) {
    std::vector<std::string> what;
    std::vector<std::string> expected;
    for (const Question& question : questions) {
        what.push_back(question.what);
        expected.push_back(question.expected);
    }
    const std::string not_expected = fmt::format("not {}", fmt::join(expected, " and "));
    return {fmt::format("{}", fmt::join(what, ", ")), fmt::format("{}", fmt::join(expected, ", ")),
            [questions = std::move(questions)](const Scope& scope, const std::string& agent) {
                Answer sum;
                std::vector<std::string> actual;
                sum.judgement = Judgement::Holds;
                for (const Question& question : questions) {
                    Answer answer = question.ask(scope, agent);
                    if (answer.judgement == Judgement::DoesNotHold) return answer;
                    actual.push_back(answer.actual);
                    if (sum.judgement == Judgement::Holds) {
                        sum = std::move(answer);
                    }
                }
                sum.actual = fmt::format("{}", fmt::join(actual, ", "));
                sum.as_asked = "";
                return sum;
            },
            not_expected};
}

/// Where every agent must satisfy the clause, each of its conditions gets a result; where some must, those
/// count that satisfy all conditions.
std::vector<ExpectationResult> judge_clause(const Scope& scope) {
    std::vector<Question> questions = questions_of(scope.expectation);
    if (scope.expectation.quantity.kind != Quantity::Kind::All && questions.size() > 1)
        return {ask_all(scope, together(std::move(questions)))};
    std::vector<ExpectationResult> results;
    for (const Question& question : questions) {
        // A verdict that is another has no reason worth a second line.
        if (question.what == "reason" && results.back().judgement != Judgement::Holds) {
            results.back().expected = question.expected;
            continue;
        }
        results.push_back(ask_all(scope, question));
    }
    return results;
}

ExpectationResult judge_check(const Scope& scope, const history::CheckClause& clause,
                              const Checked& checked) {
    const auto& names = check_names();
    const bool all = clause.check == all_checks;
    ExpectationResult result = skipped(scope, clause.check, "");
    if (!all && std::find(names.begin(), names.end(), clause.check) == names.end()) {
        result.reason = "this pushsim has no check of that name";
        return result;
    }
    result.judgement = Judgement::Holds;
    result.expected = nothing_wrong;
    result.actual = nothing_wrong;
    const auto asked = [&](const std::string& check) {
        return check == clause.check || (all && std::find(names.begin(), names.end(), check) != names.end());
    };
    std::vector<std::string> reasons;
    std::set<std::string> not_made;
    for (const NotChecked& what : checked.not_checked) {
        if (!asked(what.check)) continue;
        reasons.push_back(all ? what.check + ": " + what.reason : what.reason);
        // The account is drawn up all the same; places that nobody could compare have not agreed.
        if (all || !what.in_part || what.check == "verdict_sources_agree") not_made.insert(what.check);
    }
    if (not_made.size() == (all ? names.size() : 1)) result.judgement = Judgement::Skipped;
    result.reason = fmt::format("{}", fmt::join(reasons, "; "));
    if (!result.reason.empty()) result.actual += " (not in full: " + result.reason + ")";
    std::vector<std::string> texts;
    std::set<std::uint64_t> found;
    for (const Finding& finding : checked.findings) {
        if (!asked(finding.check)) continue;
        if (finding.n) found.insert(*finding.n);
        if (texts.empty()) result.n = finding.n;
        texts.push_back(all ? finding.check + ": " + finding.text : finding.text);
    }
    if (texts.size() > max_findings_shown) {
        const std::size_t more = texts.size() - max_findings_shown;
        texts.resize(max_findings_shown);
        texts.push_back(fmt::format("and {} more", more));
    }
    if (!texts.empty()) {
        result.judgement = Judgement::DoesNotHold;
        result.actual = fmt::format("{}", fmt::join(texts, "; "));
        for (const history::Entry* line : scope.scenario.lines) {
            if (!is_response(line) || !found.contains(line->n)) continue;
            result.came_to.insert(came_to(*line));
            if (line->n == result.n) result.exchange = deciding_exchange(*line);
        }
    }
    return result;
}

ExpectationResult judge_metric(const Scope& scope, const history::MetricClause& clause) {
    ExpectationResult result = skipped(scope, clause.metric, "");
    const Metric* metric = find_metric(clause.metric);
    if (metric == nullptr) {
        result.reason = "this pushsim has no metric of that name";
        return result;
    }
    Lines lines;
    for (const history::Entry* line : scope.scenario.lines) {
        const bool in_step = !scope.expectation.step || line->where->step == scope.expectation.step;
        if (in_step && selects(scope.expectation.agents, line->where->agent)) lines.push_back(line);
    }
    const Measured measured = measure(lines, *metric);
    result.judgement = holds(clause, measured) ? Judgement::Holds : Judgement::DoesNotHold;
    result.expected = words(clause, *metric);
    result.actual = words(measured, *metric);
    if (measured.exchange != nullptr) {
        result.n = measured.exchange->n;
        result.exchange = deciding_exchange(*measured.exchange);
    }
    return result;
}

/// "verdict", "response and status", "accounted".
std::string subject_of(const Expectation& clause) {
    std::vector<std::string> subjects;
    if (clause.response) subjects.emplace_back("response");
    if (clause.verdict) subjects.emplace_back("verdict");
    if (clause.status) subjects.emplace_back("status");
    if (!clause.requests.empty()) subjects.emplace_back("requests");
    if (clause.metric) subjects.push_back(clause.metric->metric);
    if (clause.check) subjects.push_back(clause.check->check);
    return fmt::format("{}", fmt::join(subjects, " and "));
}

/// One or more results: what is known of the whole scenario may leave nothing to ask.
std::vector<ExpectationResult> judge_one(const ScenarioView& scenario, const Expectation& expectation,
                                         const Checked& checked, bool ran) {
    Scope scope{scenario, expectation, {}};
    const history::StepStart* step = expectation.step ? scenario.step(*expectation.step) : nullptr;
    const bool of_step = expectation.agents.empty() && step != nullptr;
    scope.agents = scenario.agents(of_step ? step->agents : expectation.agents);
    if (!ran) return {skipped(scope, subject_of(expectation), "the scenario did not come to its end")};
    if (expectation.step && step == nullptr) {
        ExpectationResult result = skipped(scope, subject_of(expectation), "");
        result.judgement = Judgement::DoesNotHold;
        result.expected = fmt::format("step {}", *expectation.step);
        result.actual = "the step was not done";
        return {result};
    }
    if (expectation.check) return {judge_check(scope, *expectation.check, checked)};
    if (expectation.metric) return {judge_metric(scope, *expectation.metric)};
    if (scope.agents.empty()) return {skipped(scope, subject_of(expectation), "it is about no agent")};
    return judge_clause(scope);
}

}  // namespace

std::vector<ExpectationResult> judge_expectations(const ScenarioView& scenario, const Checked& checked) {
    std::vector<ExpectationResult> results;
    const auto* end = as<history::ScenarioEnd>(scenario.end);
    const bool ran = end != nullptr && end->ending == history::ScenarioEnd::Ending::Ran;
    int number = 0;
    for (const Expectation& expectation : scenario.plan().expectations) {
        for (ExpectationResult& result : judge_one(scenario, expectation, checked, ran)) {
            result.clause = number;
            result.decides = expectation.decides;
            result.case_name = expectation.case_name;
            result.instead_of = expectation.instead_of;
            results.push_back(std::move(result));
        }
        ++number;
    }
    return results;
}

}  // namespace pushsim::reports
