// The rules, one function each, and their table at the end. To add one: a function that returns nothing
// unless all its evidence is there, its row in the table, a history that shows it in
// tests/reports/diagnosis_test.cpp.

#include <algorithm>
#include <array>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "agent/base/text.hpp"
#include "reports/diagnosis.hpp"
#include "reports/text.hpp"

namespace pushsim::reports {
namespace {

using Found = std::vector<Diagnosis>;

constexpr std::size_t most_values_shown = 3;

/// The bank whose values are so many hex digits long.
std::string bank_of(std::size_t digits) {
    switch (digits) {
        case 40:
            return "sha1";
        case 64:
            return "sha256";
        case 96:
            return "sha384";
        case 128:
            return "sha512";
        default:
            return "";
    }
}

std::string policy_words(std::vector<std::string> values) {
    const std::size_t more = values.size() > most_values_shown ? values.size() - most_values_shown : 0;
    values.resize(values.size() - more);
    return fmt::format("policy allows {}{}",
                       values.empty() ? "nothing" : fmt::format("{}", fmt::join(values, " or ")),
                       more == 0 ? "" : fmt::format(" or {} more", more));
}

enum class Values : std::uint8_t {
    Meant,   ///< as they stand in the policy
    Quoted,  ///< what was quoted where the policy lacks it, so that the agent passes
};

std::vector<std::string> values_for(const PolicyEntry& entry, Values which) {
    const bool lacks = std::ranges::find(entry.values, entry.quoted) == entry.values.end();
    return which == Values::Quoted && !entry.quoted.empty() && lacks ? std::vector{entry.quoted}
                                                                     : entry.values;
}

/// The mend of wrong values: the policy with a list for each PCR. What nobody quotes and nothing is allowed
/// for is left out.
std::string enrol_again(const std::vector<PolicyEntry>& entries, Values which = Values::Quoted) {
    std::vector<std::string> members;
    for (const PolicyEntry& entry : entries) {
        if (const auto values = values_for(entry, which); !values.empty())
            members.push_back(fmt::format(R"("{}": ["{}"])", entry.pcr, fmt::join(values, "\", \"")));
    }
    return fmt::format(
        "enrol again with {{{}}}; deleting first is needed, for Keylime has no update of a TPM policy",
        fmt::join(members, ", "));
}

std::string of_pcr(const PolicyEntry& entry) {
    return fmt::format("PCR {} ({})", entry.pcr, entry.bank);
}

/// Attempts with a verdict of this evaluation whose policy and quote are known.
template <typename Each>
Found for_each_judged(const AgentStory& agent, const char* evaluation, Each each) {
    Found found;
    for (const Attempt& attempt : agent.attempts) {
        const auto* verdict = as<history::Verdict>(attempt.verdict);
        if (verdict == nullptr || evaluation_of(*verdict) != evaluation) continue;
        if (const auto entries = policy_entries(attempt)) each(attempt, *entries, found);
    }
    return found;
}

/// Numbers of these lines, then of those.
std::vector<std::uint64_t> lines_of(std::initializer_list<const history::Entry*> these,
                                    const Lines& those = {}) {
    std::vector<std::uint64_t> numbers;
    for (const history::Entry* line : these)
        numbers.push_back(line->n);
    for (const history::Entry* line : those)
        numbers.push_back(line->n);
    return numbers;
}

/// PCRs of a failed attestation whose value is in none of the lists that the policy has for them.
template <typename Each>
Found for_each_mismatch(const AgentStory& agent, Each each) {
    return for_each_judged(agent, "fail", [&](const Attempt& attempt, const auto& entries, Found& found) {
        // A quote that could not be authenticated is not compared with a policy.
        const std::string reason = reason_of(*as<history::Verdict>(attempt.verdict));
        if (!reason.empty() && reason != "policy_violation") return;
        for (const PolicyEntry& entry : entries) {
            if (!entry.is_list || std::ranges::find(entry.values, entry.quoted) != entry.values.end())
                continue;
            const std::size_t before = found.size();
            each(attempt, entries, entry, found);
            if (found.size() > before) found.back().failures.push_back(attempt.verdict->n);
        }
    });
}

bool is_upper_case(const PolicyEntry& entry) {
    return std::ranges::any_of(entry.values, [&](const std::string& value) {
        return std::ranges::equal(value, entry.quoted, {}, lower_ascii, lower_ascii);
    });
}

bool is_of_other_banks(const PolicyEntry& entry) {
    return !entry.quoted.empty() && !entry.values.empty() &&
           std::ranges::none_of(
               entry.values, [&](const std::string& value) { return value.size() == entry.quoted.size(); });
}

// ---- PCR mismatch

Found pcr_changed(const AgentStory& agent, const Stories& /*all*/) {
    return for_each_mismatch(agent, [&](const Attempt& attempt, const auto& entries, const PolicyEntry& entry,
                                        Found& found) {
        if (is_upper_case(entry) || is_of_other_banks(entry)) return;
        const Lines extended = agent.extended(entry.pcr, *attempt.enrolment, *attempt.quote);
        const bool quoted = !entry.quoted.empty();
        found.push_back(
            {.subject = fmt::format("{}{}{}", of_pcr(entry), extended.empty() ? "" : ", extended",
                                    quoted ? "" : ", not quoted"),
             .cause = fmt::format(
                 "PCR {} ({}){}: {}, {}", entry.pcr, entry.bank,
                 extended.empty() ? ""
                                  : fmt::format(" was extended {} after enrolment", times(extended.size())),
                 policy_words(entry.values), quoted ? "quoted " + entry.quoted : "not quoted"),
             .mend = quoted ? "If the new value is right, " + enrol_again(entries)
                            : "find out why the agent does not quote it",
             .evidence = lines_of({attempt.verdict, attempt.quote, attempt.enrolment}, extended),
             .enrols_again = quoted});
    });
}

Found policy_in_upper_case(const AgentStory& agent, const Stories& /*all*/) {
    return for_each_mismatch(agent, [&](const Attempt& attempt, const auto& entries, const PolicyEntry& entry,
                                        Found& found) {
        if (!is_upper_case(entry)) return;
        found.push_back(
            {.subject = of_pcr(entry),
             .cause = fmt::format("PCR {} ({}) has the value that the policy means, but the policy has it "
                                  "in upper case, and the verifier compares text: {}, quoted {}",
                                  entry.pcr, entry.bank, policy_words(entry.values), entry.quoted),
             .mend = "Write the hex digits in lower case: " + enrol_again(entries),
             .evidence = lines_of({attempt.verdict, attempt.quote, attempt.enrolment}),
             .enrols_again = true});
    });
}

Found policy_of_another_bank(const AgentStory& agent, const Stories& /*all*/) {
    return for_each_mismatch(
        agent, [&](const Attempt& attempt, const auto& entries, const PolicyEntry& entry, Found& found) {
            if (!is_of_other_banks(entry)) return;
            const std::size_t digits = entry.values.front().size();
            const std::string other = bank_of(digits);
            found.push_back(
                {.subject = fmt::format("{}, values of {} digits", of_pcr(entry), digits),
                 .cause = fmt::format(
                     "The policy's values for PCR {} are {} hex digits long{}, the quote is of the {} "
                     "bank ({} digits): the verifier drops values of another length, and none is left",
                     entry.pcr, digits, other.empty() ? "" : fmt::format(", as those of the {} bank", other),
                     entry.bank, entry.quoted.size()),
                 .mend = fmt::format("Take the values from the {0} bank (tpm2_pcrread {0}:{1}): {2}",
                                     entry.bank, entry.pcr, enrol_again(entries)),
                 .evidence = lines_of({attempt.verdict, attempt.quote, attempt.enrolment}),
                 .enrols_again = true});
        });
}

Found policy_not_enforced(const AgentStory& agent, const Stories& /*all*/) {
    return for_each_judged(agent, "pass", [&](const Attempt& attempt, const auto& entries, Found& found) {
        for (const PolicyEntry& entry : entries) {
            const bool is_text = !entry.is_list && !entry.values.empty();
            if (!is_text || entry.quoted.empty() || entry.values.front() == entry.quoted) continue;
            found.push_back(
                {.subject = of_pcr(entry),
                 .cause = fmt::format(
                     "PCR {} ({}) has a value that the policy does not name, and the attestation "
                     "passed: the policy gives the PCR a text where a list belongs, and the verifier "
                     "then compares nothing. Policy {}, quoted {}",
                     entry.pcr, entry.bank, entry.values.front(), entry.quoted),
                 .mend = "Write the values of every PCR as a list, also where there is one: " +
                         enrol_again(entries, Values::Meant),
                 .evidence = lines_of({attempt.verdict, attempt.quote, attempt.enrolment})});
        }
    });
}

Found pcr_missing_from_policy(const AgentStory& agent, const Stories& /*all*/) {
    return for_each_judged(agent, "pass", [&](const Attempt& attempt, const auto& entries, Found& found) {
        std::set<int> named;
        for (const PolicyEntry& entry : entries)
            named.insert(entry.pcr);
        for (int pcr = 0; pcr < 24; ++pcr) {
            const Lines extended = agent.extended(pcr, *attempt.enrolment, *attempt.quote);
            if (extended.empty() || named.empty() || named.contains(pcr)) continue;
            found.push_back(
                {.subject = fmt::format("PCR {}", pcr),
                 .cause =
                     fmt::format("PCR {} was extended {} after enrolment, and the attestation passed: the "
                                 "policy names PCR {} alone, and the verifier asks for no other",
                                 pcr, times(extended.size()), fmt::join(named, ", ")),
                 .mend = fmt::format(
                     "If PCR {} matters, name it in the policy: delete the agent and enrol it again", pcr),
                 .evidence = lines_of({attempt.verdict, attempt.negotiation, attempt.enrolment}, extended)});
        }
    });
}

// ---- broken_evidence_chain

const history::QuoteClock* clock_of(const Attempt& attempt) {
    const auto* operation = as<history::TpmOperation>(attempt.quote);
    return operation != nullptr && operation->clock ? &*operation->clock : nullptr;
}

/// The verifier compares a quote's clock with that of the last one that it could authenticate.
bool was_authenticated(const Attempt& attempt) {
    const auto* verdict = as<history::Verdict>(attempt.verdict);
    if (verdict == nullptr) return false;
    const std::string evaluation = evaluation_of(*verdict);
    return evaluation == "pass" || (evaluation == "fail" && reason_of(*verdict) == "policy_violation");
}

constexpr const char* earlier_go_with_it =
    "delete the agent and enrol it again: the earlier attestations, which the clock is compared with, go "
    "with it";

struct Objection {
    enum class To : std::uint8_t { LostState, RestartCount, UnsafeClock } to;
    std::string subject;
    std::string cause;
    std::string mend;
    bool compares = true;  ///< with the quote before
};

/// What the verifier objects to in a clock (keylime/tpm/tpm_main.py, check_quote_timing), in its order.
std::optional<Objection> clock_objection(const history::QuoteClock& now, const history::QuoteClock* before) {
    using To = Objection::To;
    const auto lost = [](const char* what, auto from, auto to, const char* unit, const std::string& or_else) {
        return Objection{
            To::LostState, what,
            fmt::format("The TPM lost part of its state, and the verifier takes no quote whose clock is "
                        "behind that of the one before: its {} went from {} to {}{}.",
                        what, from, to, unit),
            fmt::format(
                "Find out how the TPM lost its state (a swtpm that was killed, a virtual machine that was "
                "set back). Then {}. A TPM that was started anew has its PCRs as after a boot: take the "
                "values from it anew.{}",
                earlier_go_with_it, or_else)};
    };
    if (before != nullptr) {
        if (now.resets < before->resets) return lost("resetCount", before->resets, now.resets, "", "");
        if (now.restarts < before->restarts && now.resets > before->resets) {
            return Objection{
                To::RestartCount, "booted after it was suspended",
                fmt::format("The machine was booted anew after it had been suspended. Then the TPM's "
                            "restartCount begins at 0 again (it went from {} to {}, resetCount from {} to "
                            "{}), as it should, and the verifier takes that for a TPM that was set back.",
                            before->restarts, now.restarts, before->resets, now.resets),
                fmt::format("Nothing is wrong with the TPM: {}.", earlier_go_with_it)};
        }
        if (now.restarts < before->restarts)
            return lost("restartCount", before->restarts, now.restarts, "", "");
    }
    const bool is_behind = before != nullptr &&
                           (now.resets <= before->resets || now.restarts <= before->restarts) &&
                           now.clock <= before->clock;
    const std::string until_past =
        is_behind
            ? fmt::format(" Or wait: in {} s of running the clock is past that of the attestation before.",
                          (before->clock - now.clock) / 1000 + 1)
            : "";
    if (!now.safe) {
        return Objection{
            To::UnsafeClock, is_behind ? "not safe and behind" : "not safe",
            fmt::format("The TPM says itself that its clock is not safe: it was not shut down in order, and "
                        "the clock may have been further before. The verifier takes no such quote.{}",
                        is_behind
                            ? fmt::format(" Nor will it take those after it: the clock went from {} to {} "
                                          "ms, and must be past what it was.",
                                          before->clock, now.clock)
                            : ""),
            fmt::format("Find out how the TPM lost power (a swtpm that was killed, a machine that was "
                        "switched off). The clock is safe again once the TPM has run for a while.{}{}",
                        is_behind ? fmt::format(" Then {}.", earlier_go_with_it) : "", until_past),
            is_behind};
    }
    if (!is_behind) return std::nullopt;
    return lost("clock", before->clock, now.clock, " ms", until_past);
}

/// The first of its kind after each attestation that could be authenticated; further ones are counted, for
/// clocks go on.
Found tpm_clock_went_back(const AgentStory& agent, const Stories& /*all*/) {
    Found found;
    const Attempt* before = nullptr;  // the last that could be authenticated
    const Attempt* last = nullptr;    // the last of all
    std::optional<Objection::To> goes_on;
    for (const Attempt& attempt : agent.attempts) {
        // Deleting an agent deletes its attestations.
        if (last != nullptr && last->enrolment != attempt.enrolment) {
            before = nullptr;
            goes_on.reset();
        }
        last = &attempt;
        if (was_authenticated(attempt) && clock_of(attempt) != nullptr) {
            before = &attempt;
            goes_on.reset();
        }
        const auto* verdict = as<history::Verdict>(attempt.verdict);
        // At a stack whose database and log cannot be read no reason is known.
        if (verdict == nullptr || evaluation_of(*verdict) != "fail" ||
            reason_of(*verdict) == "policy_violation")
            continue;
        const auto* now = clock_of(attempt);
        if (now == nullptr) continue;
        auto objection = clock_objection(*now, before == nullptr ? nullptr : clock_of(*before));
        if (!objection) continue;
        if (std::exchange(goes_on, objection->to) == objection->to) {
            ++found.back().more;
            found.back().failures.push_back(attempt.verdict->n);
            continue;
        }
        found.push_back({.subject = std::move(objection->subject),
                         .cause = std::move(objection->cause),
                         .mend = std::move(objection->mend),
                         .evidence = lines_of({attempt.verdict, attempt.quote}),
                         .failures = {attempt.verdict->n},
                         .enrols_again = objection->compares});
        if (objection->compares)
            found.back().evidence.insert(found.back().evidence.end(), {before->quote->n, before->verdict->n});
    }
    return found;
}

// ---- challenges_expired

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

std::string milliseconds(Duration duration) {
    return fmt::format("{} ms", std::chrono::round<std::chrono::milliseconds>(duration).count());
}

/// How long the challenge lives, by the verifier's own clock.
std::optional<Duration> lifetime_of(const history::NegotiatedSeen& negotiated) {
    const auto from = from_rfc3339(negotiated.received_at);
    const auto to = from_rfc3339(negotiated.expire_at);
    if (!from || !to) return std::nullopt;
    return *to - *from;
}

/// The first of them; further ones are counted, for no two are late by the same time.
Found evidence_after_expiry(const AgentStory& agent, const Stories& /*all*/) {
    return for_each_refusal(agent, [&](const Attempt& attempt, const history::Entry& refusal, Found& found) {
        const auto& negotiated = attempt.negotiated().negotiated;
        if (!negotiated || negotiated->requested.empty()) return;
        const auto lifetime = lifetime_of(*negotiated);
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

// ---- sessions

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

bool is_refused(const history::Entry* session) {
    return as<history::ExchangeSeen>(session)->status == 429;
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

constexpr Duration limiter_window = std::chrono::seconds{60};  // the defaults of Keylime 7.14
constexpr std::size_t sessions_of_an_agent = 15;
constexpr std::size_t sessions_of_an_address = 50;

/// Sessions of the story that were taken in the minute before `line`.
Lines taken_before(const AgentStory& story, const history::Entry& line) {
    Lines taken;
    std::ranges::copy_if(story.sessions, std::back_inserter(taken), [&](const history::Entry* session) {
        const auto& exchange = *as<history::ExchangeSeen>(session);
        return exchange.status == 200 && session->t <= line.t && line.t - session->t < limiter_window;
    });
    return taken;
}

const history::Entry* first_refused_session(const AgentStory& agent) {
    const auto refused = std::ranges::find_if(agent.sessions, is_refused);
    return refused == agent.sessions.end() ? nullptr : *refused;
}

std::string told_to_wait(const history::Entry& refusal) {
    const std::string& seconds = as<history::ExchangeSeen>(&refusal)->retry_after;
    return seconds.empty()
               ? ""
               : fmt::format(" It is told to wait {} s; who asks too early waits twice as long.", seconds);
}

Found limit_of_an_agent(const AgentStory& agent, const Stories& /*all*/) {
    const history::Entry* refusal = first_refused_session(agent);
    if (refusal == nullptr) return {};
    const Lines own = taken_before(agent, *refusal);
    if (own.size() < sessions_of_an_agent) return {};
    return {
        {.cause = fmt::format("The agent took {} sessions within a minute, and the verifier refused the next "
                              "(session_create_rate_limit_per_agent).{}",
                              own.size(), told_to_wait(*refusal)),
         .mend = "Find out why it takes so many: one session lasts for many attestations. Raise "
                 "session_create_rate_limit_per_agent in verifier.conf only where that is right.",
         .evidence = lines_of({refusal}, own)}};
}

Found limit_of_an_address(const AgentStory& agent, const Stories& all) {
    const history::Entry* refusal = first_refused_session(agent);
    if (refusal == nullptr || taken_before(agent, *refusal).size() >= sessions_of_an_agent) return {};
    const std::string& address = as<history::ExchangeSeen>(refusal)->source;
    const auto taken = all.sessions.find(address);
    if (taken == all.sessions.end()) return {};
    const auto time = [](const history::Entry* session) { return session->t; };
    const Lines together(std::ranges::upper_bound(taken->second, refusal->t - limiter_window, {}, time),
                         std::ranges::upper_bound(taken->second, refusal->t, {}, time));
    if (together.size() < sessions_of_an_address) return {};
    return {
        {.subject = address,
         .cause =
             fmt::format("{} sessions were taken from one address within a minute, and the verifier refused "
                         "the next (session_create_rate_limit_per_ip), though this agent asked for {}.{}",
                         together.size(), counted(taken_before(agent, *refusal).size() + 1, "session"),
                         told_to_wait(*refusal)),
         .mend = "Agents behind one NAT or proxy share the limit: raise session_create_rate_limit_per_ip in "
                 "verifier.conf, or spread their starts.",
         .evidence = lines_of({refusal}, together)}};
}

/// The last line before `until` that tells an AK's name: what made the agent's keys, or an enrolment.
const history::Entry* last_ak(const Lines& lines, const history::Entry& until,
                              const std::string* (*name)(const history::Entry*)) {
    const history::Entry* last = nullptr;
    for (const history::Entry* line : lines) {
        if (line->n >= until.n) break;
        if (name(line) != nullptr) last = line;
    }
    return last;
}

const std::string* own_ak(const history::Entry* line) {
    const auto* made = as<history::TpmOperation>(line);
    return made != nullptr && !made->ak_name.empty() ? &made->ak_name : nullptr;
}

const std::string* enrolled_ak(const history::Entry* line) {
    const auto* act = as<history::TenantActSeen>(line);
    const bool done = act != nullptr && act->status && *act->status >= 200 && *act->status < 300;
    return done && !act->ak_name.empty() ? &act->ak_name : nullptr;
}

bool is_refused_proof(const history::Entry* line) {
    const auto* exchange = as<history::ExchangeSeen>(line);
    return exchange != nullptr && exchange->phase == "authenticate" && exchange->method == "PATCH" &&
           exchange->status == 401;
}

/// Of an agent that was registered anew, with another TPM or AK, and is enrolled with the old one.
Found proof_with_another_ak(const AgentStory& agent, const Stories& /*all*/) {
    for (const history::Entry* refused : agent.lines) {
        if (!is_refused_proof(refused)) continue;
        const history::Entry* own = last_ak(agent.lines, *refused, own_ak);
        const history::Entry* enrolled = last_ak(agent.lines, *refused, enrolled_ak);
        if (own == nullptr || enrolled == nullptr || *own_ak(own) == *enrolled_ak(enrolled)) continue;
        return {
            {.cause = fmt::format(
                 "The verifier did not take the proof of possession (401): the agent's AK has the name "
                 "{}, and it is enrolled with that of the name {}. The AK of an enrolment is that of the "
                 "registration at that time; who registers with another TPM, or makes another AK, stays "
                 "enrolled with the old one.",
                 *own_ak(own), *enrolled_ak(enrolled)),
             .mend = "If the new TPM or AK is right, delete the agent at the verifier and enrol it again.",
             .evidence = lines_of({refused, own, enrolled}),
             .enrols_again = true}};
    }
    return {};
}

// ---- status

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

constexpr std::array<Rule, 15> table{{
    {"no_policy_no_challenge", "403 challenges_expired with every attestation, status PENDING",
     no_policy_no_challenge},
    {"evidence_after_expiry", "403 challenges_expired now and then", evidence_after_expiry},
    {"token_dropped_on_403", "a new session after each 403 of an attestation", token_dropped_on_403},
    {"restarts_before_evidence", "status PENDING, sessions answered with 429", restarts_before_evidence},
    {"limit_of_an_agent", "429 for sessions of one agent", limit_of_an_agent},
    {"limit_of_an_address", "429 for sessions of agents that ask but once", limit_of_an_address},
    {"proof_with_another_ak", "401 for the proof of possession", proof_with_another_ak},
    {"tpm_clock_went_back", "FAIL broken_evidence_chain after the TPM was started anew", tpm_clock_went_back},
    {"policy_of_another_bank", "FAIL policy_violation although the PCR did not change",
     policy_of_another_bank},
    {"policy_in_upper_case", "FAIL policy_violation although the values look the same", policy_in_upper_case},
    {"policy_not_enforced", "PASS although a PCR is not what the policy allows", policy_not_enforced},
    {"pcr_missing_from_policy", "PASS although a PCR changed", pcr_missing_from_policy},
    {"failure_sticks", "status FAIL although attestations pass", failure_sticks},
    {"no_evidence_for_too_long", "status TIMEOUT", no_evidence_for_too_long},
    {"pcr_changed", "FAIL policy_violation: a PCR is not what the policy allows", pcr_changed},
}};

}  // namespace

std::span<const Rule> rules() {
    return table;
}

}  // namespace pushsim::reports
