#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/console.hpp"
#include "reports/junit.hpp"
#include "reports/report_json.hpp"
#include "reports/summary.hpp"
#include "tests/reports/golden.hpp"

namespace pushsim::reports {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Judge, AnHonestRunIsAsExpected) {
    const RunReport report = judged(honest_run());
    EXPECT_EQ(report.scenarios.at(0).outcome, Outcome::AsExpected);
    EXPECT_EQ(report.scenarios[0].headline, "3 attestations accepted, status PASS");
    EXPECT_EQ(report.exit_code, 0);
    EXPECT_FALSE(report.partial);
    EXPECT_EQ(report.totals.as_expected, 1);
    EXPECT_EQ(report.stacks.at(0).keylime_version, "7.14.3");
}

TEST(Judge, AFailureThatWasExpectedIsExplained) {
    const RunReport report = judged(mismatch_run());
    EXPECT_EQ(report.scenarios.at(0).outcome, Outcome::AsExpected);
    EXPECT_EQ(report.scenarios[0].headline, "FAIL policy_violation, as expected");
    ASSERT_EQ(report.scenarios[0].diagnoses.size(), 1U);
    EXPECT_EQ(report.scenarios[0].diagnoses[0].cause,
              "PCR 7 (sha256): policy allows " + zeros + ", quoted " + quoted);
    EXPECT_THAT(report.scenarios[0].unexplained, testing::IsEmpty());
    EXPECT_EQ(report.exit_code, 0);
}

TEST(Judge, AFailureThatWasNotExpectedIsExit1) {
    const RunReport report = judged(mismatch_run("pass"));
    EXPECT_EQ(report.scenarios.at(0).outcome, Outcome::NotAsExpected);
    EXPECT_EQ(report.scenarios[0].headline, "expected PASS, was FAIL policy_violation");
    EXPECT_EQ(report.scenarios[0].diagnoses.size(), 1U);
    EXPECT_EQ(report.exit_code, 1);
}

TEST(Judge, ARefusalThatWasExpectedIsNamed) {
    Script script;
    script.begin("late", {{.response = h::ResponseClause{{{403, 403}}}, .step = 1}}).step(1, "attest");
    script.attest(0, 403, "challenges_expired");
    EXPECT_EQ(judged(script.end_scenario().end().text()).scenarios.at(0).headline,
              "403 challenges_expired, as expected");
}

/// Four negotiations, and then evidence for so many of them.
std::string headline_of_negotiations(int answered) {
    Script script;
    script.begin("negotiations").step(1, "negotiate");
    for (int index = 0; index < 4; ++index)
        script.negotiate(index);
    for (int index = 0; index < answered; ++index)
        script.submit_refused(index, "old_attestation");
    return judged(script.end_scenario().end().text()).scenarios.at(0).headline;
}

TEST(Judge, NegotiationsThatNoEvidenceWasSentForAreCounted) {
    EXPECT_EQ(headline_of_negotiations(1), "3 negotiations without evidence");
    EXPECT_EQ(headline_of_negotiations(2), "nothing was attested") << "once or twice is an accident";
    EXPECT_EQ(headline_of_negotiations(4), "nothing was attested") << "evidence was sent for each";
}

TEST(Judge, WithoutAPcrToBlameTheLogIsQuoted) {
    Script script;
    script.begin("log").step(1, "attest").enrol(R"({"7":[")" + quoted + R"("]})").attest(0);
    h::Verdict verdict;
    verdict.log.value =
        h::LogVerdict{"fail", "broken_evidence_chain", {"because the quote could not be authenticated"}};
    script.add(script.where(), verdict);
    EXPECT_THAT(notes_of(judged(script.end_scenario().end().text()).scenarios.at(0)),
                ElementsAre("the verifier's log: because the quote could not be authenticated"));
}

TEST(Judge, TheSameCauseOfManyAgentsIsSaidOnce) {
    Script script;
    script.begin("fleet", {}, 3).step(1, "attest");
    for (const char* name : {"honest[0]", "honest[1]", "honest[2]"}) {
        script.enrol(R"({"7":[")" + zeros + R"("]})", name)
            .attest(0, 202, "", name)
            .verdict(0, "fail", "policy_violation", name);
    }
    const RunReport report = judged(script.end_scenario().end().text());
    ASSERT_EQ(report.scenarios.at(0).diagnoses.size(), 1U);
    EXPECT_THAT(report.scenarios[0].diagnoses[0].agents, ElementsAre("honest[0]", "honest[1]", "honest[2]"));
    EXPECT_THAT(
        console_text(report, "", {}),
        HasSubstr(
            "        cause  3 agents (honest[0], honest[1], honest[2]): PCR 7 (sha256): policy allows"));
}

TEST(Judge, SkippedScenariosAloneAreExit4) {
    Script script;
    script.begin("x").end_scenario({h::ScenarioEnd::Ending::Skipped, "needs a database", ""});
    const std::string skipped_only = script.text();
    const RunReport report = judged(script.end().text());
    EXPECT_EQ(report.scenarios.at(0).outcome, Outcome::Skipped);
    EXPECT_EQ(report.scenarios[0].headline, "needs a database");
    EXPECT_EQ(report.exit_code, 4);
    EXPECT_EQ(judged(Script{}.end().text()).exit_code, 4);
}

TEST(Judge, AScenarioOfWhichNothingCouldBeJudgedIsSkipped) {
    const RunReport report = judged(honest_run({{.check = h::CheckClause{"unheard_of"}}}));
    EXPECT_EQ(report.scenarios.at(0).outcome, Outcome::Skipped);
    EXPECT_EQ(report.exit_code, 4);
}

TEST(Judge, AFailedStackIsExit3WithTheWayOut) {
    Script script;
    script.begin("x")
        .step(1, "attest")
        .end_scenario({h::ScenarioEnd::Ending::Failed, "the verifier died", "look at its log"});
    const RunReport report = judged(script.end({true, "the verifier died", 3}).text());
    EXPECT_EQ(report.scenarios.at(0).outcome, Outcome::Error);
    EXPECT_EQ(report.scenarios[0].mend, "look at its log");
    EXPECT_EQ(report.exit_code, 3);
}

TEST(Judge, AnInterruptedRunIsPartialAndExit130) {
    Script script;
    script.begin("x")
        .step(3, "attest")
        .end_scenario({h::ScenarioEnd::Ending::Interrupted, "interrupted", ""});
    const RunReport report = judged(script.end({true, "interrupted", {}}).text());
    EXPECT_EQ(report.scenarios.at(0).outcome, Outcome::Partial);
    EXPECT_EQ(report.scenarios[0].headline, "interrupted in step 3 (attest)");
    EXPECT_TRUE(report.partial);
    EXPECT_EQ(report.exit_code, 130);
}

TEST(Judge, AKilledRunIsPartialAndExit3) {
    const std::string whole = honest_run();
    const RunReport report = judged(whole.substr(0, whole.find(R"("kind":"scenario_end")")));
    EXPECT_EQ(report.scenarios.at(0).outcome, Outcome::Partial);
    EXPECT_EQ(report.scenarios[0].headline, "the run ended in step 1 (attest)");
    EXPECT_THAT(report.reason, HasSubstr("killed"));
    EXPECT_TRUE(report.partial);
    EXPECT_EQ(report.exit_code, 3);
    // What was under way cannot add up and is no finding.
    EXPECT_TRUE(report.scenarios[0].findings.empty());
}

TEST(Judge, AScenarioThatEndedBeforeTheKillKeepsItsOutcome) {
    const std::string whole = honest_run();
    const RunReport report = judged(whole.substr(0, whole.find(R"({"n":)", whole.find("scenario_end"))));
    EXPECT_EQ(report.scenarios.at(0).outcome, Outcome::AsExpected);
    EXPECT_TRUE(report.partial);
    EXPECT_EQ(report.exit_code, 3);
}

TEST(Judge, CutAnywhereTheHistoryStillGivesEveryReport) {
    const std::string whole = honest_run();
    // A step that meets every place of a line sooner or later, and the octets around each line feed.
    constexpr std::size_t stride = 7;
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const bool at_end_of_line = whole[size] == '\n' || (size > 0 && whole[size - 1] == '\n');
        if (size % stride != 0 && !at_end_of_line) continue;
        const RunReport report = judged(whole.substr(0, size));
        ASSERT_TRUE(report.partial) << "cut at " << size;
        ASSERT_EQ(report.exit_code, 3) << "cut at " << size;
        // The reports differ between whole lines only.
        if (size > 0 && whole[size - 1] != '\n') continue;
        EXPECT_THAT(console_text(report, "", {}), HasSubstr("partial"));
        EXPECT_THAT(report_json(report), HasSubstr(R"("partial": true)"));
        EXPECT_THAT(junit_xml(report, ""), HasSubstr("<error"));
    }
}

TEST(Judge, AHistoryWithAGapIsInvalid) {
    const std::string whole = honest_run();
    auto lines = h::test::lines_of(whole);
    lines.erase(lines.begin() + 6);
    std::string text;
    for (const std::string& line : lines)
        text += line + "\n";
    const RunReport report = judged(text);
    ASSERT_EQ(report.findings.size(), 1U);
    EXPECT_THAT(report.findings[0].text, HasSubstr("1 line is missing from the history, the first is 6"));
    EXPECT_EQ(report.exit_code, 3);
}

TEST(Judge, ScenariosSideBySideAreToldApart) {
    Script script;
    script.begin("a").begin("b").step(1, "attest").enrol().attest(0).verdict(0, "pass");
    script.add({"a"}, h::ScenarioEnd{}).add({"b"}, h::ScenarioEnd{});
    const RunReport report = judged(script.end().text());
    ASSERT_EQ(report.scenarios.size(), 2U);
    EXPECT_EQ(report.scenarios[0].account.accepted, 0U);
    EXPECT_EQ(report.scenarios[1].account.accepted, 1U);
}

TEST(Judge, IsAPureFunction) {
    EXPECT_EQ(report_json(judged(mismatch_run())), report_json(judged(mismatch_run())));
}

}  // namespace
}  // namespace pushsim::reports
