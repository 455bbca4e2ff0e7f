// Answers that are no success, retries, endings.

#include <algorithm>
#include <utility>

#include "agent/base/text.hpp"
#include "agent/lifecycle/backoff.hpp"
#include "agent/lifecycle/state.hpp"

namespace pushsim::lifecycle {
namespace {

constexpr int kFirstNonSuccess = 300;
constexpr int kFirstRefusal = 400;
constexpr int kUnauthorized = 401;
constexpr int kForbidden = 403;
constexpr int kRequestTimeout = 408;
constexpr int kFirstServerError = 500;

/// A session is retried as a whole.
std::size_t retried_as(Call call) {
    return static_cast<std::size_t>(call == Call::Prove ? Call::OpenSession : call);
}

std::string joined(const std::string& text, const std::string& meaning) {
    return meaning.empty() ? text : text + ": " + meaning;
}

/// How many octets at the front of `text` are one of the tokens, or what a cut has left of one.
std::size_t token_at_front(std::string_view text, const std::vector<std::string>& tokens) {
    constexpr std::size_t kShortestSecret = 8;  // shorter ones would blank out ordinary words
    std::size_t longest = 0;
    for (const std::string& token : tokens) {
        const auto differs = std::ranges::mismatch(text, token);
        longest = std::max(longest, static_cast<std::size_t>(differs.in2 - token.begin()));
    }
    return longest < kShortestSecret ? 0 : longest;
}

}  // namespace

Want Machine::State::judge(const HttpResponse& answer) {
    Answer seen;
    Grounds grounds;
    seen.status = answer.status;
    grounds.status = answer.status;
    grounds.brief = std::to_string(answer.status);
    grounds.text = grounds.brief;
    if (answer.status >= kFirstNonSuccess) {
        const auto refusal = protocol::parse_refusal(answer, clock.wall_now());
        if (const auto code = refusal.code()) grounds.code = escaped(*code, kLongestWord);
        grounds.text = refusal.text();
        if (grounds.code) grounds.brief += " " + *grounds.code;
    }
    grounds.told_to_wait = protocol::retry_after(answer, clock.wall_now());
    seen.code = grounds.code;
    seen.told_to_wait = grounds.told_to_wait.has_value();
    return apply(std::move(seen), grounds, answer);
}

Want Machine::State::judge_verdict(const HttpResponse& answer, Condition verdict) {
    Answer seen;
    seen.status = answer.status;
    seen.verdict = verdict;
    Grounds grounds;
    grounds.status = answer.status;
    grounds.brief = std::to_string(answer.status) + " with evaluation fail";
    grounds.text = grounds.brief;
    return apply(std::move(seen), grounds, answer);
}

Want Machine::State::apply(Answer seen, const Grounds& grounds, const HttpResponse& answer) {
    const Call call = call_of(run.step);
    seen.may_have_arrived = may_have_arrived.test(static_cast<std::size_t>(call));
    seen.nothing_asked = nothing_asked();
    seen.waited_enough = waited_enough();
    const bool server_may_have_acted = seen.status == kRequestTimeout || seen.status >= kFirstServerError;
    if (server_may_have_acted) may_have_arrived.set(static_cast<std::size_t>(call));

    const std::size_t index = rule_for(settings.habits.rules, call, seen);
    const Rule& rule = settings.habits.rules[index];
    const Reaction reaction = run.met[index] ? rule.again : rule.first;
    run.met.set(index);
    if (reaction == Reaction::Accept) return accept(answer);
    if (reaction == Reaction::AssumeNewest) return assume_newest_version();
    if (run.bare && reaction != Reaction::Delivered) {
        const bool refused = seen.status >= kFirstRefusal || seen.verdict.has_value();
        return finish(refused ? Finished::Ending::Refused : Finished::Ending::Failed, grounds,
                      joined(run.call + ": " + grounds.text, rule.meaning));
    }
    return react(reaction, grounds, rule.meaning);
}

Want Machine::State::judge(const transport::Failure& failure) {
    const FailureRule& rule = rule_for(failure.kind);
    if (rule.may_have_arrived) may_have_arrived.set(static_cast<std::size_t>(call_of(run.step)));
    Grounds grounds;
    grounds.failure = failure.kind;
    grounds.brief = rule.words;
    grounds.text = joined(rule.words, failure.message);
    if (run.bare) return react(Reaction::Fail, grounds, "");
    if (run.step == Step::Submit && nothing_asked() && !settings.habits.reports_errors) {
        return react(Reaction::Stop, grounds,
                     "no evidence was asked for, so it is not sent again: no policy names a PCR");
    }
    return react(rule.reaction, grounds, "");
}

Want Machine::State::react(Reaction reaction, const Grounds& grounds, const std::string& meaning) {
    const std::string reason = joined(run.call + ": " + grounds.text, meaning);
    switch (reaction) {
        case Reaction::WaitAsTold:
        case Reaction::BackOff:
        case Reaction::Reauthenticate:
            return retry(reaction, grounds, reason);
        case Reaction::Authenticate:
            drop_token();
            return authenticate(run.step);
        case Reaction::NewSession:
            return go(Step::OpenSession);
        case Reaction::StartOver:
            drop_token();
            [[fallthrough]];
        case Reaction::NegotiateAnew:
            run.sent[static_cast<std::size_t>(Call::Negotiate)] = 0;
            run.sent[static_cast<std::size_t>(Call::Submit)] = 0;
            return go(Step::DescribeToNegotiate);
        case Reaction::Delivered:
            return finish(Finished::Ending::Reached, grounds, reason);
        case Reaction::RefuseToken:
            drop_token();
            [[fallthrough]];
        case Reaction::Refuse:
            return finish(Finished::Ending::Refused, grounds, reason);
        case Reaction::Stop:
            // The registrar has no record any more, or never will take this answer.
            if (run.step == Step::Activate) credential.reset();
            return finish(Finished::Ending::Stopped, grounds, reason);
        case Reaction::ReportError:
            return report_error();
        case Reaction::Fail:
        case Reaction::Accept:
        case Reaction::AssumeNewest:
            break;
    }
    return finish(Finished::Ending::Failed, grounds, reason);
}

Want Machine::State::retry(Reaction reaction, const Grounds& grounds, const std::string& reason) {
    const bool is_wait = reaction == Reaction::WaitAsTold;
    const int status = grounds.status.value_or(0);
    const bool spends_token = is_wait && (status == kUnauthorized || status == kForbidden);
    if (reaction == Reaction::Reauthenticate || spends_token) drop_token();
    const std::size_t retried = retried_as(call_of(run.step));
    int& waits = run.waits[retried];
    int& backoffs = run.backoffs[retried];
    const bool layered = settings.habits.layered_retries;
    const int used = layered ? (is_wait ? waits : backoffs) : waits + backoffs;
    if (used >= pace().retries) {
        return finish(Finished::Ending::Failed, grounds,
                      reason + ": given up after " + std::to_string(used) + " retries");
    }
    // A proof is never sent twice: the session may be spent, and a second proof of a session that has passed
    // is answered with 500.
    const Step then = run.step == Step::Prove ? Step::OpenSession : run.step;
    if (is_wait) {
        if (*grounds.told_to_wait > settings.habits.longest_wait) {
            return finish(
                Finished::Ending::Stopped, grounds,
                reason + ": longer than the " + to_text(settings.habits.longest_wait) + " that we wait");
        }
        ++waits;
        if (layered) backoffs = 0;
        run.again.set(static_cast<std::size_t>(call_of(then)));
        const auto told = std::chrono::ceil<std::chrono::seconds>(*grounds.told_to_wait);
        // Keylime 7.14 says 0 where less than a second is left, and counts who asks at once as too early.
        const bool says_nothing = *grounds.told_to_wait == Duration::zero() && !layered;
        return pause(says_nothing ? backoff(pace(), used + 1, random) : *grounds.told_to_wait,
                     run.call + ": " + std::to_string(grounds.status.value_or(0)) +
                         ", Retry-After: " + std::to_string(told.count()),
                     then);
    }
    ++backoffs;
    run.again.set(static_cast<std::size_t>(call_of(then)));
    return pause(backoff(pace(), used + 1, random),
                 "back-off " + std::to_string(used + 1) + " after " + grounds.brief, then);
}

const Pace& Machine::State::pace() const {
    return phase_of(run.step) == Phase::Authenticate ? settings.habits.sessions : settings.habits.requests;
}

bool Machine::State::waited_enough() const {
    return settings.habits.layered_retries && run.waits[retried_as(call_of(run.step))] >= pace().retries;
}

Want Machine::State::pause(Duration duration, const std::string& reason, std::optional<Step> then) {
    awaiting = Awaiting::PauseOver;
    run.after_pause = then;
    return Pause{phase_of(run.step), duration, presentable(reason)};
}

Want Machine::State::malformed(const HttpResponse& answer, const Error& error) {
    Answer seen;
    seen.status = answer.status;
    seen.malformed = true;
    Grounds grounds;
    grounds.status = answer.status;
    const auto& rules = settings.habits.rules;
    const Rule& rule = rules[rule_for(rules, call_of(run.step), seen)];
    if (run.bare || rule.first == Reaction::Fail)
        return finish(Finished::Ending::Failed, grounds, error.text());
    grounds.brief = std::to_string(answer.status) + " that cannot be read";
    grounds.text = error.text();  // with the name of the call before it
    if (grounds.text.starts_with(run.call + ": ")) grounds.text.erase(0, run.call.size() + 2);
    if (rule.first != Reaction::ReportError) return react(rule.first, grounds, rule.meaning);
    auto located = protocol::parse_location(answer, run.call);
    if (!located) return react(Reaction::Refuse, grounds, rule.meaning);
    negotiation = *std::move(located);
    run.negotiated = true;
    return report_error();
}

Want Machine::State::finish(Finished::Ending ending, const Grounds& grounds, const std::string& reason,
                            std::optional<Duration> next) {
    const Phase phase = phase_of(run.step);
    Finished finished{ending, phase, presentable(reason), grounds.status, std::nullopt, std::nullopt, next};
    if (grounds.code) finished.code = presentable(*grounds.code);
    finished.failure = grounds.failure;
    const bool of_last_negotiation = (run.bare || !run.course.negotiates) && phase > Phase::Negotiate;
    if (run.negotiated || of_last_negotiation) finished.attestation_index = index();
    const bool reached = ending == Finished::Ending::Reached;
    if (reached && phase == Phase::Submit) refused_in_a_row = 0;
    const auto& interval = settings.habits.interval;
    if (interval && !finished.next_attestation) finished.next_attestation = interval;
    if (settings.habits.loses_ek && run.sent.at(static_cast<std::size_t>(Call::Activate)) > 0 &&
        run.step == Step::Activate && !reached) {
        ek_lost = true;
        credential.reset();
    }
    if (run.bare) return finished;
    if (interval && !reached) {
        hold_off_until = clock.now() + *interval;
        hold_off_reason = "the interval after " + (grounds.brief.empty() ? "a failure" : grounds.brief);
    } else if (ending == Finished::Ending::Refused) {
        ++refused_in_a_row;
        hold_off_until = clock.now() + backoff(settings.habits.requests, refused_in_a_row, random);
        hold_off_reason = "back-off " + std::to_string(refused_in_a_row) + " after " + grounds.brief;
    }
    return finished;
}

protocol::CallHeaders Machine::State::headers(bool with_token) {
    const Habits& habits = settings.habits;
    const bool is_session = phase_of(run.step) == Phase::Authenticate;
    const auto call = static_cast<std::size_t>(call_of(run.step));
    std::string& id = run.request_id.at(call);
    if (is_session && !habits.session_request_ids) {
        id.clear();
    } else if (!run.again.test(call) || !habits.keeps_request_id || id.empty()) {
        id = make_request_id(random, habits.request_id_length);
    }
    return {id, with_token ? token->text : std::string{}};
}

std::string Machine::State::presentable(std::string_view text) const {
    constexpr std::size_t kLongest = 600;
    std::string shown;
    while (!text.empty() && shown.size() < kLongest) {
        const std::size_t hidden = token_at_front(text, tokens_seen);
        const bool is_mend = text.front() == '\n';  // on a line of its own (Error::text)
        shown += hidden > 0 ? "[token]" : is_mend ? "\n" : escaped(text.substr(0, 1), kLongest);
        text.remove_prefix(std::max<std::size_t>(hidden, 1));
    }
    return text.empty() ? shown : shown + "...";
}

}  // namespace pushsim::lifecycle
