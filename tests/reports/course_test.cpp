#include "reports/course.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/console.hpp"
#include "tests/reports/golden.hpp"

namespace pushsim::reports {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string policy(const std::string& value) {
    return R"({"7":[")" + value + R"("]})";
}

/// Of an agent whose PCR 7 changes, until it is enrolled anew.
std::string broken_and_mended(bool ended = true) {
    Script script;
    script.stack().begin_by_hand().read_policy(policy(quoted));
    for (int i = 0; i < 3; ++i)
        script.attest(i).verdict(i, "pass");
    script.extend(7).quoting({"sha256", {{7, zeros}}});
    for (int i = 3; i < 5; ++i)
        script.attest(i).verdict(i, "fail", "policy_violation");
    script.read_policy(policy(zeros)).attest(5).verdict(5, "pass");
    if (ended) script.end_scenario().end();
    return script.text();
}

std::vector<std::string> texts(const RunReport& report) {
    std::vector<std::string> all;
    for (const CourseLine& line : report.scenarios.at(0).course)
        all.push_back(line.text);
    return all;
}

TEST(Course, SaysWhatHappenedAndWhatRepeatsOnce) {
    const RunReport report = judged(broken_and_mended());
    EXPECT_THAT(texts(report),
                ElementsAre("enrolled with policy " + policy(quoted), "attestations 0 to 2: PASS",
                            "PCR 7 extended: text:x", "attestations 3 to 4: FAIL policy_violation",
                            "enrolled with policy " + policy(zeros), "attestation 5: PASS"));
    EXPECT_EQ(report.scenarios[0].headline, "verdicts: 4 PASS, 2 FAIL policy_violation");
    EXPECT_EQ(report.scenarios[0].outcome, Outcome::NotAsExpected);
}

TEST(Course, HasTheTimeOfTheFirstOfARow) {
    const RunReport report = judged(broken_and_mended());
    const auto& course = report.scenarios.at(0).course;
    // The head's time, and every line of the history takes 100 ms.
    EXPECT_EQ(course.at(0).time, report.head->started + std::chrono::milliseconds{300});
    EXPECT_EQ(course.at(1).time, report.head->started + std::chrono::milliseconds{800});
}

TEST(Course, StandsInTheReportInPlaceOfTheFinding) {
    const std::string text = console_text(judged(broken_and_mended()), "", ConsoleStyle{});
    EXPECT_THAT(text, HasSubstr("attestations 3 to 4: FAIL policy_violation\n"));
    EXPECT_THAT(text, HasSubstr("cause  PCR 7"));
    EXPECT_THAT(text, Not(HasSubstr("goal_reached")));
}

TEST(Course, OfAnAgentThatStillRunsIsNotSaidToHaveEnded) {
    const RunReport report = judged(broken_and_mended(false));
    EXPECT_EQ(report.scenarios.at(0).outcome, Outcome::Partial);
    EXPECT_EQ(report.scenarios[0].reason, "it has not ended, or was killed");
}

TEST(Course, JoinsOnlyAttestationsThatFollowEachOther) {
    Script script;
    script.stack().begin_by_hand().read_policy(policy(quoted));
    for (const int index : {0, 2, 3})
        script.attest(index).verdict(index, "pass");
    EXPECT_THAT(texts(judged(script.end_scenario().end().text())),
                ElementsAre(testing::_, "attestation 0: PASS", "attestations 2 to 3: PASS"));
}

TEST(Course, JoinsRefusalsThatDifferInNumbersAlone) {
    Script script;
    script.stack().begin_by_hand();
    for (int index = 0; index < 3; ++index) {
        script.cycle({"submit", "refused", 403, "challenges_expired", index,
                      "PATCH /v3.0/agents/id/attestations/" + std::to_string(index) + ": 403"});
    }
    for (const std::string session : {"4711", "4712"})
        script.cycle({"authenticate", "failed", 401, "", std::nullopt, "PATCH /v3.0/sessions/" + session});
    EXPECT_THAT(texts(judged(script.end_scenario().end().text())),
                ElementsAre("attestations 0 to 2: 403 challenges_expired", "authenticate: 401 (2 times)"));
}

TEST(Course, AttestationsThatBeginAnewAreARowOfTheirOwn) {
    Script script;
    script.stack().begin_by_hand();
    for (const int index : {0, 1, 2, 0})
        script.attest(index).verdict(index, "pass");
    EXPECT_THAT(texts(judged(script.end_scenario().end().text())),
                ElementsAre("attestations 0 to 2: PASS", "attestation 0: PASS"));
}

RunReport by_hand(const std::function<void(Script&)>& play, h::ScenarioEnd end = {}) {
    Script script;
    script.stack().begin_by_hand();
    play(script);
    return judged(script.end_scenario(std::move(end)).end().text());
}

TEST(ByHand, AnAgentThatIsRefusedEveryTimeIsNotAsExpected) {
    const RunReport report = by_hand([](Script& s) {
        s.read_policy(policy(quoted))
            .attest(0, 403, "challenges_expired")
            .attest(1, 403, "challenges_expired");
    });
    EXPECT_EQ(report.scenarios.at(0).outcome, Outcome::NotAsExpected);
    EXPECT_EQ(report.exit_code, 1);
    EXPECT_EQ(report.scenarios[0].headline, "not accepted: 2 × 403 challenges_expired");
    EXPECT_THAT(findings(report, "goal_reached"),
                ElementsAre(HasSubstr("2 attempts did not come to a verdict")));
}

TEST(ByHand, AnAgentThatNeverAttestedIsNoSuccess) {
    const RunReport report = by_hand([](Script& s) {
        s.cycle({"negotiate", "stopped", 404, "not_found", std::nullopt, "not enrolled"});
        s.cycle({"authenticate", "stopped", 200, "", std::nullopt, "not enrolled"});
    });
    EXPECT_EQ(report.scenarios.at(0).outcome, Outcome::Skipped);
    EXPECT_EQ(report.scenarios[0].headline, "it was stopped before it attested: it was not enrolled");
    EXPECT_EQ(report.exit_code, 4) << "nothing was judged";
}

TEST(ByHand, A404WithoutACodeDoesNotSayThatItIsNotEnrolled) {
    const RunReport report = by_hand([](Script& s) {
        s.cycle({"negotiate", "stopped", 404, "", std::nullopt, "no attestations"});
    });
    EXPECT_THAT(report.scenarios.at(0).headline, testing::Not(HasSubstr("not enrolled")));
    EXPECT_EQ(report.exit_code, 1) << "an attempt that came to no verdict, and no waiting";
}

TEST(ByHand, WhatKeptAnAgentFromAttestingIsNotGuessed) {
    const RunReport report = by_hand([](Script& s) { s.read_policy(policy(quoted)).session(429); });
    EXPECT_EQ(report.scenarios.at(0).outcome, Outcome::Skipped);
    EXPECT_EQ(report.scenarios[0].headline, "it was stopped before it attested");
}

TEST(ByHand, VerdictsThatNobodyWasToldAreNoFailure) {
    const RunReport untold = by_hand([](Script& s) { s.attest(0).attest(1); });
    EXPECT_EQ(untold.scenarios.at(0).outcome, Outcome::AsExpected);
    EXPECT_EQ(untold.scenarios[0].headline, "2 attestations accepted, verdict not known");
    EXPECT_EQ(untold.scenarios[0].account.pending, 2U);
    EXPECT_THAT(untold.scenarios[0].not_checked, testing::Not(IsEmpty()));
    const RunReport stopped =
        by_hand([](Script& s) { s.read_policy(policy(quoted)).attest(0).verdict(0, "pass").attest(1); });
    EXPECT_EQ(stopped.scenarios.at(0).outcome, Outcome::AsExpected);
    EXPECT_EQ(stopped.scenarios[0].headline, "verdicts: PASS");
}

TEST(ByHand, AnAgentThatWaitedToBeEnrolledAndPassedIsAsExpected) {
    const RunReport report = by_hand([](Script& s) {
        s.cycle({"authenticate", "stopped", 200, "", std::nullopt, "not enrolled"});
        s.read_policy(policy(quoted)).attest(0).verdict(0, "pass");
    });
    EXPECT_EQ(report.scenarios.at(0).outcome, Outcome::AsExpected);
    EXPECT_EQ(report.scenarios[0].headline, "verdicts: PASS");
}

TEST(ByHand, AnAgentWithoutATpmIsAnError) {
    const RunReport report =
        by_hand([](Script& s) { s.provision_in_vain("no TPM at \"swtpm:port=9\""); },
                {h::ScenarioEnd::Ending::Failed, "no TPM at \"swtpm:port=9\"", "start one"});
    EXPECT_EQ(report.scenarios.at(0).outcome, Outcome::Error);
    EXPECT_EQ(report.scenarios[0].headline, "no TPM at \"swtpm:port=9\"");
    EXPECT_EQ(report.exit_code, 3);
}

TEST(Course, IsOfAgentsByHandAlone) {
    EXPECT_THAT(judged(honest_run()).scenarios.at(0).course, IsEmpty());
}

}  // namespace
}  // namespace pushsim::reports
