#include "reports/expectations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/console.hpp"
#include "tests/reports/golden.hpp"

namespace pushsim::reports {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::IsEmpty;

/// The results of these expectations over a scenario of two agents, the second of which is refused.
std::vector<ExpectationResult> of_two(std::vector<h::Expectation> expectations) {
    Script script;
    script.begin("two", std::move(expectations), 2).step(1, "attest");
    script.attest(0, 202, "", "honest[0]").verdict(0, "pass", "", "honest[0]");
    script.attest(0, 403, "challenges_expired", "honest[1]");
    script.status("PASS", 1, "honest[0]").status("PENDING", 0, "honest[1]");
    return judged(script.end_scenario().end().text()).scenarios.at(0).expectations;
}

ExpectationResult one(h::Expectation expectation) {
    return of_two({std::move(expectation)}).at(0);
}

TEST(ResponseExpectation, HoldsForStatusRangeCodeAndAgents) {
    EXPECT_EQ(one({.response = h::ResponseClause{{{403, 403}}, {"challenges_expired"}},
                   .step = 1,
                   .agents = {"honest[1]"}})
                  .judgement,
              Judgement::Holds);
    EXPECT_EQ(
        one({.response = h::ResponseClause{{{200, 299}}}, .step = 1, .agents = {"honest[0]"}}).judgement,
        Judgement::Holds);
    EXPECT_EQ(one({.response = h::ResponseClause{{{202, 202}, {403, 403}}}, .step = 1}).judgement,
              Judgement::Holds);
    EXPECT_EQ(one({.response = h::ResponseClause{{{403, 403}}, {"other", "challenges_expired"}},
                   .step = 1,
                   .agents = {"honest[1]"}})
                  .judgement,
              Judgement::Holds);
}

TEST(RequestsExpectation, CountsThoseOfItsKindInTheStepOrInTheRun) {
    const auto judge = [](std::vector<h::RequestsClause> requests, std::optional<int> step) {
        Script script;
        script.begin("counted", {{.requests = std::move(requests), .step = step}}).step(1, "attest");
        script.session().proof(std::chrono::minutes{3}).attest(0).step(2, "attest").session();
        script.proof(std::chrono::minutes{3}).attest(1, 403, "evidence_immutable").attest(2);
        return judged(script.end_scenario().end().text()).scenarios.at(0).expectations;
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

TEST(ResponseExpectation, ThatDoesNotHoldShowsBothSidesAndTheExchange) {
    const auto result = one({.response = h::ResponseClause{{{202, 202}}}, .step = 1, .source = "a.yaml:1:2"});
    EXPECT_EQ(result.judgement, Judgement::DoesNotHold);
    EXPECT_EQ(result.what, "response, step 1 (attest)");
    EXPECT_EQ(result.expected, "202");
    EXPECT_EQ(result.actual, "1 of 2 agents; honest[1]: 403 challenges_expired");
    EXPECT_EQ(result.source, "a.yaml:1:2");
    ASSERT_TRUE(result.exchange);
    EXPECT_EQ(result.exchange->n, result.n);
    EXPECT_EQ(result.exchange->method, "PATCH");
    EXPECT_EQ(result.exchange->status, 403);
    EXPECT_EQ(result.exchange->code, "challenges_expired");
    EXPECT_THAT(result.exchange->body_excerpt, HasSubstr("challenges_expired"));
}

TEST(ResponseExpectation, AnotherCodeOrPointerDoesNotHold) {
    EXPECT_EQ(one({.response = h::ResponseClause{{{403, 403}}, {"old_attestation"}},
                   .step = 1,
                   .agents = {"honest[1]"}})
                  .judgement,
              Judgement::DoesNotHold);
    EXPECT_EQ(
        one({.response = h::ResponseClause{{}, {}, "/data"}, .step = 1, .agents = {"honest[1]"}}).judgement,
        Judgement::DoesNotHold);
}

TEST(ResponseExpectation, EveryCycleCountsUnlessTheLastIsAskedFor) {
    Script script;
    const h::ResponseClause accepted{{{202, 202}}};
    script.begin("cycles", {{.response = accepted, .step = 1},
                            {.response = accepted, .step = 1, .last_cycle_only = true}});
    script.step(1, "attest").attest(0, 429, "premature_attestation").attest(1).verdict(1, "pass");
    const auto results = judged(script.end_scenario().end().text()).scenarios.at(0).expectations;
    EXPECT_EQ(results.at(0).judgement, Judgement::DoesNotHold);
    EXPECT_EQ(results.at(0).actual, "honest[0]: 429 premature_attestation");
    EXPECT_EQ(results.at(1).judgement, Judgement::Holds);
}

TEST(VerdictExpectation, EveryCycleCountsUnlessTheLastIsAskedFor) {
    const auto of = [](const std::string& first, const std::string& last) {
        Script script;
        const h::VerdictClause failed{"fail", "policy_violation"};
        script.begin("cycles", {{.verdict = failed, .step = 1},
                                {.verdict = failed, .step = 1, .last_cycle_only = true}});
        script.step(1, "attest").attest(0).verdict(0, "fail", first).attest(1).verdict(1, "fail", last);
        return judged(script.end_scenario().end().text()).scenarios.at(0).expectations;
    };
    const auto better = of("broken_evidence_chain", "policy_violation");
    ASSERT_EQ(better.size(), 4U);  // verdict and reason, twice
    EXPECT_EQ(better.at(0).judgement, Judgement::Holds);
    EXPECT_EQ(better.at(1).judgement, Judgement::DoesNotHold);
    EXPECT_EQ(better.at(2).judgement, Judgement::Holds);
    EXPECT_EQ(better.at(3).judgement, Judgement::Holds);
    EXPECT_EQ(of("policy_violation", "broken_evidence_chain").at(3).judgement, Judgement::DoesNotHold);

    Script script;
    const h::VerdictClause passed{"pass"};
    script.begin("cycles",
                 {{.verdict = passed, .step = 1}, {.verdict = passed, .step = 1, .last_cycle_only = true}});
    script.step(1, "attest").attest(0, 403, "old_attestation").attest(1).verdict(1, "pass");
    const auto results = judged(script.end_scenario().end().text()).scenarios.at(0).expectations;
    EXPECT_EQ(results.at(0).judgement, Judgement::DoesNotHold);
    EXPECT_EQ(results.at(1).judgement, Judgement::Holds);
}

TEST(ResponseExpectation, AnAnswerThatNeverCameIsNamed) {
    Script script;
    script.begin("lost", {{.response = h::ResponseClause{{{202, 202}}}, .step = 1}})
        .step(1, "attest")
        .attest_in_vain(0);
    const auto result = judged(script.end_scenario().end().text()).scenarios.at(0).expectations.at(0);
    EXPECT_EQ(result.judgement, Judgement::DoesNotHold);
    EXPECT_EQ(result.actual, "honest[0]: reset: the peer reset the connection");
}

TEST(ResponseExpectation, OfAStepThatAsksTheTenantIsAboutTheTenantsAnswer) {
    Script script;
    script.begin("enrol", {{.response = h::ResponseClause{{{200, 200}}}, .step = 1}})
        .step(1, "enrol")
        .enrol();
    EXPECT_EQ(judged(script.end_scenario().end().text()).scenarios.at(0).expectations.at(0).judgement,
              Judgement::Holds);
}

TEST(VerdictExpectation, HoldsOrShowsTheVerdict) {
    EXPECT_EQ(one({.verdict = h::VerdictClause{"pass"}, .step = 1, .agents = {"honest[0]"}}).judgement,
              Judgement::Holds);
    EXPECT_EQ(one({.verdict = h::VerdictClause{"none"}, .step = 1, .agents = {"honest[1]"}}).judgement,
              Judgement::Holds);
    const auto none = one({.verdict = h::VerdictClause{"pass"}, .step = 1, .agents = {"honest[1]"}});
    EXPECT_EQ(none.judgement, Judgement::DoesNotHold);
    EXPECT_EQ(none.actual, "honest[1]: no verdict: 403 challenges_expired");
    ASSERT_TRUE(none.exchange);
    EXPECT_EQ(none.exchange->status, 403);
    const auto unwanted = one({.verdict = h::VerdictClause{"none"}, .step = 1, .agents = {"honest[0]"}});
    EXPECT_EQ(unwanted.judgement, Judgement::DoesNotHold);
    EXPECT_EQ(unwanted.expected, "no verdict");
    EXPECT_EQ(unwanted.actual, "honest[0]: PASS");
}

TEST(VerdictExpectation, OneFailureAmongManyCyclesIsEnough) {
    const std::string text = with_line(honest_run(), R"("kind":"verdict")", 1, [](std::string& line) {
        replacing(R"("evaluation":"pass")", R"("evaluation":"fail")")(line);
        replacing(R"("evaluation":"pass")", R"("evaluation":"fail")")(line);
        replacing(R"("verdict":"pass")", R"("verdict":"fail")")(line);
    });
    const auto result = judged(text).scenarios.at(0).expectations.at(1);
    EXPECT_EQ(result.judgement, Judgement::DoesNotHold);
    EXPECT_EQ(result.actual, "honest[0]: FAIL");
    ASSERT_TRUE(result.exchange);
    EXPECT_EQ(result.exchange->target, "/v3.0/agents/id/attestations/1");
}

TEST(VerdictExpectation, ACycleWithoutAVerdictIsNotCoveredByAnother) {
    Script script;
    script.begin("one-of-two", {{.verdict = h::VerdictClause{"pass"}, .step = 1},
                                {.verdict = h::VerdictClause{"none"}, .step = 1},
                                {.verdict = h::VerdictClause{"pass"}, .step = 1, .last_cycle_only = true}});
    script.step(1, "attest").attest(0, 403, "challenges_expired").attest(1).verdict(1, "pass");
    const auto results = judged(script.end_scenario().end().text()).scenarios.at(0).expectations;
    EXPECT_EQ(results.at(0).judgement, Judgement::DoesNotHold);
    EXPECT_EQ(results.at(0).actual, "honest[0]: no verdict: 403 challenges_expired");
    EXPECT_EQ(results.at(1).judgement, Judgement::DoesNotHold);
    EXPECT_EQ(results.at(1).actual, "honest[0]: PASS");
    EXPECT_EQ(results.at(2).judgement, Judgement::Holds);
}

TEST(VerdictExpectation, AVerdictBelongsToItsOwnCycleHoweverLateItComes) {
    Script script;
    script.begin("late", {{.verdict = h::VerdictClause{"pass"}, .step = 1}});
    script.step(1, "attest").attest(0).attest(1).verdict(0, "fail").verdict(1, "pass");
    const auto result = judged(script.end_scenario().end().text()).scenarios.at(0).expectations.at(0);
    EXPECT_EQ(result.actual, "honest[0]: FAIL");
    ASSERT_TRUE(result.exchange);
    EXPECT_EQ(result.exchange->target, "/v3.0/agents/id/attestations/0");
}

TEST(VerdictExpectation, AReasonIsJudgedApartFromTheVerdict) {
    const auto results = judged(mismatch_run()).scenarios.at(0).expectations;
    ASSERT_EQ(results.size(), 2U);
    EXPECT_EQ(results[0].expected, "FAIL");
    EXPECT_EQ(results[0].judgement, Judgement::Holds);
    EXPECT_EQ(results[1].what, "reason, honest, step 1 (attest)");
    EXPECT_EQ(results[1].judgement, Judgement::Holds);

    const std::string other = with_line(mismatch_run(), R"("kind":"verdict")", 0, [](std::string& line) {
        replacing("policy_violation", "broken_evidence_chain")(line);
        replacing("policy_violation", "broken_evidence_chain")(line);
    });
    const auto wrong = judged(other).scenarios.at(0).expectations;
    EXPECT_EQ(wrong.at(1).judgement, Judgement::DoesNotHold);
    EXPECT_EQ(wrong.at(1).expected, "FAIL policy_violation");
    EXPECT_EQ(wrong.at(1).actual, "honest[0]: FAIL broken_evidence_chain");
}

TEST(VerdictExpectation, AReasonThatNobodyTellsIsSkippedAndSaysWhy) {
    Script script;
    script.begin("external", {{.verdict = h::VerdictClause{"fail", "policy_violation"}, .step = 1}})
        .step(1, "attest")
        .attest(0);
    h::Verdict verdict;
    verdict.record.value = h::RecordVerdict{"verification_complete", "fail"};
    verdict.database.unavailable = "an external stack";
    script.add(script.where(), verdict);
    const RunReport report = judged(script.end_scenario().end().text());
    const auto& results = report.scenarios.at(0).expectations;
    ASSERT_EQ(results.size(), 2U);
    EXPECT_EQ(results[0].judgement, Judgement::Holds);
    EXPECT_EQ(results[1].judgement, Judgement::Skipped);
    EXPECT_EQ(results[1].reason, "reasons need the verifier's database or log (an external stack)");
    EXPECT_EQ(report.scenarios[0].outcome, Outcome::AsExpected);
}

TEST(StatusExpectation, LooksAtTheLastReadingOrAtAll) {
    using When = h::StatusClause::When;
    Script script;
    script.begin("status", {{.status = h::StatusClause{"PASS"}},
                            {.status = h::StatusClause{"PASS", When::Always}},
                            {.status = h::StatusClause{"TIMEOUT", When::Never}},
                            {.status = h::StatusClause{"PENDING", When::Never}},
                            {.status = h::StatusClause{"PASS"}, .step = 2}});
    script.step(1, "read_status").status("PENDING", 0).status("PASS", 1).step(2, "wait");
    const auto results = judged(script.end_scenario().end().text()).scenarios.at(0).expectations;
    EXPECT_EQ(results.at(0).judgement, Judgement::Holds);
    EXPECT_EQ(results.at(1).judgement, Judgement::DoesNotHold);
    EXPECT_EQ(results.at(2).judgement, Judgement::Holds);
    EXPECT_EQ(results.at(3).judgement, Judgement::DoesNotHold);
    EXPECT_EQ(results.at(4).judgement, Judgement::DoesNotHold);
    EXPECT_EQ(results.at(4).actual, "honest[0]: no status was read");
}

TEST(StatusExpectation, OfEveryReadingIsNotJudgedWhereThereIsNone) {
    Script script;
    script.begin("none", {{.status = h::StatusClause{"PASS", h::StatusClause::When::Always}, .step = 2},
                          {.status = h::StatusClause{"PASS", h::StatusClause::When::Never}, .step = 2},
                          {.status = h::StatusClause{"PASS"}, .step = 2}});
    script.step(1, "attest").status("PASS", 1).step(2, "wait");
    const auto results = judged(script.end_scenario().end().text()).scenarios.at(0).expectations;
    for (const std::size_t every : {0U, 1U}) {
        EXPECT_EQ(results.at(every).judgement, Judgement::Skipped);
        EXPECT_EQ(results.at(every).reason, "no status was read");
    }
    EXPECT_EQ(results.at(2).judgement, Judgement::DoesNotHold);
}

TEST(StatusExpectation, ShowsTheReadingThatDecided) {
    Script script;
    script.begin("status", {{.status = h::StatusClause{"PASS"}}}).step(1, "attest").attest(0);
    script.read_status_act().status("FAIL", 0);
    const auto result = judged(script.end_scenario().end().text()).scenarios.at(0).expectations.at(0);
    EXPECT_EQ(result.judgement, Judgement::DoesNotHold);
    ASSERT_TRUE(result.exchange);
    EXPECT_EQ(result.exchange->method, "GET");
    EXPECT_EQ(result.exchange->target, "/v2.6/agents/id");
}

TEST(StatusExpectation, AReadingThatFailedIsNoStatusAndHidesNoEarlierOne) {
    for (const auto when :
         {h::StatusClause::When::Last, h::StatusClause::When::Always, h::StatusClause::When::Never}) {
        Script script;
        script.begin("status", {{.status = h::StatusClause{"PASS", when}}}).step(1, "read_status");
        script.status(when == h::StatusClause::When::Never ? "FAIL" : "PASS", 1);
        script.add(script.where(), h::StatusRead{.status = "", .error = "500"});
        const auto result = judged(script.end_scenario().end().text()).scenarios.at(0).expectations.at(0);
        EXPECT_EQ(result.judgement, Judgement::DoesNotHold);
        EXPECT_EQ(result.actual, "honest[0]: not known: 500");
    }
}

TEST(ResponseExpectation, AStatusThatIsReadBesidesIsNoAnswerOfTheStep) {
    Script script;
    script.begin("x", {{.response = h::ResponseClause{{{403, 403}}}, .step = 1},
                       {.response = h::ResponseClause{{{200, 200}}}, .step = 2}});
    script.step(1, "enrol").enrol().read_status_act().step(2, "read_status").read_status_act();
    const auto results = judged(script.end_scenario().end().text()).scenarios.at(0).expectations;
    EXPECT_EQ(results.at(0).exchange->method, "POST");
    EXPECT_EQ(results.at(1).judgement, Judgement::Holds);
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

TEST(Quantity, SaysHowManyMustSatisfy) {
    using Kind = h::Quantity::Kind;
    const auto with = [](Kind kind, int count) {
        return one({.response = h::ResponseClause{{{202, 202}}}, .step = 1, .quantity = {kind, count}})
            .judgement;
    };
    EXPECT_EQ(with(Kind::AtLeast, 1), Judgement::Holds);
    EXPECT_EQ(with(Kind::AtLeast, 2), Judgement::DoesNotHold);
    EXPECT_EQ(with(Kind::AtMost, 1), Judgement::Holds);
    EXPECT_EQ(with(Kind::AtMost, 0), Judgement::DoesNotHold);
    EXPECT_EQ(with(Kind::Exactly, 1), Judgement::Holds);
    EXPECT_EQ(with(Kind::Exactly, 2), Judgement::DoesNotHold);
    EXPECT_EQ(with(Kind::All, 0), Judgement::DoesNotHold);
}

TEST(Quantity, CountsAgentsThatSatisfyAllConditionsOfTheClause) {
    using Kind = h::Quantity::Kind;
    // honest[0] is accepted and PENDING, honest[1] is refused and PASS: none has 202 and PASS.
    const auto with = [](h::Quantity quantity) {
        Script script;
        script.begin("two",
                     {{.response = h::ResponseClause{{{202, 202}}},
                       .status = h::StatusClause{"PASS"},
                       .quantity = quantity}},
                     2);
        script.step(1, "attest").attest(0, 202, "", "honest[0]").verdict(0, "pass", "", "honest[0]");
        script.attest(0, 403, "challenges_expired", "honest[1]");
        script.status("PENDING", 0, "honest[0]").status("PASS", 1, "honest[1]");
        auto results = judged(script.end_scenario().end().text()).scenarios.at(0).expectations;
        EXPECT_EQ(results.size(), 1U);
        return results.at(0);
    };
    const auto none = with({Kind::AtLeast, 1});
    EXPECT_EQ(none.judgement, Judgement::DoesNotHold);
    EXPECT_EQ(none.what, "response, status, at least 1 agent, whole run");
    EXPECT_EQ(none.expected, "202, PASS");
    EXPECT_EQ(none.actual, "0 of 2 agents; honest[0]: PENDING; honest[1]: 403 challenges_expired");
    EXPECT_EQ(with({Kind::AtMost, 0}).judgement, Judgement::Holds);
}

TEST(Quantity, AReasonIsPartOfWhatIsCounted) {
    Script script;
    script.begin("two",
                 {{.verdict = h::VerdictClause{"fail", "policy_violation"},
                   .step = 1,
                   .quantity = {h::Quantity::Kind::AtMost, 1}}},
                 2);
    script.step(1, "attest");
    for (const std::string name : {"honest[0]", "honest[1]"})
        script.attest(0, 202, "", name).verdict(0, "fail", "broken_evidence_chain", name);
    const auto results = judged(script.end_scenario().end().text()).scenarios.at(0).expectations;
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(results[0].judgement, Judgement::Holds);
}

TEST(Quantity, TooManyShowsThoseThatSatisfy) {
    const auto result = one(
        {.response = h::ResponseClause{{{202, 202}}}, .step = 1, .quantity = {h::Quantity::Kind::AtMost, 0}});
    EXPECT_EQ(result.actual, "1 of 2 agents; honest[0]: 202");
    EXPECT_EQ(result.what, "response, at most 0 agents, step 1 (attest)");
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
    const auto results = judged(script.end_scenario().end().text()).scenarios.at(0).expectations;
    EXPECT_EQ(results.at(0).judgement, Judgement::Skipped);
    EXPECT_EQ(results.at(1).judgement, Judgement::Holds);
    EXPECT_EQ(results.at(1).actual,
              "accounted (not in full: the verifier's own count was not read for 1 agent)");
}

TEST(Expectations, AboutAgentsThatAreNotThereAreSkipped) {
    EXPECT_EQ(one({.verdict = h::VerdictClause{"pass"}, .agents = {"nobody"}}).judgement, Judgement::Skipped);
}

}  // namespace
}  // namespace pushsim::reports
