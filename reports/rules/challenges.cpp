// Evidence that is refused: 403 of a submission.

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "reports/rules/rules.hpp"

namespace pushsim::reports::rule {
namespace {

/// Submissions that were refused as expired.
template <typename Each>
Found for_each_refusal(const AgentStory& agent, Each each) {
    Found found;
    for (const Attempt& attempt : agent.attempts) {
        if (attempt.in_doubt) continue;
        for (const history::Entry* line : attempt.submissions) {
            const auto* submission = as<history::ExchangeSeen>(line);
            if (submission->status == 403 && submission->code == "challenges_expired")
                each(attempt, *line, found);
        }
    }
    return found;
}

/// What the enrolment says of PCRs; nothing where its policy requires one.
std::optional<std::string> requires_nothing(const Attempt& attempt) {
    const auto named = policy_names(attempt);
    if (!named) return "The verifier's policy for the agent requires no PCR.";
    if (named->empty()) return "The agent is enrolled without a policy that names a PCR.";
    if (std::ranges::any_of(*named, [](const auto& pcr) { return pcr.second; })) return std::nullopt;
    return "The policy that the agent is enrolled with names PCRs and gives none of them a value.";
}

std::string milliseconds(Duration duration) {
    return fmt::format("{} ms", std::chrono::round<std::chrono::milliseconds>(duration).count());
}

/// The first negotiation of a later attestation before `refusal`, of the agent or of another that goes by its
/// id.
const history::Entry* negotiated_between(const Attempt& old, const history::Entry& refusal,
                                         const AgentStory& agent, const Stories& all) {
    const auto in = [&](const AgentStory& story) -> const history::Entry* {
        for (const Attempt& later : story.attempts) {
            if (later.negotiation->n > refusal.n) break;
            // An enrolment begins with attestation 0.
            if (old.enrolment != nullptr && later.negotiation->n < old.enrolment->n) continue;
            if (later.negotiated().target == old.negotiated().target &&
                later.negotiated().index > old.negotiated().index)
                return later.negotiation;
        }
        return nullptr;
    };
    if (const history::Entry* own = in(agent)) return own;
    for (const AgentStory& other : all.agents) {
        if (const history::Entry* copy = in(other)) return copy;
    }
    return nullptr;
}

}  // namespace

Found no_policy_no_challenge(const AgentStory& agent, const Stories& /*all*/) {
    return for_each_refusal(agent, [&](const Attempt& attempt, const history::Entry& refusal, Found& found) {
        const auto& negotiated = attempt.negotiated().negotiated;
        const auto why = requires_nothing(attempt);
        if (!negotiated || !negotiated->requested.empty() || !why) return;
        std::vector<std::uint64_t> evidence{refusal.n, attempt.negotiation->n};
        if (attempt.enrolment != nullptr) evidence.push_back(attempt.enrolment->n);
        found.push_back(
            {.subject = *why,  // one sentence for each kind of policy
             .cause = *why + " No PCR is required, so the verifier requests no evidence and issues no "
                             "challenge; whatever is sent counts as expired.",
             .mend = "Enrol with a policy that names at least one PCR, e.g. keylime_tenant -c add -u <id> "
                     "--push-model --tpm_policy '{\"7\": [\"…\"]}'; deleting first is needed "
                     "(keylime_tenant -c delete -u <id>)",
             .evidence = std::move(evidence)});
    });
}

/// The first of them; further ones are counted, for no two are late by the same time.
Found evidence_after_expiry(const AgentStory& agent, const Stories& /*all*/) {
    return for_each_refusal(agent, [&](const Attempt& attempt, const history::Entry& refusal, Found& found) {
        const auto& negotiated = attempt.negotiated().negotiated;
        if (!negotiated || negotiated->requested.empty()) return;
        const auto lifetime = negotiated->lifetime;
        if (!lifetime) return;
        const auto& submission = *as<history::ExchangeSeen>(&refusal);
        // Both by our clock; the verifier's began when the request arrived, between the two.
        if (submission.start + submission.total - attempt.negotiated().start < *lifetime) return;
        if (!found.empty()) {
            ++found.front().more;
            return;
        }
        found.push_back(
            {.cause = fmt::format(
                 "The challenge lived {} (challenge_lifetime), and the evidence was sent {} after the "
                 "negotiation began. The evidence itself was not looked at.",
                 milliseconds(*lifetime), milliseconds(submission.start - attempt.negotiated().start)),
             .mend = "Find what delays the agent between negotiation and evidence (a busy TPM, a long log, a "
                     "slow or frozen machine), or raise challenge_lifetime in verifier.conf. A new "
                     "negotiation gets a new challenge; the token is still good.",
             .evidence = {refusal.n, attempt.negotiation->n}});
    });
}

/// The first of them; further ones are counted, for each has other numbers.
Found negotiated_again(const AgentStory& agent, const Stories& all) {
    Found found;
    for (const Attempt& attempt : agent.attempts) {
        for (const history::Entry* line : attempt.submissions) {
            const auto& submission = *as<history::ExchangeSeen>(line);
            if (submission.status != 403 || submission.code != "old_attestation" ||
                submission.index != attempt.negotiated().index)
                continue;
            const history::Entry* later = negotiated_between(attempt, *line, agent, all);
            if (later == nullptr) continue;
            if (!found.empty()) {
                ++found.front().more;
                continue;
            }
            const bool by_copy = later->where->agent != agent.name;
            found.push_back(
                {.subject = by_copy ? "by another with its id" : "by itself",
                 .cause = fmt::format(
                     "The evidence was for attestation {}, and {} had begun attestation {} before it came: a "
                     "verifier takes evidence for the latest alone. Nothing had expired, and the evidence "
                     "was not looked at.",
                     *submission.index, by_copy ? later->where->agent + ", which has its id," : "the agent",
                     *as<history::ExchangeSeen>(later)->index),
                 .mend = "See that one copy of the agent runs, and that it answers what it negotiated last. "
                         "A new negotiation mends it; the token is still good.",
                 .evidence = lines_of({line, attempt.negotiation, later})});
        }
    }
    return found;
}

}  // namespace pushsim::reports::rule
