// The rules, one function each, and their table at the end. To add one: a function that returns nothing
// unless all its evidence is there, its row in the table, a history that shows it in
// tests/reports/diagnosis_test.cpp.

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "agent/base/text.hpp"
#include "reports/diagnosis.hpp"
#include "reports/text.hpp"

namespace pushsim::reports {
namespace {

using nlohmann::json;
using Found = std::vector<Diagnosis>;

constexpr std::size_t most_values_shown = 3;

// ---- what an attempt's policy and quote say, PCR by PCR

/// `tpm_policy` of the enrolment that was in force; an object, or nothing.
std::optional<json> policy_of(const Attempt& attempt) {
    const auto* act = as<history::TenantActSeen>(attempt.enrolment);
    if (act == nullptr) return std::nullopt;
    auto policy = json::parse(act->tpm_policy.empty() ? "{}" : act->tpm_policy, nullptr, false);
    if (!policy.is_object()) return std::nullopt;
    return policy;
}

const history::QuoteValues* quote_of(const Attempt& attempt) {
    const auto* operation = as<history::TpmOperation>(attempt.quote);
    return operation != nullptr && operation->quote ? &*operation->quote : nullptr;
}

std::optional<int> pcr_in(const std::string& key) {
    int pcr = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), pcr);
    if (error != std::errc{} || end != key.data() + key.size()) return std::nullopt;
    return pcr;
}

struct PcrEntry {
    int pcr = 0;
    json values;         ///< as in the policy: a list, or what somebody took for one
    std::string quoted;  ///< empty: not quoted

    std::vector<std::string> texts() const {
        std::vector<std::string> all;
        for (const json& value : values) {
            if (value.is_string()) all.push_back(value.get<std::string>());
        }
        return all;
    }
};

/// The PCRs that the policy names.
std::vector<PcrEntry> entries_of(const json& policy, const history::QuoteValues& quote) {
    std::map<int, PcrEntry> entries;
    for (const auto& [key, values] : policy.items()) {
        const auto pcr = pcr_in(key);
        if (!pcr) continue;
        const auto quoted = quote.pcrs.find(*pcr);
        entries[*pcr] = {*pcr, values, quoted == quote.pcrs.end() ? "" : quoted->second};
    }
    std::vector<PcrEntry> all;
    for (auto& [pcr, entry] : entries)
        all.push_back(std::move(entry));
    return all;
}

bool same_but_for_case(const std::string& a, const std::string& b) {
    return std::ranges::equal(a, b, {}, lower_ascii, lower_ascii);
}

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

std::string times(std::size_t count) {
    return count == 1 ? "once" : count == 2 ? "twice" : fmt::format("{} times", count);
}

std::string only_policy(int pcr, const std::string& value) {
    return fmt::format(R"({{"{}": ["{}"]}})", pcr, value);
}

constexpr const char* enrol_again =
    "enrol again with {}; deleting first is needed, for Keylime has no update of a TPM policy";

/// Attempts with a verdict of this evaluation whose policy and quote are known.
template <typename Each>
Found for_each_judged(const AgentStory& agent, const char* evaluation, Each each) {
    Found found;
    for (const Attempt& attempt : agent.attempts) {
        const auto* verdict = as<history::Verdict>(attempt.verdict);
        const auto* quote = quote_of(attempt);
        const auto policy = policy_of(attempt);
        if (verdict == nullptr || evaluation_of(*verdict) != evaluation || quote == nullptr || !policy)
            continue;
        each(attempt, *policy, *quote, found);
    }
    return found;
}

/// PCRs of a failed attestation whose value is in none of the lists that the policy has for them.
template <typename Each>
Found for_each_mismatch(const AgentStory& agent, Each each) {
    return for_each_judged(
        agent, "fail",
        [&](const Attempt& attempt, const json& policy, const history::QuoteValues& quote, Found& found) {
            for (const PcrEntry& entry : entries_of(policy, quote)) {
                const auto values = entry.texts();
                if (!entry.values.is_array() || std::ranges::find(values, entry.quoted) != values.end())
                    continue;
                each(attempt, entry, values, quote.bank, found);
            }
        });
}

bool is_upper_case(const std::vector<std::string>& values, const std::string& quoted) {
    return std::ranges::any_of(values,
                               [&](const std::string& value) { return same_but_for_case(value, quoted); });
}

bool is_of_other_banks(const std::vector<std::string>& values, const std::string& quoted) {
    return !quoted.empty() && !values.empty() && std::ranges::all_of(values, [&](const std::string& value) {
        return value.size() != quoted.size();
    });
}

// ---- PCR mismatch

Found pcr_changed(const AgentStory& agent, const std::vector<AgentStory>& /*all*/) {
    return for_each_mismatch(agent, [&](const Attempt& attempt, const PcrEntry& entry,
                                        const std::vector<std::string>& values, const std::string& bank,
                                        Found& found) {
        if (is_upper_case(values, entry.quoted) || is_of_other_banks(values, entry.quoted)) return;
        const std::size_t extended = agent.extended(entry.pcr, *attempt.enrolment, *attempt.quote);
        const std::string pcr = fmt::format("PCR {} ({})", entry.pcr, bank);
        const std::string quoted = entry.quoted.empty() ? "not quoted" : "quoted " + entry.quoted;
        found.push_back(
            {.cause = fmt::format(
                 "{}{}: {}, {}", pcr,
                 extended == 0 ? "" : fmt::format(" was extended {} after enrolment", times(extended)),
                 policy_words(values), quoted),
             .mend = entry.quoted.empty()
                         ? "find out why the agent does not quote it"
                         : "If the new value is right, " +
                               fmt::format(fmt::runtime(enrol_again), only_policy(entry.pcr, entry.quoted)),
             .evidence = {attempt.verdict->n, attempt.quote->n, attempt.enrolment->n}});
    });
}

Found policy_in_upper_case(const AgentStory& agent, const std::vector<AgentStory>& /*all*/) {
    return for_each_mismatch(agent, [&](const Attempt& attempt, const PcrEntry& entry,
                                        const std::vector<std::string>& values, const std::string& bank,
                                        Found& found) {
        if (!is_upper_case(values, entry.quoted)) return;
        found.push_back(
            {.cause = fmt::format("PCR {} ({}) has the value that the policy means, but the policy "
                                  "has it in upper case, and the verifier compares text: {}, quoted {}",
                                  entry.pcr, bank, policy_words(values), entry.quoted),
             .mend =
                 fmt::format(fmt::runtime("Write the hex digits in lower case: " + std::string(enrol_again)),
                             only_policy(entry.pcr, entry.quoted)),
             .evidence = {attempt.verdict->n, attempt.quote->n, attempt.enrolment->n}});
    });
}

Found policy_of_another_bank(const AgentStory& agent, const std::vector<AgentStory>& /*all*/) {
    return for_each_mismatch(
        agent, [&](const Attempt& attempt, const PcrEntry& entry, const std::vector<std::string>& values,
                   const std::string& bank, Found& found) {
            if (!is_of_other_banks(values, entry.quoted)) return;
            const std::string other = bank_of(values.front().size());
            found.push_back(
                {.cause = fmt::format(
                     "The policy's values for PCR {} are {} hex digits long{}, the quote is of the {} "
                     "bank ({} digits): the verifier drops values of another length, and none is left",
                     entry.pcr, values.front().size(),
                     other.empty() ? "" : fmt::format(", as those of the {} bank", other), bank,
                     entry.quoted.size()),
                 .mend = fmt::format("Take the values from the {} bank (tpm2_pcrread {}:{}): ", bank, bank,
                                     entry.pcr) +
                         fmt::format(fmt::runtime(enrol_again), only_policy(entry.pcr, entry.quoted)),
                 .evidence = {attempt.verdict->n, attempt.quote->n, attempt.enrolment->n}});
        });
}

Found policy_not_enforced(const AgentStory& agent, const std::vector<AgentStory>& /*all*/) {
    return for_each_judged(
        agent, "pass",
        [&](const Attempt& attempt, const json& policy, const history::QuoteValues& quote, Found& found) {
            for (const PcrEntry& entry : entries_of(policy, quote)) {
                if (!entry.values.is_string() || entry.quoted.empty() ||
                    entry.values.get<std::string>() == entry.quoted)
                    continue;
                found.push_back(
                    {.cause = fmt::format(
                         "PCR {} ({}) has a value that the policy does not name, and the attestation "
                         "passed: the policy gives the PCR a text where a list belongs, and the "
                         "verifier then compares nothing. Policy {}, quoted {}",
                         entry.pcr, quote.bank, entry.values.get<std::string>(), entry.quoted),
                     .mend = "Write the values of every PCR as a list, also where there is one: " +
                             fmt::format(fmt::runtime(enrol_again),
                                         only_policy(entry.pcr, entry.values.get<std::string>())),
                     .evidence = {attempt.verdict->n, attempt.quote->n, attempt.enrolment->n}});
            }
        });
}

Found pcr_missing_from_policy(const AgentStory& agent, const std::vector<AgentStory>& /*all*/) {
    return for_each_judged(
        agent, "pass",
        [&](const Attempt& attempt, const json& policy, const history::QuoteValues& quote, Found& found) {
            std::vector<int> named;
            for (const PcrEntry& entry : entries_of(policy, quote))
                named.push_back(entry.pcr);
            for (int pcr = 0; pcr < 24; ++pcr) {
                const std::size_t extended = agent.extended(pcr, *attempt.enrolment, *attempt.quote);
                if (extended == 0 || named.empty() || std::ranges::find(named, pcr) != named.end()) continue;
                found.push_back(
                    {.cause = fmt::format(
                         "PCR {} was extended {} after enrolment, and the attestation passed: the "
                         "policy names PCR {} alone, and the verifier asks for no other",
                         pcr, times(extended), fmt::join(named, ", ")),
                     .mend = fmt::format(
                         "If PCR {} matters, name it in the policy: delete the agent and enrol it again",
                         pcr),
                     .evidence = {attempt.verdict->n, attempt.negotiation->n, attempt.enrolment->n}});
            }
        });
}

// ---- challenges_expired

/// Submissions that were refused with this code.
template <typename Each>
Found for_each_refusal(const AgentStory& agent, const char* code, Each each) {
    Found found;
    for (const Attempt& attempt : agent.attempts) {
        for (const history::Entry* line : attempt.submissions) {
            const auto* submission = as<history::ExchangeSeen>(line);
            if (submission->status == 403 && submission->code == code)
                each(attempt, *line, *submission, found);
        }
    }
    return found;
}

Found no_policy_no_challenge(const AgentStory& agent, const std::vector<AgentStory>& /*all*/) {
    return for_each_refusal(
        agent, "challenges_expired",
        [&](const Attempt& attempt, const history::Entry& refusal, const history::ExchangeSeen&,
            Found& found) {
            const auto& negotiated = attempt.negotiated().negotiated;
            if (!negotiated || !negotiated->requested.empty()) return;
            found.push_back(
                {.cause = fmt::format(
                     "{} No PCR is required, so the verifier requests no evidence and issues no "
                     "challenge; whatever is sent counts as expired.",
                     attempt.enrolment != nullptr ? "The agent is enrolled without a policy that names a PCR."
                                                  : "The verifier's policy for the agent names no PCR."),
                 .mend =
                     "Enrol with a policy that names at least one PCR, e.g. keylime_tenant -c add -u <id> "
                     "--push-model --tpm_policy '{\"7\": [\"…\"]}'",
                 .evidence = {refusal.n, attempt.negotiation->n}});
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

Found evidence_after_expiry(const AgentStory& agent, const std::vector<AgentStory>& /*all*/) {
    return for_each_refusal(
        agent, "challenges_expired",
        [&](const Attempt& attempt, const history::Entry& refusal, const history::ExchangeSeen& submission,
            Found& found) {
            const auto& negotiated = attempt.negotiated().negotiated;
            if (!negotiated || negotiated->requested.empty()) return;
            const auto lifetime = lifetime_of(*negotiated);
            if (!lifetime) return;
            // Both by our clock; the verifier's began when the request arrived, between the two.
            const Duration held = submission.start + submission.total - attempt.negotiated().start;
            if (held < *lifetime) return;
            const Duration waited = submission.start - attempt.negotiated().start;
            found.push_back(
                {.cause = fmt::format(
                     "The challenge lived {} (challenge_lifetime), and the evidence was sent {} after "
                     "the negotiation began. The evidence itself was not looked at.",
                     milliseconds(*lifetime), milliseconds(waited)),
                 .mend = "Find what delays the agent between negotiation and evidence (a busy TPM, a long "
                         "log, a slow "
                         "or frozen machine), or raise challenge_lifetime in verifier.conf. A new "
                         "negotiation gets a "
                         "new challenge; the token is still good.",
                 .evidence = {refusal.n, attempt.negotiation->n}});
        });
}

// ---- status

Found failure_sticks(const AgentStory& agent, const std::vector<AgentStory>& /*all*/) {
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

Found no_evidence_for_too_long(const AgentStory& agent, const std::vector<AgentStory>& /*all*/) {
    const auto timeout = std::ranges::find_if(agent.statuses, [](const history::Entry* line) {
        return as<history::StatusRead>(line)->status == "TIMEOUT";
    });
    if (timeout == agent.statuses.end()) return {};
    const history::Entry* accepted = nullptr;
    for (const history::Entry* line : agent.lines) {
        const auto* submission = as_submission(line);
        if (submission != nullptr && is_accepted(*submission) && line->n < (*timeout)->n) accepted = line;
    }
    const auto* submission = as<history::ExchangeSeen>(accepted);
    if (submission == nullptr || !submission->seconds_to_next) return {};
    const Duration limit = std::chrono::seconds{intervals_until_timeout * *submission->seconds_to_next};
    const Duration silence = (*timeout)->t - accepted->t;
    if (silence < limit) return {};
    return {{.cause = fmt::format(
                 "No evidence arrived for {}; the verifier says TIMEOUT after {} times quote_interval "
                 "({} s) without any",
                 seconds_text(silence), intervals_until_timeout, *submission->seconds_to_next),
             .mend =
                 "Find out why the agent is silent (is it running? does it reach the verifier?). The next "
                 "attestation that passes brings the status back; nothing needs to be enrolled again.",
             .evidence = {(*timeout)->n, accepted->n}}};
}

constexpr std::array<Rule, 9> table{{
    {"no_policy_no_challenge", "403 challenges_expired with every attestation, status PENDING",
     no_policy_no_challenge},
    {"evidence_after_expiry", "403 challenges_expired now and then", evidence_after_expiry},
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
