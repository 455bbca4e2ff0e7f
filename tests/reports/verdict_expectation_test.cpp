#include <gtest/gtest.h>

#include "tests/reports/results.hpp"

namespace pushsim::reports {
namespace {

using namespace test;

TEST(VerdictExpectation, EveryCycleCountsUnlessTheLastIsAskedFor) {
    const auto of = [](const std::string& first, const std::string& last) {
        Script script;
        const h::VerdictClause failed{"fail", "policy_violation"};
        script.begin("cycles", {{.verdict = failed, .step = 1},
                                {.verdict = failed, .step = 1, .last_cycle_only = true}});
        script.step(1, "attest").attest(0).verdict(0, "fail", first).attest(1).verdict(1, "fail", last);
        return results_of(script);
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
    const auto results = results_of(script);
    EXPECT_EQ(results.at(0).judgement, Judgement::DoesNotHold);
    EXPECT_EQ(results.at(1).judgement, Judgement::Holds);
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

TEST(VerdictExpectation, IsDecidedByTheEnrolmentThatWasRefused) {
    Script script;
    script.begin("named", {{.verdict = h::VerdictClause{"pass"}, .step = 1}}).step(1, "attest");
    h::TenantAct act;
    act.act = "enrol";
    act.request = HttpRequest{"POST", "/v2.6/agents/id", {}, "{}"};
    act.response = HttpResponse{409, {}, "IMA policy with name web already exists"};
    act.error = Error{ErrorKind::Protocol, "answered 409"};
    script.add(script.where("honest[0]"), act);
    const auto result = results_of(script).at(0);
    EXPECT_EQ(result.judgement, Judgement::DoesNotHold);
    EXPECT_EQ(result.actual, "honest[0]: no verdict: enrol 409");
    ASSERT_TRUE(result.exchange);
    EXPECT_EQ(result.exchange->phase, "enrol");
    EXPECT_EQ(result.exchange->body_excerpt, "IMA policy with name web already exists");

    // Of one that attested all the same, what came of that decides.
    Script attested;
    attested.begin("again", {{.verdict = h::VerdictClause{"pass"}, .step = 1}}).step(1, "attest").enrol();
    attested.attest(0).verdict(0, "pass").add(script.where("honest[0]"), act);
    EXPECT_EQ(results_of(attested).at(0).judgement, Judgement::Holds);
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
    const auto results = results_of(script);
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
    const auto result = results_of(script).at(0);
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

}  // namespace
}  // namespace pushsim::reports
