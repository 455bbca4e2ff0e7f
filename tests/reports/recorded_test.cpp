// The rules over what real servers did: the recorded histories of the reproductions.

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
        {"challenges-expired-late", {{"evidence_after_expiry", {"late[0]"}}}},
        {"challenges-expired-no-policy",
         {{"no_policy_no_challenge", {"mask-alone[0]", "nothing-required[0]"}}}},
        {"pcr-mismatch", {{"pcr_changed", {"changed[0]"}}}},
        {"pcr-mismatch-upper-case-policy", {{"policy_in_upper_case", {"upper-case[0]"}}}},
        {"pcr-mismatch-wrong-bank", {{"policy_of_another_bank", {"sha1-values[0]"}}}},
        {"pcr-missing-from-policy",
         {{"pcr_missing_from_policy", {"not-named[0]"}}, {"pcr_changed", {"control[0]"}}}},
        {"pcr-policy-not-enforced",
         {{"policy_not_enforced", {"text-for-a-list[0]"}}, {"pcr_changed", {"control[0]"}}}},
        {"rate-limit-lockout", {{"limit_of_an_address", {"behind-one-address[50]"}}}},
        {"restart-loop",
         {{"restarts_before_evidence", {"looping[0]"}}, {"limit_of_an_agent", {"looping[0]"}}}},
        {"status-stays-fail",
         {{"pcr_changed", {"control[0]", "failed-once[0]"}}, {"failure_sticks", {"failed-once[0]"}}}},
        {"status-timeout-and-back", {{"no_evidence_for_too_long", {"silent[0]"}}}},
        {"token-lost-on-403",
         {{"evidence_after_expiry", {"control[0]", "rust[0]"}}, {"token_dropped_on_403", {"rust[0]"}}}},
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
    const auto found = judged(recorded(GetParam())).scenarios.at(0).diagnoses;
    EXPECT_EQ(spoken(found), expected().at(GetParam()));
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

/// Reproductions whose histories are not recorded: no rule of diagnosis speaks of them yet.
const std::vector<std::string>& without_a_rule() {
    static const std::vector<std::string> all = {"attestations-without-evidence",
                                                 "challenge-issued-twice",
                                                 "database-is-locked",
                                                 "database-pool-exhausted",
                                                 "enrolment-mtls-certificate-required",
                                                 "old-attestation-two-negotiations",
                                                 "policy-name-taken",
                                                 "push-agent-pull-verifier",
                                                 "rate-limit-locked-out-by-others",
                                                 "silent-agent-stays-pass-after-restart",
                                                 "status-pass-after-verifier-restart",
                                                 "status-pass-while-failing",
                                                 "status-timeout-several-workers",
                                                 "status-timeout-too-early",
                                                 "token-of-another-agent",
                                                 "token-outlives-agent",
                                                 "uuid-taken-by-another-tpm"};
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
    all.insert(all.end(), without_a_rule().begin(), without_a_rule().end());
    EXPECT_THAT(stems_in("scenarios/reproduce"), testing::UnorderedElementsAreArray(all));
}

}  // namespace
}  // namespace pushsim::reports::test
