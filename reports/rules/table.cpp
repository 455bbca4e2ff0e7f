// The rules in the order in which they are said, and what they share. To add one: a function in the file of
// its theme, its row here, a history that shows it in tests/reports/diagnosis_test.cpp.

#include <array>

#include "reports/rules/rules.hpp"

namespace pushsim::reports {
namespace {

constexpr std::array table{
    Rule{"no_policy_no_challenge", "403 challenges_expired with every attestation, status PENDING",
         rule::no_policy_no_challenge},
    Rule{"evidence_after_expiry", "403 challenges_expired now and then", rule::evidence_after_expiry},
    Rule{"negotiated_again", "403 old_attestation, though no time has passed", rule::negotiated_again},
    Rule{"token_of_another_agent", "403 \"ownership required\", without a code",
         rule::token_of_another_agent},
    Rule{"verifier_in_pull_mode",
         "404 without a body for every attestation, or 400 \"mTLS certificate for agent is required!\"",
         rule::verifier_in_pull_mode},
    Rule{"deleted_by_tenant", "404 not_found for an agent that attested before", rule::deleted_by_tenant},
    Rule{"id_of_another_tpm", "403 for a registration", rule::id_of_another_tpm},
    Rule{"token_expired", "401 for an attestation", rule::token_expired},
    Rule{"token_dropped_on_403", "a new session after each 403 of an attestation",
         rule::token_dropped_on_403},
    Rule{"restarts_before_evidence", "status PENDING, sessions answered with 429",
         rule::restarts_before_evidence},
    Rule{"negotiations_without_evidence", "most attestations of an agent have no evidence",
         rule::negotiations_without_evidence},
    Rule{"limit_of_an_agent", "429 for sessions of one agent", rule::limit_of_an_agent},
    Rule{"limit_of_an_address", "429 for sessions of agents that ask but once", rule::limit_of_an_address},
    Rule{"locked_out_by_others", "429 for sessions of an agent that asked for none or few",
         rule::locked_out_by_others},
    Rule{"proof_with_another_ak", "401 for the proof of possession", rule::proof_with_another_ak},
    Rule{"tpm_clock_went_back", "FAIL broken_evidence_chain after the TPM was started anew",
         rule::tpm_clock_went_back},
    Rule{"policy_of_another_bank", "FAIL policy_violation although the PCR did not change",
         rule::policy_of_another_bank},
    Rule{"policy_in_upper_case", "FAIL policy_violation although the values look the same",
         rule::policy_in_upper_case},
    Rule{"policy_not_enforced", "PASS although a PCR is not what the policy allows",
         rule::policy_not_enforced},
    Rule{"pcr_missing_from_policy", "PASS although a PCR changed", rule::pcr_missing_from_policy},
    Rule{"failure_sticks", "status FAIL although attestations pass", rule::failure_sticks},
    Rule{"no_evidence_for_too_long", "status TIMEOUT", rule::no_evidence_for_too_long},
    Rule{"timeout_although_in_time", "status TIMEOUT now and then although attestations pass",
         rule::timeout_although_in_time},
    Rule{"pass_though_silent", "status PASS of an agent that is long gone", rule::pass_though_silent},
    Rule{"file_not_in_runtime_policy", "FAIL policy_violation, and the PCRs are as they should be",
         rule::file_not_in_runtime_policy},
    Rule{"pcr_changed", "FAIL policy_violation: a PCR is not what the policy allows", rule::pcr_changed},
};

}  // namespace

std::span<const Rule> rules() {
    return table;
}

namespace rule {

std::vector<std::uint64_t> lines_of(std::initializer_list<const history::Entry*> these, const Lines& those) {
    std::vector<std::uint64_t> numbers;
    for (const history::Entry* line : these)
        numbers.push_back(line->n);
    for (const history::Entry* line : those)
        numbers.push_back(line->n);
    return numbers;
}

bool is_refused(const history::Entry* session) {
    return as<history::ExchangeSeen>(session)->status == 429;
}

}  // namespace rule
}  // namespace pushsim::reports
