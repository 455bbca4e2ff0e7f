#include "reports/checks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reports/golden.hpp"

namespace pushsim::reports {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* submission = R"("phase":"submit","peer")";

TEST(Accounted, AnHonestRunAddsUp) {
    const RunReport report = judged(honest_run());
    EXPECT_THAT(findings(report, "accounted"), IsEmpty());
    const Account& account = report.scenarios[0].account;
    EXPECT_EQ(account.sent, 3U);
    EXPECT_EQ(account.accepted, 3U);
    EXPECT_EQ(account.passed, 3U);
    EXPECT_EQ(account.refused + account.in_transit + account.failed + account.pending, 0U);
}

TEST(Accounted, ASubmissionThatIsNotInTheHistoryIsFound) {
    const RunReport report = judged(without(honest_run(), submission, 1));
    EXPECT_THAT(
        findings(report, "accounted"),
        ElementsAre(HasSubstr("a cycle ended with 202 (reached), but the submission is not in the history"),
                    HasSubstr("3 cycles ended with their evidence accepted, but 2 submissions were accepted"),
                    HasSubstr("attestation 1 has a verdict, but no submission"),
                    HasSubstr("2 attestations passed, but the verifier's attestation_count grew by 3")));
    EXPECT_EQ(report.scenarios[0].outcome, Outcome::NotAsExpected);
    EXPECT_EQ(report.exit_code, 1);
}

TEST(Accounted, AVerdictThatIsNotInTheHistoryIsFound) {
    const RunReport report = judged(without(honest_run(), R"("kind":"verdict")", 2));
    EXPECT_THAT(findings(report, "accounted"),
                ElementsAre(HasSubstr(
                    "attestation 2 was accepted (202), but has neither a verdict nor is it pending")));
    EXPECT_EQ(report.exit_code, 1);
}

TEST(Accounted, ACycleThatIsNotInTheHistoryIsFound) {
    const RunReport report = judged(without(honest_run(), R"("kind":"cycle")", 0));
    EXPECT_THAT(findings(report, "accounted"),
                ElementsAre(HasSubstr("2 cycles ended with their evidence accepted, but 3")));
}

TEST(Accounted, ARefusalThatWasAnAcceptanceIsFound) {
    const std::string text =
        with_line(honest_run(), submission, 0, replacing(R"("status":202)", R"("status":403)"));
    EXPECT_THAT(findings(judged(text), "accounted"), testing::Contains(HasSubstr("3 cycles ended")));
}

TEST(Accounted, AVerifierThatCountsLessOrMoreIsFound) {
    for (const char* count : {R"("attestation_count":2)", R"("attestation_count":4)"}) {
        const std::string text = with_line(honest_run(), R"("kind":"status_read")", 0,
                                           replacing(R"("attestation_count":3)", count));
        EXPECT_THAT(
            findings(judged(text), "accounted"),
            ElementsAre(HasSubstr("3 attestations passed, but the verifier's attestation_count grew by ")));
    }
}

TEST(Accounted, WithoutAReadingTheVerifiersOwnCountIsSaidToBeUnchecked) {
    const RunReport report = judged(without(honest_run(), R"("kind":"status_read")"));
    EXPECT_THAT(findings(report, "accounted"), IsEmpty());
    EXPECT_THAT(not_checked(report, "accounted"), ElementsAre(HasSubstr("not read for 1 agent")));
}

TEST(Accounted, EvidenceThatArrivedThoughItsAnswerWasLostIsAccepted) {
    for (const int first_answer : {0, 408, 500}) {
        Script script;
        script.begin("lost", {{.status = h::StatusClause{"PASS"}}, {.check = h::CheckClause{"accounted"}}});
        script.step(1, "attest").enrol().submit_in_vain(0, first_answer).attest_again(0);
        script.verdict(0, "pass").status("PASS", 1);
        const RunReport report = judged(script.end_scenario().end().text());
        EXPECT_EQ(report.scenarios[0].outcome, Outcome::AsExpected);
        EXPECT_THAT(findings(report, "accounted"), IsEmpty());
        EXPECT_THAT(findings(report, "status_agrees"), IsEmpty());
        const Account& account = report.scenarios[0].account;
        EXPECT_EQ(account.sent, 2U);
        EXPECT_EQ(account.accepted, 1U);
        EXPECT_EQ(account.in_transit + account.refused, 1U);
        EXPECT_EQ(account.passed, 1U);
    }
}

TEST(Accounted, EvidenceThatIsImmutableWithoutAnEarlierSendingIsRefused) {
    Script script;
    script.begin("again").step(1, "attest").enrol().attest(0, 403, "evidence_immutable");
    const RunReport report = judged(script.status("PENDING", 0).end_scenario().end().text());
    EXPECT_EQ(report.scenarios[0].account.refused, 1U);
    EXPECT_EQ(report.scenarios[0].account.accepted, 0U);
}

TEST(Accounted, TwoLostSendingsOfOneAttestationAreOneThatMayHavePassed) {
    Script script;
    script.begin("lost").step(1, "attest").enrol().submit_in_vain(0).attest_in_vain(0);
    script.status("PASS", 2);
    EXPECT_THAT(findings(judged(script.end_scenario().end().text()), "accounted"),
                ElementsAre(HasSubstr("attestation_count grew by 2")));
}

TEST(Accounted, WhatWasLostInTransitMayHaveBeenJudgedOrNot) {
    for (const int count : {0, 1}) {
        Script script;
        script.begin("lost").step(1, "attest").enrol().attest_in_vain(0);
        if (count == 1) script.verdict(0, "pass");
        const RunReport report =
            judged(script.status(count == 1 ? "PASS" : "PENDING", count).end_scenario().end().text());
        EXPECT_THAT(findings(report, "accounted"), IsEmpty());
        EXPECT_EQ(report.scenarios[0].account.in_transit, 1U);
    }
}

TEST(Accounted, WhatWasUnderWayAtAnEarlyEndIsGivenUpAndAddsUp) {
    Script script;
    script.begin("early").step(1, "attest").enrol().attest(0);
    h::Exchange given_up = h::test::an_exchange(0);
    given_up.request.target = "/v3.0/agents/id/attestations/1";
    given_up.outcome.response.reset();
    given_up.outcome.failure = transport::Failure{transport::FailureKind::Cancelled, "cancelled"};
    script.add(script.where(), given_up);
    script.end_scenario({.ending = h::ScenarioEnd::Ending::Interrupted,
                         .reason = "interrupted",
                         .agents = "1 agent: 1 with an exchange under way"});
    const RunReport report = judged(script.end({true, "interrupted", {}}).text());
    const Account& account = report.scenarios.at(0).account;
    EXPECT_EQ(account.sent, 2U);
    EXPECT_EQ(account.accepted, 1U);
    EXPECT_EQ(account.in_transit, 1U);
    EXPECT_EQ(account.given_up, 1U);
    EXPECT_EQ(account.pending, 1U);  // its verdict was not waited for
    EXPECT_THAT(report.scenarios[0].findings, IsEmpty());
    EXPECT_EQ(report.scenarios[0].agents_at_end, "1 agent: 1 with an exchange under way");
}

TEST(Accounted, AnEarlyEndDoesNotExcuseASubmissionThatIsNotInTheHistory) {
    Script script;
    script.begin("early").step(1, "attest").enrol().attest(0);
    const std::string text =
        without(script.end_scenario({h::ScenarioEnd::Ending::Interrupted, "interrupted", ""})
                    .end({true, "interrupted", {}})
                    .text(),
                R"("phase":"submit","peer")");
    EXPECT_THAT(findings(judged(text), "accounted"), Not(IsEmpty()));
}

TEST(Accounted, PendingIsAnAccountToo) {
    Script script;
    script.begin("pending").step(1, "attest").enrol().attest(0).verdict(0, "pending").status("PENDING", 0);
    const RunReport report = judged(script.end_scenario().end().text());
    EXPECT_THAT(findings(report, "accounted"), IsEmpty());
    EXPECT_EQ(report.scenarios[0].account.pending, 1U);
}

TEST(Accounted, CountsBeginAnewWithEachEnrolment) {
    Script script;
    script.begin("again").step(1, "attest").enrol().attest(0).verdict(0, "pass").status("PASS", 1);
    script.enrol().attest(0).verdict(0, "pass").attest(1).verdict(1, "pass").status("PASS", 2);
    const RunReport report = judged(script.end_scenario().end().text());
    EXPECT_THAT(findings(report, "accounted"), IsEmpty());
    EXPECT_EQ(report.scenarios[0].account.passed, 3U);
}

TEST(Accounted, AnEnrolmentFromBeforeTheRunIsCountedFromTheFirstReading) {
    Script script;
    script.begin("external")
        .step(1, "attest")
        .status("PASS", 40)
        .attest(0)
        .verdict(0, "pass")
        .status("PASS", 41);
    const std::string text = script.end_scenario().end().text();
    EXPECT_THAT(findings(judged(text), "accounted"), IsEmpty());
    const std::string off = with_line(text, R"("attestation_count":41)", 0, replacing("41}", "43}"));
    EXPECT_THAT(findings(judged(off), "accounted"), ElementsAre(HasSubstr("grew by 3")));
}

TEST(Accounted, EachAgentHasItsOwnAccount) {
    Script script;
    script.begin("two", {}, 2).step(1, "attest");
    script.attest(0, 202, "", "honest[0]").attest(0, 202, "", "honest[1]");
    script.verdict(0, "pass", "", "honest[0]").verdict(1, "pass", "", "honest[0]");
    // As many verdicts as acceptances, but of another.
    EXPECT_THAT(findings(judged(script.end_scenario().end().text()), "accounted"),
                ElementsAre(HasSubstr("honest[0]: attestation 1 has a verdict"),
                            HasSubstr("honest[1]: attestation 0 was accepted")));
}

TEST(Accounted, ManyFindingsAreSummedUp) {
    Script script;
    script.begin("many").step(1, "attest");
    for (int index = 0; index < 30; ++index)
        script.attest(index);
    const auto texts = findings(judged(script.end_scenario().end().text()), "accounted");
    ASSERT_EQ(texts.size(), 21U);
    EXPECT_EQ(texts.back(), "and 10 more of the kind");
}

TEST(VerdictSources, EachOfThemIsFoundDisagreeing) {
    const std::string honest = honest_run();
    const std::string record = with_line(honest, R"("kind":"verdict")", 0,
                                         replacing(R"("evaluation":"pass")", R"("evaluation":"fail")"));
    EXPECT_THAT(findings(judged(record), "verdict_sources_agree"),
                ElementsAre("honest[0]: attestation 0: the record says fail, the database says pass",
                            "honest[0]: attestation 0: the record says fail, the log says pass"));
    const std::string log =
        with_line(honest, R"("kind":"verdict")", 1, replacing(R"("verdict":"pass")", R"("verdict":"fail")"));
    EXPECT_THAT(findings(judged(log), "verdict_sources_agree"),
                ElementsAre("honest[0]: attestation 1: the record says pass, the log says fail"));
    EXPECT_EQ(judged(log).exit_code, 1);
    const std::string reason =
        with_line(mismatch_run(), R"("kind":"verdict")", 0,
                  replacing(R"("reason":"policy_violation")", R"("reason":"broken_evidence_chain")"));
    EXPECT_THAT(findings(judged(reason), "verdict_sources_agree"),
                testing::Contains(HasSubstr("the database gives the reason")));
    EXPECT_THAT(findings(judged(honest), "verdict_sources_agree"), IsEmpty());
}

TEST(VerdictSources, OnePlaceAloneIsSaidToBeUnchecked) {
    Script script;
    script.begin("one").step(1, "attest").attest(0);
    h::Verdict verdict;
    verdict.record.value = h::RecordVerdict{"verification_complete", "pass"};
    script.add(script.where(), verdict);
    const RunReport report = judged(script.end_scenario().end().text());
    EXPECT_THAT(findings(report, "verdict_sources_agree"), IsEmpty());
    EXPECT_THAT(not_checked(report, "verdict_sources_agree"),
                ElementsAre("1 of 1 verdict known from fewer than two places"));
}

TEST(No5xx, IsANoteUnlessTheScenarioExpectsIt) {
    const std::string text =
        with_line(honest_run(), R"("phase":"negotiate")", 0, replacing(R"("status":201)", R"("status":500)"));
    const RunReport report = judged(text);
    EXPECT_THAT(
        findings(report, "no_5xx"),
        ElementsAre("1 answer of 500 in negotiate, first POST /v3.0/agents/id/attestations by honest[0]"));
    EXPECT_EQ(report.scenarios[0].outcome, Outcome::AsExpected);

    const std::string expecting =
        with_line(honest_run({{.check = h::CheckClause{"no_5xx"}}}), R"("phase":"negotiate")", 0,
                  replacing(R"("status":201)", R"("status":500)"));
    const RunReport strict = judged(expecting);
    EXPECT_EQ(strict.scenarios[0].outcome, Outcome::NotAsExpected);
    ASSERT_TRUE(strict.scenarios[0].expectations.at(0).exchange);
    EXPECT_EQ(strict.scenarios[0].expectations[0].exchange->status, 500);
    EXPECT_EQ(judged(honest_run({{.check = h::CheckClause{"no_5xx"}}})).scenarios[0].outcome,
              Outcome::AsExpected);
}

/// Two agents in one step; the second cannot authenticate.
std::vector<std::string> unreached_goals(std::vector<h::Expectation> expectations) {
    Script script;
    script.begin("two", std::move(expectations), 2).step(1, "attest");
    script.attest(0, 202, "", "honest[0]").verdict(0, "pass", "", "honest[0]");
    script.add(script.where("honest[1]"), h::Cycle{"authenticate", "stopped", 404, "", {}, "not enrolled"});
    return findings(judged(script.end_scenario().end().text()), "goal_reached");
}

TEST(GoalReached, AStepThatSaysNothingIsMeantToSucceed) {
    EXPECT_THAT(unreached_goals({}), ElementsAre("honest[1]: authenticate stopped: not enrolled"));
    EXPECT_THAT(unreached_goals({{.status = h::StatusClause{"PASS"}, .step = 1}}), testing::SizeIs(1));
}

/// The tenant's act of a step, refused.
std::vector<std::string> refused_act(const std::string& name, std::vector<h::Expectation> expectations,
                                     const std::string& agent = "honest[0]") {
    Script script;
    script.begin("refused", std::move(expectations)).step(1, name);
    h::TenantAct act;
    act.act = name;
    act.request = HttpRequest{"POST", "/v2.6/agents/id", {}, "{}"};
    act.response = HttpResponse{409, {}, "{}"};
    act.error = Error{ErrorKind::Protocol, "answered 409"};
    script.add(script.where(agent), act);
    return findings(judged(script.end_scenario().end().text()), "goal_reached");
}

TEST(GoalReached, AnActOfTheTenantThatIsRefusedIsNotAsExpectedUnlessSomebodySpeaksOfIt) {
    for (const std::string act : {"enrol", "delete", "reactivate"}) {
        EXPECT_THAT(refused_act(act, {}), ElementsAre("honest[0]: " + act + ": answered 409"));
        EXPECT_THAT(refused_act(act, {{.response = h::ResponseClause{}, .step = 1}}), IsEmpty());
        // What a run takes off a stack at its end is nobody's step.
        EXPECT_THAT(refused_act(act, {}, ""), IsEmpty());
    }
    EXPECT_THAT(refused_act("look_for_agent", {}), IsEmpty());
}

TEST(GoalReached, AFailureThatNobodyExpectedIsNotAsExpected) {
    const auto of = [](std::vector<h::Expectation> expectations) {
        Script script;
        script.begin("x", std::move(expectations)).step(1, "attest").enrol().attest(0);
        script.verdict(0, "fail", "policy_violation").status("FAIL", 0);
        return findings(judged(script.end_scenario().end().text()), "goal_reached");
    };
    EXPECT_THAT(
        of({{.check = h::CheckClause{"accounted"}}}),
        ElementsAre("honest[0]: attestation 0: FAIL policy_violation, and no expectation speaks of it"));
    EXPECT_THAT(of({{.response = h::ResponseClause{{{202, 202}}}, .step = 1}}), testing::SizeIs(1));
    EXPECT_THAT(of({{.verdict = h::VerdictClause{"fail"}, .step = 1}}), IsEmpty());
    EXPECT_THAT(of({{.status = h::StatusClause{"FAIL"}}}), IsEmpty());
}

TEST(Checks, WithNothingToLookAtSayThatTheyWereNotMade) {
    Script script;
    script.begin("nothing", {{.check = h::CheckClause{"stages_legal"}},
                             {.check = h::CheckClause{"accounted"}},
                             {.check = h::CheckClause{all_checks}}});
    const RunReport report = judged(script.step(1, "wait").end_scenario().end().text());
    const ScenarioReport& scenario = report.scenarios.at(0);
    for (const std::string& name : check_names()) {
        EXPECT_THAT(not_checked(report, name), testing::SizeIs(1)) << name;
        EXPECT_THAT(findings(report, name), IsEmpty()) << name;
    }
    for (const ExpectationResult& result : scenario.expectations)
        EXPECT_EQ(result.judgement, Judgement::Skipped) << result.what;
    EXPECT_EQ(scenario.outcome, Outcome::Skipped);
}

TEST(Invariants, AreAllChecksAsOneClause) {
    const auto of = [](const std::string& text) { return judged(text).scenarios.at(0).expectations.at(0); };
    const std::string honest = honest_run({{.check = h::CheckClause{all_checks}}});
    const ExpectationResult holds = of(honest);
    EXPECT_EQ(holds.judgement, Judgement::Holds);
    EXPECT_EQ(
        holds.actual,
        "nothing wrong (not in full: tokens_secret: the history tells no token to look for in answers)");
    const ExpectationResult wrong =
        of(with_line(honest, R"("phase":"negotiate")", 0, replacing(R"("status":201)", R"("status":500)")));
    EXPECT_EQ(wrong.judgement, Judgement::DoesNotHold);
    EXPECT_THAT(wrong.actual, HasSubstr("no_5xx: 1 answer of 500 in negotiate"));
}

TEST(GoalReached, IsLeftToAnExpectationOfThatAgentInThatStep) {
    const h::ResponseClause response{{{404, 404}}};
    EXPECT_THAT(unreached_goals({{.response = response, .step = 1}}), IsEmpty());
    EXPECT_THAT(unreached_goals({{.response = response, .step = 1, .agents = {"honest[1]"}}}), IsEmpty());
    EXPECT_THAT(unreached_goals({{.response = response, .step = 1, .agents = {"honest[0]"}}}),
                testing::SizeIs(1));
    EXPECT_THAT(unreached_goals({{.response = response, .step = 2}}), testing::SizeIs(1));
    EXPECT_THAT(unreached_goals({{.verdict = h::VerdictClause{"none"}, .agents = {"honest"}}}), IsEmpty());
}

}  // namespace
}  // namespace pushsim::reports
