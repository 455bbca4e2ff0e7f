// Sessions, and what becomes of the token that they bring.

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "reports/rules/rules.hpp"
#include "reports/text.hpp"

namespace pushsim::reports::rule {
namespace {

/// Who renews a token before it expires does so in its last seconds, or in the second half of a short life.
constexpr Duration longest_renewal = std::chrono::seconds{5};

bool is_about_the_attestation(const history::ExchangeSeen& exchange) {
    return exchange.status == 403 && !exchange.code.empty() &&
           (exchange.phase == "submit" || exchange.phase == "negotiate");
}

bool asks_for_a_session(const history::ExchangeSeen& exchange) {
    return exchange.phase == "authenticate" && exchange.method == "POST";
}

/// A session that was asked for although nothing spoke against the token: it had been proved for, was far
/// from its end, and all that was refused with it was an attestation.
struct NeedlessSession {
    const history::Entry* session;
    const history::Entry* refusal;
    const history::Entry* proof;
    const history::Entry*
        negotiation;  ///< that it was asked for: a script may want a session for its own sake
};

std::vector<NeedlessSession> needless_sessions(const AgentStory& agent) {
    std::vector<NeedlessSession> found;
    const history::Entry* proof = nullptr;
    const history::Entry* refusal = nullptr;
    std::optional<NeedlessSession> last;
    for (const history::Entry* line : agent.lines) {
        if (const auto* act = as<history::MachineAct>(line); act != nullptr && act->act == "restart_agent")
            proof = nullptr;
        const auto* exchange = as<history::ExchangeSeen>(line);
        if (exchange == nullptr) continue;
        if (last && exchange->phase == "negotiate") {
            last->negotiation = line;
            if (line->where.step == last->session->where.step) found.push_back(*last);
            last.reset();
        }
        if (exchange->token_lifetime) {
            proof = line;
            refusal = nullptr;
        } else if (exchange->status == 401) {
            proof = nullptr;
        } else if (is_about_the_attestation(*exchange)) {
            refusal = line;
        } else if (asks_for_a_session(*exchange)) {
            if (proof != nullptr && refusal != nullptr) {
                const auto& proved = *as<history::ExchangeSeen>(proof);
                const Duration lifetime = *proved.token_lifetime;
                if (exchange->start - proved.start < lifetime - std::min(longest_renewal, lifetime / 2))
                    last = NeedlessSession{line, refusal, proof, nullptr};
            }
            proof = nullptr;
        }
    }
    return found;
}

constexpr std::size_t fewest_starts = 3;  // once or twice is an accident

bool is_unauthorized(const history::Entry* line) {
    const auto* exchange = as<history::ExchangeSeen>(line);
    return exchange != nullptr && exchange->status == 401 &&
           (exchange->phase == "negotiate" || exchange->phase == "submit");
}

/// The longest row of negotiations that no evidence followed, each but the last ended by a new session.
Lines unanswered_in_a_row(const AgentStory& agent) {
    Lines longest;
    Lines row;
    const history::Entry* before = nullptr;
    for (const Attempt& attempt : agent.attempts) {
        const bool new_session =
            before != nullptr && std::ranges::any_of(agent.sessions, [&](const auto* session) {
                return session->n > before->n && session->n < attempt.negotiation->n;
            });
        const bool has_its_reason = !attempt.submissions.empty() || attempt.tpm_failed;
        if (has_its_reason || !new_session) row.clear();
        if (!has_its_reason) row.push_back(attempt.negotiation);
        if (row.size() > longest.size()) longest = row;
        before = attempt.negotiation;
    }
    return longest;
}

}  // namespace

Found token_dropped_on_403(const AgentStory& agent, const Stories& /*all*/) {
    const auto needless = needless_sessions(agent);
    if (needless.empty()) return {};
    const NeedlessSession& first = needless.front();
    std::string cause = fmt::format(
        "After a 403 {} the agent asked for a new session, although its token had not expired and no 401 had "
        "refused it: the 403 was about the attestation. The agent drops its token at any 403, as Keylime's "
        "Rust "
        "agent does.",
        as<history::ExchangeSeen>(first.refusal)->code);
    return {{.subject = as<history::ExchangeSeen>(first.refusal)->code,
             .cause = std::move(cause),
             .more = needless.size() - 1,
             .mend =
                 "Upgrade or patch the agent: a 403 with a code calls for a new negotiation, with the same "
                 "token. Harmless but for its cost: each new session takes about 170 ms of the verifier's "
                 "processor time and counts against its limit of sessions. What the 403 itself is about is "
                 "another matter.",
             .evidence = {first.session->n, first.refusal->n, first.proof->n, first.negotiation->n}}};
}

Found restarts_before_evidence(const AgentStory& agent, const Stories& /*all*/) {
    const Lines unanswered = unanswered_in_a_row(agent);
    if (unanswered.size() < fewest_starts) return {};
    const bool judged = std::ranges::any_of(
        agent.attempts, [](const Attempt& attempt) { return attempt.verdict != nullptr; });
    // Until something else followed the row.
    const auto after_row = std::ranges::find_if(agent.attempts, [&](const Attempt& attempt) {
        return attempt.negotiation->n > unanswered.back()->n;
    });
    const std::uint64_t end = after_row == agent.attempts.end() ? std::numeric_limits<std::uint64_t>::max()
                                                                : after_row->negotiation->n;
    const bool refused = std::ranges::any_of(agent.sessions, [&](const history::Entry* session) {
        return session->n > unanswered.back()->n && session->n < end && is_refused(session);
    });
    Lines decide = unanswered;
    std::ranges::copy_if(agent.lines, std::back_inserter(decide), [&](const history::Entry* line) {
        return line->n > unanswered[1]->n && line->n < end && is_unauthorized(line);
    });
    const std::size_t unauthorized = decide.size() - unanswered.size();
    return {{.cause = fmt::format(
                 "The agent began anew {} times before it sent evidence: so many negotiations went "
                 "unanswered, each start took a new session{}{}. No challenge of them counts as expired, "
                 "for nobody sent evidence for it{}.",
                 unanswered.size(), refused ? ", until sessions were refused with 429" : "",
                 unauthorized == 0 ? ""
                                   : fmt::format(". Each session ends the one before: a request was answered "
                                                 "with 401 {}, as one with an older token is",
                                                 times(unauthorized)),
                 judged ? "" : "; the agent is never judged"),
             .mend = "Find out why the agent starts anew (its log, its service's restarts, memory). Lengthen "
                     "the time "
                     "between restarts: a verifier takes 15 sessions a minute of one agent, and each further "
                     "one doubles "
                     "the wait.",
             .evidence = lines_of({}, decide)}};
}

}  // namespace pushsim::reports::rule
