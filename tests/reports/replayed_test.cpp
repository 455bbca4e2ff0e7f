#include "reports/replayed.hpp"

#include <gmock/gmock.h>

namespace pushsim::reports {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Result = Replayed::Result;

ScenarioReport scenario(Outcome outcome, Judgement judgement, const std::string& actual,
                        const std::string& rule = "") {
    ScenarioReport report;
    report.name = "late";
    report.outcome = outcome;
    report.expectations.push_back({.judgement = judgement, .what = "verdict, late", .actual = actual});
    if (!rule.empty()) report.diagnoses.push_back({.rule = rule});
    return report;
}

Replayed compared(const ScenarioReport& before, const ScenarioReport& after) {
    RunReport one, other;
    one.scenarios = {before};
    other.scenarios = {after};
    return compare_replay({before.name}, one, other).at(0);
}

const ScenarioReport kFailed =
    scenario(Outcome::NotAsExpected, Judgement::DoesNotHold, "late[0]: FAIL", "pcr_mismatch");
const ScenarioReport kPassed = scenario(Outcome::AsExpected, Judgement::Holds, "late[0]: PASS");

TEST(Replayed, SameJudgementsAndCausesAreReproducedWhateverTheFiguresAre) {
    ScenarioReport again = kFailed;
    again.expectations[0].actual = "late[0]: FAIL, after 2 s";
    again.duration = std::chrono::seconds{9};
    EXPECT_EQ(compared(kFailed, again).result, Result::Reproduced);
    EXPECT_EQ(compared(kPassed, kPassed).result, Result::Reproduced);
}

TEST(Replayed, FailureThatIsGoneIsNotReproduced) {
    const Replayed replayed = compared(kFailed, kPassed);
    EXPECT_EQ(replayed.result, Result::NotReproduced);
    EXPECT_THAT(replayed.differences,
                ElementsAre("verdict, late: was does_not_hold (late[0]: FAIL), is holds (late[0]: PASS)",
                            "pcr_mismatch: there before, and not now"));
    EXPECT_EQ(compared(scenario(Outcome::Reproduced, Judgement::Holds, ""),
                       scenario(Outcome::NotSeen, Judgement::DoesNotHold, ""))
                  .result,
              Result::NotReproduced);
}

TEST(Replayed, AnythingElseDiffersAndSaysWhere) {
    EXPECT_EQ(compared(kPassed, kFailed).result, Result::Differs);
    ScenarioReport other_cause = kFailed;
    other_cause.diagnoses[0].rule = "challenges_expired";
    const Replayed replayed = compared(kFailed, other_cause);
    EXPECT_EQ(replayed.result, Result::Differs);
    EXPECT_THAT(replayed.differences, ElementsAre("pcr_mismatch: there before, and not now",
                                                  "challenges_expired: not there before"));
    ScenarioReport finding = kFailed;
    finding.findings.push_back({.check = "accounted", .severity = Severity::Wrong});
    EXPECT_EQ(compared(kFailed, finding).result, Result::Differs);
    ScenarioReport more = kPassed;
    more.expectations.push_back(more.expectations[0]);
    EXPECT_EQ(compared(kPassed, more).result, Result::Differs);
    EXPECT_EQ(compared(more, kPassed).result, Result::Differs);
}

TEST(Replayed, WhatDidNotComeToItsEndCannotBeCompared) {
    ScenarioReport ended = kFailed;
    ended.outcome = Outcome::Partial;
    ended.reason = "interrupted";
    EXPECT_THAT(compared(ended, kFailed).differences,
                ElementsAre(HasSubstr("before it did not come to its end")));
    EXPECT_THAT(compared(kFailed, ended).differences,
                ElementsAre(HasSubstr("now it did not come to its end")));
    EXPECT_EQ(compared(kFailed, ended).result, Result::NotComparable);
    RunReport one;
    one.scenarios = {kFailed};
    EXPECT_EQ(compare_replay({"late"}, one, {}).at(0).result, Result::NotComparable);
}

/// What was recorded where pushsim was killed: that much, and nothing of the rest.
RunReport killed_after(std::vector<ScenarioReport> scenarios) {
    RunReport report;
    report.scenarios = std::move(scenarios);
    report.partial = true;
    report.reason = "the history has no end";
    return report;
}

TEST(Replayed, WhatTheRecordedRunHasNoVerdictOfCannotBeCompared) {
    ScenarioReport other = kPassed;
    other.name = "honest";
    RunReport again;
    again.scenarios = {kFailed, other};
    const std::vector<std::string> plan{"late", "honest"};
    const auto nothing = compare_replay(plan, killed_after({}), again);
    ASSERT_EQ(nothing.size(), 2U);
    for (const Replayed& one : nothing) {
        EXPECT_EQ(one.result, Result::NotComparable);
        EXPECT_THAT(one.differences,
                    ElementsAre("the recorded run has no verdict of it: the history has no end"));
    }
    EXPECT_EQ(nothing[1].scenario, "honest");

    const auto half = compare_replay(plan, killed_after({kFailed}), again);
    ASSERT_EQ(half.size(), 2U);
    EXPECT_EQ(half[0].result, Result::Reproduced);
    EXPECT_EQ(half[1].result, Result::NotComparable);
}

}  // namespace
}  // namespace pushsim::reports
