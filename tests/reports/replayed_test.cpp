#include "reports/replayed.hpp"

#include <gmock/gmock.h>

#include "tests/reports/golden.hpp"

namespace pushsim::reports {
namespace {

namespace h = history;
using testing::Contains;
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

/// A cycle whose submission is answered so, where 202 or 299 was expected.
RunReport submission(int status, const std::string& code = "", Duration after = {},
                     std::vector<h::Expectation> expectations = {
                         {.response = h::ResponseClause{{{202, 202}, {299, 299}}}, .step = 1}}) {
    test::Script script;
    script.begin("late", std::move(expectations)).step(1, "attest").wait(after).attest(0, status, code);
    return test::judged(script.end_scenario().end().text());
}

Replayed compared(const RunReport& before, const RunReport& after) {
    return compare_replay({"late"}, before, after).at(0);
}

TEST(Replayed, AnotherAnswerIsAnotherFailureThoughBothAreNotAsExpected) {
    const RunReport before = submission(503);
    ASSERT_EQ(before.scenarios[0].outcome, Outcome::NotAsExpected);
    EXPECT_EQ(compared(before, submission(503, "", std::chrono::seconds{7})).result, Result::Reproduced);
    const Replayed other = compared(before, submission(404));
    EXPECT_EQ(other.result, Result::Differs);
    EXPECT_THAT(other.details,
                ElementsAre("submit answered 404, was submit answered 503 (response, step 1 (attest))"));
    const Replayed code = compared(submission(403, "one_code"), submission(403, "another"));
    EXPECT_EQ(code.result, Result::Differs);
    EXPECT_THAT(code.details, Contains(HasSubstr("submit answered 403 another, was submit answered 403")));
}

TEST(Replayed, AnotherAnswerIsAnotherWhereSeveralAreExpected) {
    const RunReport before = submission(202);
    ASSERT_EQ(before.scenarios[0].expectations.at(0).judgement, Judgement::Holds);
    EXPECT_EQ(compared(before, submission(202)).result, Result::Reproduced);
    EXPECT_THAT(compared(before, submission(299)).details,
                Contains("submit answered 299, was submit answered 202 (response, step 1 (attest))"));
}

TEST(Replayed, AnotherVerdictIsAnotherFailure) {
    const auto failed = [](const std::string& reason) {
        test::Script script;
        script.begin("late", {{.verdict = h::VerdictClause{"pass"}}}).step(1, "attest").attest(0);
        script.verdict(0, "fail", reason);
        return test::judged(script.end_scenario().end().text());
    };
    EXPECT_EQ(compared(failed("policy_violation"), failed("policy_violation")).result, Result::Reproduced);
    EXPECT_THAT(compared(failed("policy_violation"), failed("broken_evidence_chain")).details,
                Contains("FAIL broken_evidence_chain, was FAIL policy_violation (verdict, whole run)"));
}

TEST(Replayed, AGoalThatWasMissedOtherwiseIsAnotherFailure) {
    const std::vector<h::Expectation> silent{{.check = h::CheckClause{"nonces_distinct"}}};
    const auto missed = [&](int status) { return submission(status, "", {}, silent); };
    EXPECT_EQ(compared(missed(503), missed(503)).result, Result::Reproduced);
    const Replayed other = compared(missed(503), missed(404));
    EXPECT_EQ(other.result, Result::Differs);
    EXPECT_THAT(other.details,
                ElementsAre("finding of goal_reached: submit refused: 503: there before, and not now",
                            "finding of goal_reached: submit refused: 404: not there before"));
}

TEST(Replayed, ACheckThatFindsAnAnswerFindsThatOne) {
    const auto found = [](int status) {
        return submission(status, "", {}, {{.check = h::CheckClause{"no_5xx"}}});
    };
    EXPECT_EQ(compared(found(503), found(503)).result, Result::Reproduced);
    EXPECT_THAT(compared(found(503), found(500)).details,
                Contains("submit answered 500, was submit answered 503 (no_5xx, whole run)"));
}

TEST(Replayed, WhatIsAboutFiguresCameToNothingThatCouldBeCompared) {
    test::Script script;
    script.begin("late", {{.metric = h::MetricClause{"submit.max", {}, std::chrono::hours{1}}},
                          {.requests = {{"submissions", 1}}},
                          {.status = h::StatusClause{"FAIL", h::StatusClause::When::Never}}});
    script.step(1, "attest").attest(0).verdict(0, "pass").read_status_act().status("PASS", 1);
    const RunReport report = test::judged(script.end_scenario().end().text());
    ASSERT_EQ(report.scenarios[0].expectations.size(), 3U);
    for (const ExpectationResult& one : report.scenarios[0].expectations) {
        EXPECT_EQ(one.judgement, Judgement::Holds) << one.what;
        EXPECT_TRUE(one.exchange) << one.what;
        EXPECT_THAT(one.came_to, testing::IsEmpty()) << one.what;
    }
}

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
    EXPECT_THAT(replayed.details,
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
    EXPECT_THAT(replayed.details, ElementsAre("pcr_mismatch: there before, and not now",
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
    EXPECT_THAT(compared(ended, kFailed).details,
                ElementsAre(HasSubstr("before it did not come to its end")));
    EXPECT_THAT(compared(kFailed, ended).details, ElementsAre(HasSubstr("now it did not come to its end")));
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
        EXPECT_THAT(one.details,
                    ElementsAre("the recorded run has no verdict of it: the history has no end"));
    }
    EXPECT_EQ(nothing[1].scenario, "honest");

    const auto half = compare_replay(plan, killed_after({kFailed}), again);
    ASSERT_EQ(half.size(), 2U);
    EXPECT_EQ(half[0].result, Result::Reproduced);
    EXPECT_EQ(half[1].result, Result::NotComparable);
}

TEST(Replayed, WhatComesByChanceIsComparedByWhetherItWasSeen) {
    ScenarioReport seen = scenario(Outcome::Reproduced, Judgement::Holds, "");
    ScenarioReport seen_otherwise = seen;
    seen_otherwise.findings.push_back(
        {.check = "accounted", .severity = Severity::Wrong, .text = "in try 1"});
    EXPECT_EQ(compared(seen, seen_otherwise).result, Result::Reproduced);
    ScenarioReport unseen = scenario(Outcome::NotSeen, Judgement::DoesNotHold, "FAIL", "pcr_changed");
    unseen.reason = "not seen in 3 tries";
    ScenarioReport unseen_otherwise = unseen;
    unseen_otherwise.diagnoses.clear();
    const Replayed neither = compared(unseen, unseen_otherwise);
    EXPECT_EQ(neither.result, Result::Reproduced);
    EXPECT_THAT(neither.details, ElementsAre("not seen in 3 tries, nor when it was recorded"));
    EXPECT_EQ(compared(seen, unseen).result, Result::NotReproduced);
    EXPECT_THAT(compared(seen, unseen).details, ElementsAre("not seen in 3 tries, but when it was recorded"));
    EXPECT_EQ(compared(unseen, seen).result, Result::Differs);
}

TEST(Replayed, OtherServersThanRecordedAreNamed) {
    const auto played = [](std::vector<history::StackFacts> stacks) {
        RunReport report;
        report.stacks = std::move(stacks);
        return report;
    };
    const history::StackFacts local{"local", "7.14.3", "on loopback", "127.0.0.1:1", "127.0.0.1:2"};
    history::StackFacts elsewhere = local;
    elsewhere.verifier = "127.0.0.1:3";
    const history::StackFacts other{"local", "7.14.2", "on loopback", "127.0.0.1:1", "127.0.0.1:2"};
    const history::StackFacts external{"external", "7.14.3", "at v.example:8881", "v:1", "v:2"};
    EXPECT_EQ(other_stack(played({local}), played({elsewhere})), "") << "ports are others each time";
    EXPECT_EQ(other_stack(played({local, other}), played({local})), "") << "a part was played again";
    EXPECT_EQ(other_stack(played({}), played({local})), "") << "it was killed before it began one";
    EXPECT_EQ(other_stack(played({external}), played({local})),
              "played against another stack (local, Keylime 7.14.3 on loopback) than when it was recorded "
              "(external, Keylime 7.14.3 at v.example:8881)");
    EXPECT_THAT(other_stack(played({local}), played({other})), HasSubstr("Keylime 7.14.2"));
}

}  // namespace
}  // namespace pushsim::reports
