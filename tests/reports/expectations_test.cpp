#include "reports/expectations.hpp"

#include <gmock/gmock.h>

#include "reports/console.hpp"
#include "tests/reports/results.hpp"

namespace pushsim::reports {
namespace {

using namespace test;
using testing::HasSubstr;

TEST(RequestsExpectation, CountsThoseOfItsKindInTheStepOrInTheRun) {
    const auto judge = [](std::vector<h::RequestsClause> requests, std::optional<int> step) {
        Script script;
        script.begin("counted", {{.requests = std::move(requests), .step = step}}).step(1, "attest");
        script.session().proof(std::chrono::minutes{3}).attest(0).step(2, "attest").session();
        script.proof(std::chrono::minutes{3}).attest(1, 403, "evidence_immutable").attest(2);
        return results_of(script);
    };
    for (const auto& result :
         judge({{"sessions", 1}, {"proofs", 1}, {"negotiations", 2}, {"submissions", 2}}, 2))
        EXPECT_EQ(result.judgement, Judgement::Holds) << result.actual;
    for (const auto& result :
         judge({{"sessions", 2}, {"submissions", 3}, {"registrations", 0}}, std::nullopt))
        EXPECT_EQ(result.judgement, Judgement::Holds) << result.actual;
    const auto result = judge({{"sessions", 0}}, 2).at(0);
    EXPECT_EQ(result.judgement, Judgement::DoesNotHold);
    EXPECT_EQ(result.what, "requests, step 2 (attest)");
    EXPECT_EQ(result.expected, "0 sessions");
    EXPECT_EQ(result.actual, "honest[0]: 1 sessions");
    ASSERT_TRUE(result.exchange);
    EXPECT_EQ(result.exchange->target, "/v3.0/sessions");
    const auto unknown = judge({{"prayers", 1}}, 1).at(0);
    EXPECT_EQ(unknown.judgement, Judgement::Skipped);
    EXPECT_THAT(unknown.reason, HasSubstr("'prayers'"));
}

TEST(RequestsExpectation, SinceTheStartEndWithTheirStep) {
    const auto judge = [](h::RequestsClause requests, std::optional<int> step) {
        Script script;
        script.begin("counted", {{.requests = {std::move(requests)}, .step = step}})
            .step(1, "attest")
            .session();
        script.end_step("attest").step(2, "attest").session().end_step("attest").step(3, "attest").session();
        return judged(script.end_step("attest").end_scenario().end().text())
            .scenarios.at(0)
            .expectations.at(0);
    };
    EXPECT_EQ(judge({"sessions", 1}, 2).judgement, Judgement::Holds);
    EXPECT_EQ(judge({"sessions", 2, true}, 2).judgement, Judgement::Holds);
    EXPECT_EQ(judge({"sessions", 3, true}, 3).judgement, Judgement::Holds);
    EXPECT_EQ(judge({"sessions", 3, true}, std::nullopt).judgement, Judgement::Holds);
    const auto wrong = judge({"sessions", 1, true}, 2);
    EXPECT_EQ(wrong.judgement, Judgement::DoesNotHold);
    EXPECT_EQ(wrong.expected, "1 sessions since the start");
    EXPECT_EQ(wrong.actual, "honest[0]: 2 sessions since the start");
}

TEST(Expectation, EachResultSaysOfWhichClauseItIs) {
    Script script;
    script
        .begin("numbered",
               {{.verdict = h::VerdictClause{"fail", "policy_violation"}, .step = 1},
                {.status = h::StatusClause{"FAIL"}, .decides = {"KPM-VER-001"}, .case_name = "late"}})
        .step(1, "attest");
    script.attest(0).verdict(0, "fail", "policy_violation").status("FAIL", 1);
    const auto results = results_of(script);
    ASSERT_EQ(results.size(), 3U) << "verdict, reason, status";
    EXPECT_EQ(results[0].clause, 0);
    EXPECT_EQ(results[1].clause, 0);
    EXPECT_EQ(results[2].clause, 1);
    EXPECT_TRUE(results[1].decides.empty());
    EXPECT_EQ(results[2].decides, std::vector<std::string>{"KPM-VER-001"});
    EXPECT_EQ(results[2].case_name, "late");
}

/// What came of a refusal, where a deviation from what was expected is known or not.
ScenarioReport refused(std::vector<h::Expectation> expectations) {
    Script script;
    script.begin("deviating", std::move(expectations)).step(1, "attest").attest(0, 500, "");
    return judged(script.end_scenario().end().text()).scenarios.at(0);
}

TEST(Expectation, OfAKnownDeviationDecidesNoOutcome) {
    const h::Expectation right{.response = h::ResponseClause{{{400, 499}}}, .step = 1};
    h::Expectation known{.response = h::ResponseClause{{{500, 500}}}, .step = 1, .instead_of = 0};
    const ScenarioReport seen = refused({right, known});
    EXPECT_EQ(seen.outcome, Outcome::NotAsExpected);
    ASSERT_EQ(seen.expectations.size(), 1U);
    EXPECT_EQ(seen.expectations[0].judgement, Judgement::DoesNotHold);
    ASSERT_EQ(seen.instead.size(), 1U);
    EXPECT_EQ(seen.instead[0].judgement, Judgement::Holds);
    EXPECT_EQ(seen.instead[0].instead_of, 0);
    EXPECT_EQ(seen.instead[0].clause, 1);

    h::Expectation met = right;
    met.response->status = {{500, 500}};
    known.response->status = {{403, 403}};
    const ScenarioReport other = refused({met, known});
    EXPECT_EQ(other.outcome, Outcome::AsExpected) << "that a deviation does not show is no failure";
    EXPECT_EQ(other.instead.at(0).judgement, Judgement::DoesNotHold);
}

TEST(Expectation, OfAKnownDeviationSpeaksForNoFailure) {
    const auto findings_of = [](std::optional<int> instead_of) {
        Script script;
        script
            .begin("silent", {{.requests = {{"submissions", 1}}, .step = 1},
                              {.verdict = h::VerdictClause{"fail"}, .step = 1, .instead_of = instead_of}})
            .step(1, "attest");
        script.attest(0).verdict(0, "fail", "policy_violation").status("FAIL", 1);
        return judged(script.end_scenario().end().text()).scenarios.at(0).findings.size();
    };
    EXPECT_EQ(findings_of(std::nullopt), 0U);
    EXPECT_EQ(findings_of(0), 1U);
}

TEST(CheckExpectation, AccountedFailsWithItsFindings) {
    const auto results = judged(without(honest_run(), R"("kind":"verdict")", 0)).scenarios.at(0).expectations;
    EXPECT_EQ(results.at(3).judgement, Judgement::DoesNotHold);
    EXPECT_THAT(results.at(3).actual, HasSubstr("attestation 0 was accepted (202)"));
    EXPECT_EQ(judged(honest_run()).scenarios.at(0).expectations.at(3).judgement, Judgement::Holds);
}

TEST(CheckExpectation, OfAnUnknownNameIsSkipped) {
    EXPECT_THAT(one({.check = h::CheckClause{"nonces_are_prime"}}).reason,
                HasSubstr("no check of that name"));
}

TEST(Expectations, ACycleInDoubtIsNotJudgedWhereAnotherTookItsPlace) {
    const auto twice = [](bool second_in_doubt) {
        Script script;
        script.begin("doubt", {{.response = h::ResponseClause{{{202, 202}}}, .step = 1},
                               {.verdict = h::VerdictClause{"pass"}, .step = 1}});
        script.step(1, "attest").enrol();
        script.attest_in_doubt(0);
        if (second_in_doubt) {
            script.attest_in_doubt(1);
        } else {
            script.attest(1).verdict(1, "pass");
        }
        return judged(script.end_scenario().end().text());
    };
    const RunReport made_up_for = twice(false);
    EXPECT_EQ(made_up_for.scenarios.at(0).outcome, Outcome::AsExpected);
    const RunReport never = twice(true);
    EXPECT_EQ(never.scenarios.at(0).outcome, Outcome::Skipped);
    for (const auto& result : never.scenarios[0].expectations) {
        EXPECT_EQ(result.judgement, Judgement::Skipped);
        EXPECT_THAT(result.reason, HasSubstr("inconclusive: late"));
    }
    EXPECT_EQ(never.exit_code, 4);
}

TEST(Expectations, ADoubtTakesNothingFromTheCyclesBeforeIt) {
    const auto after = [](const std::string& first_verdict, bool made_up_for) {
        Script script;
        script.begin("doubt", {{.verdict = h::VerdictClause{"pass"}, .step = 1}});
        script.step(1, "attest").enrol(R"({"7":[")" + quoted + R"("]})");
        script.attest(0).verdict(0, first_verdict, first_verdict == "fail" ? "policy_violation" : "");
        for (int i = 1; i <= h::tries_in_doubt - (made_up_for ? 1 : 0); ++i)
            script.attest_in_doubt(i);
        if (made_up_for) script.attest(9).verdict(9, "pass");
        return judged(script.end_scenario().end().text()).scenarios.at(0);
    };
    EXPECT_EQ(after("pass", true).outcome, Outcome::AsExpected);
    EXPECT_EQ(after("fail", true).outcome, Outcome::NotAsExpected);
    EXPECT_EQ(after("pass", false).outcome, Outcome::Skipped);
    EXPECT_EQ(after("fail", false).outcome, Outcome::NotAsExpected) << "what is certain counts";
}

TEST(Expectations, ACycleThatWasGivenUpIsNotHiddenByTheNext) {
    Script script;
    script.begin("doubt", {{.response = h::ResponseClause{{{202, 202}}}, .step = 1}})
        .step(1, "attest")
        .enrol();
    for (int i = 0; i < h::tries_in_doubt; ++i)
        script.attest_in_doubt(i);
    script.attest(3).verdict(3, "pass");
    EXPECT_EQ(judged(script.end_scenario().end().text()).scenarios.at(0).outcome, Outcome::Skipped);
}

TEST(Expectations, AStepInDoubtWithoutAClauseIsNoSuccess) {
    Script script;
    script.begin("doubt", {{.check = h::CheckClause{"accounted"}}, {.status = h::StatusClause{"PASS"}}});
    script.step(1, "attest").enrol().attest_in_doubt(0).status("PENDING", 0);
    const auto report = judged(script.end_scenario().end().text()).scenarios.at(0);
    EXPECT_EQ(report.outcome, Outcome::Skipped);
    EXPECT_EQ(report.headline, "inconclusive: late");
}

TEST(Expectations, OfAScenarioThatDidNotEndAreSkipped) {
    Script script;
    script.begin("x", {{.verdict = h::VerdictClause{"pass"}, .source = "a.yaml:9:3"}}).step(1, "attest");
    const RunReport report = judged(script.text());
    const auto result = report.scenarios.at(0).expectations.at(0);
    EXPECT_EQ(result.what, "verdict, whole run");
    EXPECT_THAT(
        console_text(report, "", {}),
        HasSubstr("not judged: verdict, whole run  (a.yaml:9:3): the scenario did not come to its end"));
    EXPECT_EQ(result.judgement, Judgement::Skipped);
    EXPECT_THAT(result.reason, HasSubstr("did not come to its end"));
}

TEST(Expectations, OfAStepThatWasNotDoneDoNotHold) {
    const auto result = one({.verdict = h::VerdictClause{"none"}, .step = 8});
    EXPECT_EQ(result.judgement, Judgement::DoesNotHold);
    EXPECT_EQ(result.actual, "the step was not done");
}

TEST(CheckExpectation, PlacesThatNobodyCouldCompareHaveNotAgreed) {
    Script script;
    script.begin(
        "one", {{.check = h::CheckClause{"verdict_sources_agree"}}, {.check = h::CheckClause{"accounted"}}});
    script.step(1, "attest").attest(0);
    h::Verdict verdict;
    verdict.record.value = h::RecordVerdict{"verification_complete", "pass"};
    script.add(script.where(), verdict);
    const auto results = results_of(script);
    EXPECT_EQ(results.at(0).judgement, Judgement::Skipped);
    EXPECT_EQ(results.at(1).judgement, Judgement::Holds);
    EXPECT_EQ(results.at(1).actual,
              "nothing wrong (not in full: the verifier's own count was not read for 1 agent)");
}

TEST(Expectations, AboutAgentsThatAreNotThereAreSkipped) {
    EXPECT_EQ(one({.verdict = h::VerdictClause{"pass"}, .agents = {"nobody"}}).judgement, Judgement::Skipped);
}

}  // namespace
}  // namespace pushsim::reports
