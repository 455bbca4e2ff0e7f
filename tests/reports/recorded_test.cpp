// The rules over what real servers did: the recorded histories of the reproductions.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/diagnosis.hpp"
#include "tests/reports/golden.hpp"

namespace pushsim::reports::test {
namespace {

namespace fs = std::filesystem;

struct Spoken {
    std::string rule;
    std::vector<std::string> agents;

    bool operator==(const Spoken&) const = default;
};

void PrintTo(const Spoken& one, std::ostream* out) {
    *out << one.rule << testing::PrintToString(one.agents);
}

/// What must be said of each, and of whom. Where the failure is a PASS, or a FAIL that stays, the control is
/// an agent that fails as it should.
const std::map<std::string, std::vector<Spoken>>& expected() {
    static const std::map<std::string, std::vector<Spoken>> all = {
        {"attestations-without-evidence", {{"negotiations_without_evidence", {"never-sends[0]"}}}},
        {"challenges-expired-late", {{"evidence_after_expiry", {"late[0]"}}}},
        {"challenges-expired-no-policy",
         {{"no_policy_no_challenge", {"mask-alone[0]", "nothing-required[0]"}}}},
        {"enrolment-mtls-certificate-required", {{"verifier_in_pull_mode", {"pushing[0]"}}}},
        {"ima-policy-corrected", {{"file_not_in_runtime_policy", {"control[0]"}}}},
        {"old-attestation-two-negotiations", {{"negotiated_again", {"twice[0]"}}}},
        {"pcr-mismatch", {{"pcr_changed", {"changed[0]"}}}},
        {"pcr-mismatch-upper-case-policy", {{"policy_in_upper_case", {"upper-case[0]"}}}},
        {"pcr-mismatch-wrong-bank", {{"policy_of_another_bank", {"sha1-values[0]"}}}},
        {"pcr-missing-from-policy",
         {{"pcr_missing_from_policy", {"not-named[0]"}}, {"pcr_changed", {"control[0]"}}}},
        {"pcr-policy-not-enforced",
         {{"policy_not_enforced", {"text-for-a-list[0]"}}, {"pcr_changed", {"control[0]"}}}},
        {"push-agent-pull-verifier", {{"verifier_in_pull_mode", {"pushing[0]"}}}},
        {"rate-limit-locked-out-by-others", {{"locked_out_by_others", {"locked-out[0]"}}}},
        {"rate-limit-lockout", {{"limit_of_an_address", {"behind-one-address[50]"}}}},
        {"restart-loop",
         {{"restarts_before_evidence", {"looping[0]"}}, {"limit_of_an_agent", {"looping[0]"}}}},
        {"silent-agent-stays-pass-after-restart",
         {{"no_evidence_for_too_long", {"control[0]"}}, {"pass_though_silent", {"silent[0]"}}}},
        {"status-stays-fail",
         {{"pcr_changed", {"control[0]", "failed-once[0]"}}, {"failure_sticks", {"failed-once[0]"}}}},
        {"status-timeout-and-back", {{"no_evidence_for_too_long", {"silent[0]"}}}},
        {"token-lost-on-403",
         {{"evidence_after_expiry", {"control[0]", "rust[0]"}}, {"token_dropped_on_403", {"rust[0]"}}}},
        {"token-of-another-agent", {{"token_of_another_agent", {"stranger[0]"}}}},
        {"token-outlives-agent", {{"deleted_by_tenant", {"deleted[0]"}}}},
        {"uuid-taken-by-another-tpm", {{"id_of_another_tpm", {"copy[0]", "other-racer[0]", "rust-copy[0]"}}}},
    };
    return all;
}

std::string recorded(const std::string& scenario) {
    const fs::path file = fs::path(PUSHSIM_SOURCE_DIR) / "fixtures/histories" / (scenario + ".jsonl");
    std::ifstream in(file, std::ios::binary);
    if (!in) throw std::runtime_error("no " + file.string() + ": scripts/record-histories makes it");
    return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<Spoken> spoken(const std::vector<Diagnosis>& found) {
    std::vector<Spoken> all;
    for (const Diagnosis& one : found)
        all.push_back({one.rule, one.agents});
    return all;
}

class Recorded : public testing::TestWithParam<std::string> {};

TEST_P(Recorded, IsExplainedAsItWasMeantAndNotOtherwise) {
    EXPECT_EQ(spoken(all_diagnoses(judged(recorded(GetParam())))), expected().at(GetParam()));
}

TEST_P(Recorded, IsNotExplainedSoWithoutALineThatDecides) {
    expect_causes_rest_on_their_lines(recorded(GetParam()));
}

std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const auto& [name, rules] : expected())
        all.push_back(name);
    return all;
}

INSTANTIATE_TEST_SUITE_P(Reproductions, Recorded, testing::ValuesIn(names()), [](const auto& test) {
    std::string name = test.param;
    std::erase(name, '-');
    return name;
});

/// Reproductions whose histories are not recorded, and why no rule of diagnosis speaks of them.
const std::vector<std::string>& without_a_rule() {
    static const std::vector<std::string> all = {
        // Fixed in 7.14.3, which shows nothing of it.
        "challenge-issued-twice", "status-pass-after-verifier-restart", "status-pass-while-failing",
        "status-timeout-too-early", "database-pool-exhausted",
        // A 500 says nothing of its cause, and the history has no line of the log beside it.
        "database-is-locked",
        // It passes, and which policy the verifier has kept is in no line.
        "policy-name-taken",
        // Its TIMEOUT is read by requests alone: as a status that was read, `status_agrees` finds it wrong.
        "status-timeout-several-workers"};
    return all;
}

/// What is recorded of scenarios that are to learn from.
const std::vector<std::string>& examples() {
    static const std::vector<std::string> all = {"ima-policy-corrected"};
    return all;
}

std::vector<std::string> stems_in(const char* folder) {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(fs::path(PUSHSIM_SOURCE_DIR) / folder)) {
        if (entry.path().extension() != ".md") found.push_back(entry.path().stem().string());
    }
    return found;
}

TEST(Reproductions, AreAllRecordedWhereARuleSpeaksOfThemAndNothingElseIs) {
    EXPECT_THAT(stems_in("fixtures/histories"), testing::UnorderedElementsAreArray(names()))
        << "scripts/record-histories records, the table in this test says what is found";
    std::vector<std::string> all = names();
    std::erase_if(
        all, [](const std::string& name) { return std::ranges::find(examples(), name) != examples().end(); });
    all.insert(all.end(), without_a_rule().begin(), without_a_rule().end());
    EXPECT_THAT(stems_in("scenarios/reproduce"), testing::UnorderedElementsAreArray(all));
}

}  // namespace
}  // namespace pushsim::reports::test
