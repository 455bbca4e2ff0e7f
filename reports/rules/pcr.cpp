// PCRs and the policies for them.

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "agent/base/text.hpp"
#include "reports/rules/rules.hpp"
#include "reports/text.hpp"

namespace pushsim::reports::rule {
namespace {

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

/// Then the verifier asked for it, for the policy or for the agent's IMA log.
bool is_quoted(const Attempt& attempt, int pcr) {
    const auto* operation = as<history::TpmOperation>(attempt.quote);
    return operation != nullptr && operation->quote && operation->quote->pcrs.contains(pcr);
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

}  // namespace

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
            if (extended.empty() || named.empty() || named.contains(pcr) || is_quoted(attempt, pcr)) continue;
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

}  // namespace pushsim::reports::rule
