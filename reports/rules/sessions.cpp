// Sessions, and what becomes of the token that they bring.

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "agent/base/text.hpp"
#include "reports/rules/rules.hpp"
#include "reports/text.hpp"
#include "sim/history/redaction.hpp"

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
            if (line->where->step == last->session->where->step) found.push_back(*last);
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

bool session_between(const AgentStory& agent, const history::Entry* before, const history::Entry& after) {
    return before != nullptr && std::ranges::any_of(agent.sessions, [&](const auto* session) {
               return session->n > before->n && session->n < after.n;
           });
}

/// The longest row of negotiations that no evidence followed, each but the last ended by a new session.
Lines unanswered_in_a_row(const AgentStory& agent) {
    Lines longest;
    Lines row;
    const history::Entry* before = nullptr;
    for (const Attempt& attempt : agent.attempts) {
        const bool new_session = session_between(agent, before, *attempt.negotiation);
        const bool has_its_reason = !attempt.submissions.empty() || attempt.tpm_failed;
        if (has_its_reason || !new_session) row.clear();
        if (!has_its_reason) row.push_back(attempt.negotiation);
        if (row.size() > longest.size()) longest = row;
        before = attempt.negotiation;
    }
    return longest;
}

/// The fingerprint of the token that the request bore; empty where its headers were not kept.
std::string token_in(const history::ExchangeSeen& exchange) {
    for (const auto& [name, value] : exchange.request.headers) {
        const std::size_t at = value.find("fp:");
        const bool is_authorization =
            std::ranges::equal(name, std::string_view{"authorization"}, {}, lower_ascii);
        if (is_authorization && at != std::string::npos) return value.substr(at, history::fingerprint_size);
    }
    return {};
}

/// Without a code it is about who asks.
bool is_forbidden(const history::ExchangeSeen& exchange) {
    return exchange.status == 403 && exchange.code.empty() &&
           (exchange.phase == "submit" || exchange.phase == "negotiate");
}

Diagnosis of_another_agent(const history::Entry& refused, const history::Entry& proof) {
    const std::string& owner = proof.where->agent;
    return {.subject = owner,
            .cause = fmt::format("The request bore the token of {}, and a token is good for the agent alone "
                                 "whose TPM proved to have the enrolled key (403, \"ownership required\"). "
                                 "The agent's own token and attestation stay as they are.",
                                 owner),
            .mend =
                "Look for one cache of tokens that several agents share, or for an agent's folder that "
                "was copied with an image. Nothing needs to be enrolled again.",
            .evidence = lines_of({&refused, &proof})};
}

/// "…/agents/ID/…" -> ID
std::string id_in(const std::string& target) {
    constexpr std::string_view folder = "/agents/";
    const std::size_t at = target.find(folder);
    if (at == std::string::npos) return {};
    const std::size_t begin = at + folder.size();
    return target.substr(begin, target.find('/', begin) - begin);
}

/// Of an agent that bears its own token; nothing where it asked for the id that it is enrolled by.
std::optional<Diagnosis> for_another_id(const AgentStory& agent, const history::Entry& refused,
                                        const history::Entry& proof) {
    const history::Entry* enrolment = nullptr;
    for (const history::Entry* line : agent.enrolments) {
        if (line->n < refused.n) enrolment = line;
    }
    if (enrolment == nullptr) return std::nullopt;
    const std::string asked = id_in(as<history::ExchangeSeen>(&refused)->target);
    const std::string own = id_in(as<history::TenantActSeen>(enrolment)->target);
    if (own.empty() || asked == own) return std::nullopt;
    return Diagnosis{
        .subject = "another id",
        .cause =
            fmt::format("The request was for the id {}, and the agent, with its token, is {}: a token is "
                        "good for its own id alone (403, \"ownership required\").",
                        asked, own),
        .mend =
            "Find out which of the two ids is the machine's (`uuid` in the agent's configuration, what the "
            "tenant enrolled), and have the agent use that one in all it asks.",
        .evidence = lines_of({&refused, &proof, enrolment})};
}

constexpr std::size_t fewest_without_evidence = 10;

/// The longest row of negotiations in one session that asked for evidence and got none, although no TPM
/// failed.
Lines without_evidence_in_a_row(const AgentStory& agent) {
    Lines longest;
    Lines row;
    const history::Entry* before = nullptr;
    for (const Attempt& attempt : agent.attempts) {
        const auto& negotiated = attempt.negotiated().negotiated;
        const bool has_its_reason = !attempt.submissions.empty() || attempt.tpm_failed || !negotiated ||
                                    negotiated->requested.empty();
        if (has_its_reason || session_between(agent, before, *attempt.negotiation)) row.clear();
        if (!has_its_reason) row.push_back(attempt.negotiation);
        if (row.size() > longest.size()) longest = row;
        before = attempt.negotiation;
    }
    return longest;
}

/// Whether the cycle in which the line is reached its goal.
bool is_made_good(const AgentStory& agent, const history::Entry& line) {
    const auto after = std::ranges::find_if(agent.lines, [&](const history::Entry* one) {
        return one->n > line.n && as<history::Cycle>(one) != nullptr;
    });
    return after != agent.lines.end() && as<history::Cycle>(*after)->ending == "reached";
}

}  // namespace

/// The first of them; further ones are counted. A pass may prolong a token: then nothing is said.
Found token_expired(const AgentStory& agent, const Stories& all) {
    Found found;
    const history::Entry* proof = nullptr;
    for (const history::Entry* line : agent.lines) {
        const auto* exchange = as<history::ExchangeSeen>(line);
        if (exchange == nullptr) continue;
        if (exchange->token_lifetime) proof = line;
        if (proof == nullptr) continue;
        if (exchange->phase == "submit" && exchange->status == 202) proof = nullptr;
        if (!is_unauthorized(line)) continue;
        const auto& proved = *as<history::ExchangeSeen>(proof);
        const Duration age = exchange->start - proved.start;
        if (age < *proved.token_lifetime) continue;
        // Another token than that, or one that the agent made good in the same cycle, is no failure of it.
        const std::string token = token_in(*exchange);
        const auto borne = all.proofs.find(token);
        if (token.empty() ? !exchange->request.headers.empty()
                          : borne != all.proofs.end() && borne->second != proof)
            continue;
        if (is_made_good(agent, *line)) continue;
        if (!found.empty()) {
            ++found.front().more;
            continue;
        }
        found.push_back(
            {.cause = fmt::format("The token lived {} (session_lifetime), and was used {} after the proof of "
                                  "possession that brought it.",
                                  seconds_text(*proved.token_lifetime), seconds_text(age)),
             .mend = "An agent that looks at token_expires_at authenticates before. Raise session_lifetime "
                     "where its attestations are further apart than that; extend_token_on_attestation "
                     "prolongs it with each pass. Where it does look, compare the clocks of both.",
             .evidence = {line->n, proof->n}});
    }
    return found;
}

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

Found negotiations_without_evidence(const AgentStory& agent, const Stories& /*all*/) {
    const Lines row = without_evidence_in_a_row(agent);
    if (row.size() < fewest_without_evidence || unanswered_in_a_row(agent).size() >= fewest_starts) return {};
    return {{.cause = fmt::format(
                 "The agent negotiated {} times in one session and sent no evidence in between. Each made an "
                 "attestation in the verifier's database that stays there without evidence; the verifier "
                 "limits negotiations only after evidence (quote_interval), and sessions are no limit, for "
                 "it asked for no new one.",
                 row.size()),
             .mend = "Find out why it sends no evidence (its log: what fails between the answer to the "
                     "negotiation and the evidence). Deleting the agent and enrolling it again removes the "
                     "attestations that are left.",
             .evidence = lines_of({}, row)}};
}

/// The first of each; further ones are counted.
Found token_of_another_agent(const AgentStory& agent, const Stories& all) {
    Found found;
    for (const history::Entry* line : agent.lines) {
        const auto* refused = as<history::ExchangeSeen>(line);
        if (refused == nullptr || !is_forbidden(*refused)) continue;
        const auto proof = all.proofs.find(token_in(*refused));
        if (proof == all.proofs.end()) continue;
        auto misused = proof->second->where->agent == agent.name
                           ? for_another_id(agent, *line, *proof->second)
                           : of_another_agent(*line, *proof->second);
        if (!misused) continue;
        const auto same = std::ranges::find(found, misused->subject, &Diagnosis::subject);
        if (same != found.end()) {
            ++same->more;
        } else {
            found.push_back(std::move(*misused));
        }
    }
    return found;
}

}  // namespace pushsim::reports::rule
