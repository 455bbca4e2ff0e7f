// The status that the verifier tells.

#include <algorithm>

#include <fmt/format.h>

#include "reports/rules/rules.hpp"
#include "reports/text.hpp"

namespace pushsim::reports::rule {
namespace {

constexpr int intervals_until_timeout = 5;  // keylime/push_agent_monitor.py

struct LastEvidence {
    const history::Entry* accepted = nullptr;
    int interval = 0;  ///< seconds; an answer tells what is left of quote_interval: the most that was told
};

/// That was accepted before the line.
LastEvidence last_evidence(const AgentStory& agent, const history::Entry& until) {
    LastEvidence last;
    for (const history::Entry* line : agent.lines) {
        const auto* submission = as_submission(line);
        if (submission == nullptr || !is_accepted(*submission) || line->n > until.n) continue;
        last.accepted = line;
        last.interval = std::max(last.interval, submission->seconds_to_next.value_or(0));
    }
    return last;
}

/// The last request before `until` that opened a connection, of those after `since`.
const history::Entry* new_connection(const AgentStory& agent, const history::Entry& since,
                                     const history::Entry& until) {
    const history::Entry* last = nullptr;
    for (const history::Entry* line : agent.lines) {
        const auto* exchange = as<history::ExchangeSeen>(line);
        if (exchange != nullptr && exchange->peer == "verifier" && !exchange->reused && line->n > since.n &&
            line->n <= until.n)
            last = line;
    }
    return last;
}

struct OfAnotherWorker {
    const history::Entry* evidence = nullptr;
    const history::Entry* connection = nullptr;  ///< that took the agent away from the worker
};

/// The youngest evidence whose worker's time-out came after `accepted` and before `reading`, and which saw
/// nothing of what came between.
OfAnotherWorker of_another_worker(const AgentStory& agent, const history::Entry& reading,
                                  const history::Entry& accepted, int interval) {
    OfAnotherWorker found;
    for (const history::Entry* line : agent.lines) {
        const auto* submission = as_submission(line);
        if (submission == nullptr || !is_accepted(*submission) || line->n >= accepted.n) continue;
        // An answer may tell a second less than quote_interval is.
        const bool rang = reading.t - line->t >= std::chrono::seconds{intervals_until_timeout * interval};
        const bool before =
            accepted.t - line->t >= std::chrono::seconds{intervals_until_timeout * (interval + 1)};
        if (!rang || before) continue;
        if (const auto* connection = new_connection(agent, *line, accepted)) found = {line, connection};
    }
    return found;
}

/// That its part of the step was over with its last evidence, while others went on: in all of the history it
/// asked nothing more in that step, so nothing held it up either.
bool waited_for_others(const AgentStory& agent, const Stories& all, const history::Entry& accepted,
                       const history::Entry& timeout) {
    const bool went_on = std::ranges::any_of(agent.lines, [&](const history::Entry* line) {
        return line->n > accepted.n && as<history::ExchangeSeen>(line) != nullptr &&
               (line->n < timeout.n || line->where->step == accepted.where->step);
    });
    const auto next = std::ranges::upper_bound(all.exchanges, accepted.n);
    return !went_on && next != all.exchanges.end() && *next < timeout.n;
}

/// That the script ended it after its last evidence, and nothing came of it since.
bool was_stopped(const AgentStory& agent, const history::Entry& accepted, const history::Entry& timeout) {
    return std::ranges::any_of(agent.lines, [&](const history::Entry* line) {
        const auto* act = as<history::MachineAct>(line);
        return act != nullptr && act->act == "stop_agent" && line->n > accepted.n && line->n < timeout.n;
    });
}

/// Why no evidence came, for as much as the history knows, and the way out.
struct Silence {
    const char* why;
    const char* mend;
};
Silence silence_of(const AgentStory& agent, const Stories& all, const history::Entry& accepted,
                   const history::Entry& timeout) {
    if (was_stopped(agent, accepted, timeout))
        return {". The script had stopped it",
                "The verifier goes on to wait for one that is gone: take it off (pushsim tenant delete ID), "
                "or start "
                "it again with the same id; the next attestation that passes brings the status back."};
    if (waited_for_others(agent, all, accepted, timeout))
        return {
            ". It had done its part of the script and waited for agents that had not",
            "A larger quote_interval gives the others the time, or another step has it attest meanwhile; the "
            "next attestation that passes brings the status back."};
    return {
        "",
        "Find out why the agent is silent (is it running? does it reach the verifier?). The next attestation "
        "that passes brings the status back; nothing needs to be enrolled again."};
}

}  // namespace

Found failure_sticks(const AgentStory& agent, const Stories& /*all*/) {
    const Attempt* failed = nullptr;
    const Attempt* passed = nullptr;
    for (const Attempt& attempt : agent.attempts) {
        const auto* verdict = as<history::Verdict>(attempt.verdict);
        if (verdict == nullptr) continue;
        const std::string evaluation = evaluation_of(*verdict);
        if (evaluation == "fail") {
            failed = &attempt;
            passed = nullptr;
        } else if (evaluation == "pass" && failed != nullptr && attempt.enrolment == failed->enrolment) {
            passed = &attempt;
        }
    }
    if (passed == nullptr || agent.statuses.empty()) return {};
    const history::Entry& last = *agent.statuses.back();
    if (last.n < passed->verdict->n || as<history::StatusRead>(&last)->status != "FAIL") return {};
    return {{.cause = fmt::format(
                 "Attestation {} failed, attestation {} passed after it, and the status is FAIL all "
                 "the same: a failure sticks to the agent's record",
                 as<history::Verdict>(failed->verdict)->index, as<history::Verdict>(passed->verdict)->index),
             .mend = "Delete the agent and enrol it again (`reactivate` does not clear it), or set "
                     "auto_recover_attestation_failures = True in verifier.conf",
             .evidence = {last.n, passed->verdict->n, failed->verdict->n}}};
}

Found no_evidence_for_too_long(const AgentStory& agent, const Stories& all) {
    const auto timeout = std::ranges::find_if(agent.statuses, [](const history::Entry* line) {
        return as<history::StatusRead>(line)->status == "TIMEOUT";
    });
    if (timeout == agent.statuses.end()) return {};
    const auto [accepted, interval] = last_evidence(agent, **timeout);
    if (accepted == nullptr || interval <= 0) return {};
    const Duration limit = std::chrono::seconds{intervals_until_timeout * interval};
    const Duration silence = (*timeout)->t - accepted->t;
    if (silence < limit) return {};
    const auto [why, mend] = silence_of(agent, all, *accepted, **timeout);
    return {{.cause = fmt::format("No evidence arrived for {}; the verifier says TIMEOUT after {} times "
                                  "quote_interval ({} s) without any{}",
                                  seconds_text(silence), intervals_until_timeout, interval, why),
             .mend = mend,
             .evidence = {(*timeout)->n, accepted->n}}};
}

Found timeout_although_in_time(const AgentStory& agent, const Stories& /*all*/) {
    for (const history::Entry* reading : agent.statuses) {
        if (as<history::StatusRead>(reading)->status != "TIMEOUT") continue;
        const auto [accepted, interval] = last_evidence(agent, *reading);
        if (accepted == nullptr || interval <= 0) continue;
        const Duration limit = std::chrono::seconds{intervals_until_timeout * interval};
        if (reading->t - accepted->t >= limit) continue;
        const auto [earlier, connection] = of_another_worker(agent, *reading, *accepted, interval);
        if (earlier == nullptr) continue;
        return {
            {.cause = fmt::format(
                 "The status was TIMEOUT {} after evidence that was accepted, which is less than {} times "
                 "quote_interval ({} s). Each worker of a verifier times agents for itself: one that "
                 "took evidence {} before the reading has seen nothing of this agent since it came over "
                 "another connection, to another worker.",
                 seconds_text(reading->t - accepted->t), intervals_until_timeout, interval,
                 seconds_text(reading->t - earlier->t)),
             .mend = "Set max_workers = 1 in verifier.conf, or alarm only where last_received_quote is as "
                     "old as TIMEOUT says. The next attestation that passes brings the status back.",
             .evidence = connection == accepted ? lines_of({reading, accepted, earlier})
                                                : lines_of({reading, accepted, earlier, connection})}};
    }
    return {};
}

/// The first such reading; further ones are counted.
Found pass_though_silent(const AgentStory& agent, const Stories& all) {
    if (all.verifier_starts.empty()) return {};
    Found found;
    for (const history::Entry* reading : agent.statuses) {
        if (as<history::StatusRead>(reading)->status != "PASS") continue;
        const auto [accepted, interval] = last_evidence(agent, *reading);
        if (accepted == nullptr || interval <= 0) continue;
        // An answer may tell a second less than quote_interval is.
        const Duration silence = reading->t - accepted->t;
        if (silence <= std::chrono::seconds{intervals_until_timeout * (interval + 1)}) continue;
        const auto restart = std::ranges::find_if(
            all.verifier_starts,
            [&, from = accepted](const auto* start) { return start->n > from->n && start->n < reading->n; });
        if (restart == all.verifier_starts.end()) continue;
        const Duration until_restart = (*restart)->t - accepted->t;
        if (until_restart >= std::chrono::seconds{intervals_until_timeout * interval}) continue;
        if (!found.empty()) {
            ++found.front().more;
            continue;
        }
        found.push_back(
            {.cause = fmt::format(
                 "No evidence arrived for {}, more than {} times quote_interval ({} s), and the status is "
                 "PASS: the verifier was started anew {} after the last evidence, and what would have said "
                 "TIMEOUT, a timer in its memory, was gone. A start marks those alone that are late already.",
                 seconds_text(silence), intervals_until_timeout, interval, seconds_text(until_restart)),
             .mend = "Compare last_received_quote with the clock, not the status alone; another restart of "
                     "the verifier marks the agent, too. Then find out why it is silent.",
             .evidence = lines_of({reading, accepted, *restart})});
    }
    return found;
}

}  // namespace pushsim::reports::rule
