// The status that the verifier tells.

#include <algorithm>

#include <fmt/format.h>

#include "reports/rules/rules.hpp"
#include "reports/text.hpp"

namespace pushsim::reports::rule {
namespace {

constexpr int intervals_until_timeout = 5;  // keylime/push_agent_monitor.py

/// That its part of the step was over with its last evidence, while others went on: in all of the history it
/// asked nothing more in that step, so nothing held it up either.
bool waited_for_others(const AgentStory& agent, const Stories& all, const history::Entry& accepted,
                       const history::Entry& timeout) {
    const bool went_on = std::ranges::any_of(agent.lines, [&](const history::Entry* line) {
        return line->n > accepted.n && as<history::ExchangeSeen>(line) != nullptr &&
               (line->n < timeout.n || line->where.step == accepted.where.step);
    });
    const auto next = std::ranges::upper_bound(all.exchanges, accepted.n);
    return !went_on && next != all.exchanges.end() && *next < timeout.n;
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
    const history::Entry* accepted = nullptr;
    int interval = 0;  // an answer tells what is left of quote_interval: the most that was told
    for (const history::Entry* line : agent.lines) {
        const auto* submission = as_submission(line);
        if (submission == nullptr || !is_accepted(*submission) || line->n > (*timeout)->n) continue;
        accepted = line;
        interval = std::max(interval, submission->seconds_to_next.value_or(0));
    }
    if (accepted == nullptr || interval <= 0) return {};
    const Duration limit = std::chrono::seconds{intervals_until_timeout * interval};
    const Duration silence = (*timeout)->t - accepted->t;
    if (silence < limit) return {};
    const bool waited = waited_for_others(agent, all, *accepted, **timeout);
    return {
        {.cause = fmt::format(
             "No evidence arrived for {}; the verifier says TIMEOUT after {} times quote_interval "
             "({} s) without any{}",
             seconds_text(silence), intervals_until_timeout, interval,
             waited ? ". It had done its part of the script and waited for agents that had not" : ""),
         .mend = waited
                     ? "A larger quote_interval gives the others the time, or another step has it attest "
                       "meanwhile; the next attestation that passes brings the status back."
                     : "Find out why the agent is silent (is it running? does it reach the verifier?). The "
                       "next attestation that passes brings the status back; nothing needs to be enrolled "
                       "again.",
         .evidence = {(*timeout)->n, accepted->n}}};
}

}  // namespace pushsim::reports::rule
