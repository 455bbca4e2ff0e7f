#include "reports/answers.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reports/response_match.hpp"

namespace pushsim::reports {

std::string words(const history::VerdictClause& clause) {
    if (clause.verdict == "fail") return clause.reason.empty() ? "FAIL" : "FAIL " + clause.reason;
    return clause.verdict == "pass" ? "PASS" : "no verdict";
}

std::string words(const history::StatusClause& clause) {
    using When = history::StatusClause::When;
    const std::string when = clause.when == When::Always  ? "always "
                             : clause.when == When::Never ? "never "
                                                          : "";
    return when + clause.status;
}

std::string words(const history::RequestsClause& clause) {
    return fmt::format("{} {}{}", clause.count, clause.kind, clause.since_start ? " since the start" : "");
}

Lines Scope::lines(const std::string& agent) const {
    return without_doubts(scenario.lines_of(agent, expectation.step));
}

Lines Scope::lines_since_start(const std::string& agent) const {
    Lines lines = scenario.lines_of(agent);
    const history::Entry* end = expectation.step ? scenario.step_end(*expectation.step) : nullptr;
    if (end != nullptr) std::erase_if(lines, [&](const history::Entry* line) { return line->n > end->n; });
    return without_doubts(lines);
}

Lines Scope::without_doubts(const Lines& lines) {
    Lines kept;
    Lines cycle_lines;  // since the last cycle ended
    for (const history::Entry* line : lines) {
        cycle_lines.push_back(line);
        const auto* cycle = as<history::Cycle>(line);
        if (cycle == nullptr) continue;
        if (!cycle->doubt.empty()) {
            // Verdicts and readings are of what was before.
            std::erase_if(cycle_lines, [](const history::Entry* one) {
                return as<history::Cycle>(one) != nullptr || as<history::ExchangeSeen>(one) != nullptr ||
                       as<history::TpmOperation>(one) != nullptr;
            });
        }
        kept.insert(kept.end(), cycle_lines.begin(), cycle_lines.end());
        cycle_lines.clear();
    }
    kept.insert(kept.end(), cycle_lines.begin(), cycle_lines.end());
    return kept;
}

namespace {

/// What is certain counts; where nothing is that does not hold, a doubt leaves the clause open.
Answer with_doubts(Answer answer, const Scope& scope, const std::string& agent) {
    const std::string doubt = unresolved_doubt(scope.scenario.lines_of(agent, scope.expectation.step));
    if (doubt.empty()) return answer;
    const Lines judged = scope.lines(agent);
    const bool certain = std::any_of(judged.begin(), judged.end(), [](const history::Entry* line) {
        return as<history::Cycle>(line) != nullptr;
    });
    if (certain && answer.judgement == Judgement::DoesNotHold) return answer;
    return {.judgement = Judgement::Skipped, .actual = doubt, .reason = doubt};
}

/// What the tenant reads to see what became of an agent answers no step but the one that asks for it.
bool answers_the_step(const history::Entry* line, const Scope& scope) {
    const auto* act = as<history::TenantActSeen>(line);
    if (act == nullptr || act->method != "GET") return is_response(line);
    const auto* step = scope.expectation.step ? scope.scenario.step(*scope.expectation.step) : nullptr;
    return step != nullptr && step->step_kind == act->act;
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

/// A cycle and the verdict on its attestation; one of them may be missing.
struct JudgedCycle {
    const history::Entry* cycle = nullptr;
    const history::Entry* verdict = nullptr;
};

/// In the order of the cycles. A verdict comes after the end of its cycle, perhaps after further cycles.
std::vector<JudgedCycle> judged_cycles(const Lines& lines, bool last_only) {
    std::vector<JudgedCycle> judged;
    for (const history::Entry* line : lines) {
        if (as<history::Cycle>(line) != nullptr) judged.push_back({.cycle = line});
        const auto* verdict = as<history::Verdict>(line);
        if (verdict == nullptr) continue;
        const auto its = std::find_if(judged.rbegin(), judged.rend(), [&](const JudgedCycle& one) {
            const auto* cycle = as<history::Cycle>(one.cycle);
            return cycle != nullptr && cycle->index == verdict->index;
        });
        if (its == judged.rend()) {
            judged.push_back({.verdict = line});
        } else {
            its->verdict = line;
        }
    }
    if (last_only && judged.size() > 1) judged.erase(judged.begin(), judged.end() - 1);
    return judged;
}

/// A kind of request by its name in the scenario language, as exchanges tell it.
struct RequestKind {
    const char* name;
    const char* phase;
    const char* method;
};
constexpr std::array<RequestKind, 6> request_kinds{{
    {"registrations", "register", "POST"},
    {"activations", "activate", "PUT"},
    {"sessions", "authenticate", "POST"},
    {"proofs", "authenticate", "PATCH"},
    {"negotiations", "negotiate", "POST"},
    {"submissions", "submit", "PATCH"},
}};

/// The last submission of that attestation before the verdict, or the agent's last exchange before `n`.
const history::Entry* exchange_behind(const Lines& lines, const history::Entry* before) {
    const auto* verdict = as<history::Verdict>(before);
    const history::Entry* found = nullptr;
    for (const history::Entry* line : lines) {
        if (before != nullptr && line->n > before->n) break;
        const auto* submission = as_submission(line);
        if (verdict == nullptr ? as<history::ExchangeSeen>(line) != nullptr
                               : submission != nullptr && submission->index == verdict->index) {
            found = line;
        }
    }
    return found;
}

std::string no_verdict_words(const history::Cycle& cycle) {
    std::string why = cycle.reason;
    if (cycle.status)
        why = cycle.code.empty() ? std::to_string(*cycle.status)
                                 : fmt::format("{} {}", *cycle.status, cycle.code);
    return why.empty() ? "no verdict" : "no verdict: " + why;
}

/// Sent at once with it, on other connections: the same request in the same attempt.
bool is_copy_of(const history::Entry& one, const history::Entry& other) {
    const auto* copy = as<history::ExchangeSeen>(&one);
    const auto* exchange = as<history::ExchangeSeen>(&other);
    return copy != nullptr && exchange != nullptr && !exchange->request_id.empty() &&
           copy->request_id == exchange->request_id && copy->attempt == exchange->attempt &&
           copy->phase == exchange->phase && copy->method == exchange->method;
}

/// The answers to the copies of one request, the last first; the last alone where it came once.
Lines copies_of(const Lines& cycle, Lines::const_iterator last) {
    Lines copies{*last};
    for (auto at = last; at != cycle.begin();) {
        --at;
        if (is_copy_of(**at, **last)) copies.push_back(*at);
    }
    return copies;
}

/// The clause that all of them satisfy, as Match has it; empty where one was not answered.
std::string seen_of_copies(const Lines& copies) {
    std::set<int> statuses;
    std::set<std::string> codes;
    for (const history::Entry* copy : copies) {
        const DecidingExchange exchange = deciding_exchange(*copy);
        if (!exchange.status) return "";
        statuses.insert(*exchange.status);
        codes.insert(exchange.code.empty() ? history::no_code : exchange.code);
    }
    return fmt::format("{{ status: [{}], code: [{}] }}", fmt::join(statuses, ", "), fmt::join(codes, ", "));
}

/// The last answer of the cycle; of one that came in copies what does not hold of any of them.
Answer answer_of_cycle(const history::ResponseClause& clause, const Lines& cycle,
                       Lines::const_iterator last) {
    const Lines copies = copies_of(cycle, last);
    Answer answer;
    for (const history::Entry* copy : copies) {
        Match found = match(clause, *copy);
        Answer one{found.judgement,
                   std::move(found.actual),
                   std::move(found.reason),
                   copy,
                   copy,
                   "",
                   copies.size() == 1 ? std::move(found.seen) : seen_of_copies(copies),
                   std::move(found.as_asked)};
        if (one.judgement == Judgement::DoesNotHold) return one;
        if (copy == copies.front()) answer = std::move(one);
    }
    return answer;
}

Answer certain_response(const history::ResponseClause& clause, const Scope& scope, const std::string& agent) {
    Answer answer;
    answer.actual = "no answer";
    for (const Lines& cycle : cycles_of(scope.lines(agent), scope.expectation.last_cycle_only)) {
        const auto last = std::find_if(cycle.rbegin(), cycle.rend(), [&](const history::Entry* line) {
            return answers_the_step(line, scope);
        });
        if (last == cycle.rend()) {
            const auto* ended = as<history::Cycle>(cycle.back());
            return {.actual = ended == nullptr ? "no answer" : "no answer: " + ended->reason,
                    .deciding = cycle.back()};
        }
        Answer one = answer_of_cycle(clause, cycle, std::prev(last.base()));
        if (one.judgement == Judgement::DoesNotHold) return one;
        if (answer.judgement != Judgement::Skipped) answer = std::move(one);
    }
    return answer;
}

/// The last enrolment, where it was refused: such an agent attests nothing.
const history::Entry* refused_enrolment(const Lines& lines) {
    const auto last = std::find_if(lines.rbegin(), lines.rend(), [](const history::Entry* line) {
        const auto* act = as<history::TenantActSeen>(line);
        return act != nullptr && act->act == "enrol";
    });
    return last == lines.rend() || as<history::TenantActSeen>(*last)->error.empty() ? nullptr : *last;
}

Answer certain_verdict(const history::VerdictClause& clause, const Scope& scope, const std::string& agent) {
    const Lines lines = scope.lines(agent);
    const std::string wanted = clause.verdict == "none" ? "" : clause.verdict;
    Answer answer;
    answer.judgement = wanted.empty() ? Judgement::Holds : Judgement::DoesNotHold;
    answer.actual = "no verdict";
    answer.deciding = exchange_behind(lines, nullptr);
    const auto cycles = judged_cycles(lines, scope.expectation.last_cycle_only);
    if (const auto* refused = refused_enrolment(lines); refused != nullptr && cycles.empty()) {
        const auto& enrol = *as<history::TenantActSeen>(refused);
        answer.actual += ": enrol " + (enrol.status ? std::to_string(*enrol.status) : enrol.error.str());
        answer.deciding = answer.exchange = refused;
        return answer;
    }
    for (const JudgedCycle& judged : cycles) {
        const auto* verdict = as<history::Verdict>(judged.verdict);
        const bool same = (verdict == nullptr ? "" : evaluation_of(*verdict)) == wanted;
        const history::Entry* line = verdict == nullptr ? judged.cycle : judged.verdict;
        answer = {.judgement = same ? Judgement::Holds : Judgement::DoesNotHold,
                  .actual = verdict == nullptr ? no_verdict_words(*as<history::Cycle>(judged.cycle))
                                               : verdict_words(*verdict),
                  .deciding = line};
        if (!same) break;
    }
    answer.exchange = exchange_behind(lines, answer.deciding);
    return answer;
}

Answer certain_reason(const history::VerdictClause& clause, const Scope& scope, const std::string& agent) {
    const Lines lines = scope.lines(agent);
    Answer answer;
    answer.actual = "no verdict";
    for (const JudgedCycle& judged : judged_cycles(lines, scope.expectation.last_cycle_only)) {
        if (judged.verdict == nullptr) continue;
        const auto& verdict = *as<history::Verdict>(judged.verdict);
        const std::string reason = reason_of(verdict);
        answer = {.judgement = reason == clause.reason ? Judgement::Holds : Judgement::DoesNotHold,
                  .actual = verdict_words(verdict),
                  .deciding = judged.verdict};
        const bool visible = verdict.database.value || verdict.log.value;
        if (evaluation_of(verdict) == "fail" && reason.empty() && !visible) {
            answer.judgement = Judgement::Skipped;
            answer.reason = "reasons need the verifier's database or log";
            const std::string& why =
                verdict.database.unavailable.empty() ? verdict.log.unavailable : verdict.database.unavailable;
            if (!why.empty()) answer.reason += " (" + why + ")";
        }
        if (answer.judgement != Judgement::Holds) break;
    }
    if (answer.deciding != nullptr) answer.exchange = exchange_behind(lines, answer.deciding);
    return answer;
}

Answer certain_requests(const history::RequestsClause& clause, const Scope& scope, const std::string& agent) {
    const auto* kind = std::ranges::find(request_kinds, clause.kind, &RequestKind::name);
    if (kind == request_kinds.end()) {
        const std::string why = fmt::format("this pushsim counts no requests of kind '{}'", clause.kind);
        return {.judgement = Judgement::Skipped, .actual = why, .reason = why};
    }
    int count = 0;
    Answer answer;
    for (const history::Entry* line :
         clause.since_start ? scope.lines_since_start(agent) : scope.lines(agent)) {
        const auto* exchange = as<history::ExchangeSeen>(line);
        if (exchange == nullptr || exchange->phase != kind->phase || exchange->method != kind->method)
            continue;
        ++count;
        answer.deciding = answer.exchange = line;
    }
    answer.judgement = count == clause.count ? Judgement::Holds : Judgement::DoesNotHold;
    answer.actual = words(history::RequestsClause{clause.kind, count, clause.since_start});
    return answer;
}

/// The answer is what the line came to that decided it.
Answer by_its_line(Answer answer) {
    if (answer.deciding != nullptr) answer.came_to = came_to(*answer.deciding);
    return answer;
}

}  // namespace

Answer ask_requests(const history::RequestsClause& clause, const Scope& scope, const std::string& agent) {
    return with_doubts(certain_requests(clause, scope, agent), scope, agent);
}

Answer ask_response(const history::ResponseClause& clause, const Scope& scope, const std::string& agent) {
    return with_doubts(by_its_line(certain_response(clause, scope, agent)), scope, agent);
}

Answer ask_verdict(const history::VerdictClause& clause, const Scope& scope, const std::string& agent) {
    return with_doubts(by_its_line(certain_verdict(clause, scope, agent)), scope, agent);
}

Answer ask_reason(const history::VerdictClause& clause, const Scope& scope, const std::string& agent) {
    return with_doubts(by_its_line(certain_reason(clause, scope, agent)), scope, agent);
}

Answer ask_status(const history::StatusClause& clause, const Scope& scope, const std::string& agent) {
    using When = history::StatusClause::When;
    Answer answer;
    answer.actual = "no status was read";
    if (clause.when != When::Last) {
        answer.judgement = Judgement::Skipped;
        answer.reason = answer.actual;
    }
    const history::Entry* exchange = nullptr;
    for (const history::Entry* line : scope.lines(agent)) {
        if (const auto* act = as<history::TenantActSeen>(line); act != nullptr && act->act == "read_status")
            exchange = line;
        const auto* read = as<history::StatusRead>(line);
        if (read == nullptr) continue;
        const bool same = read->error.empty() && read->status == clause.status;
        const bool good = clause.when == When::Never ? read->error.empty() && !same : same;
        answer = {.judgement = good ? Judgement::Holds : Judgement::DoesNotHold,
                  .actual = read->error.empty() ? read->status.str() : "not known: " + read->error,
                  .deciding = line,
                  .exchange = exchange};
        // Where it is good there are several that could have been the last one.
        if (!good) answer.came_to = came_to(*line);
        if (!good && clause.when != When::Last) return answer;
    }
    const std::string doubt = unresolved_doubt(scope.scenario.lines_of(agent));
    if (answer.judgement == Judgement::DoesNotHold && !doubt.empty())
        return {.judgement = Judgement::Skipped, .actual = doubt, .reason = doubt};
    return answer;
}

}  // namespace pushsim::reports
