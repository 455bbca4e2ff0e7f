#include <gmock/gmock.h>

#include "tests/reports/results.hpp"

namespace pushsim::reports {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(ResponseExpectation, NoCodeIsAnAnswerWithoutOne) {
    const auto judge = [](const std::string& code) {
        Script script;
        script
            .begin("codes",
                   {{.response = h::ResponseClause{{{401, 401}}, {h::no_code, "expired"}}, .step = 1}})
            .step(1, "attest")
            .attest(0, 401, code);
        return results_of(script).at(0);
    };
    EXPECT_EQ(judge("").judgement, Judgement::Holds);
    EXPECT_EQ(judge("expired").judgement, Judgement::Holds);
    EXPECT_EQ(judge("other").judgement, Judgement::DoesNotHold);
    EXPECT_EQ(judge("other").expected, "401 without a code or expired");
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

TEST(ResponseExpectation, OfARequestThatWasSentInCopiesEachAnswerCounts) {
    const auto statuses = [](const std::vector<int>& answers, const std::vector<std::string>& ids) {
        Script script;
        script.begin("copies", {{.response = h::ResponseClause{{{201, 201}, {409, 409}}}, .step = 1}})
            .step(1, "negotiate");
        for (std::size_t i = 0; i < answers.size(); ++i) {
            h::Exchange copy = h::test::an_exchange(answers[i]);
            copy.phase = "negotiate";
            copy.request_id = ids[i];
            script.add({"copies", 1, agent}, copy);
        }
        return results_of(script).at(0);
    };
    EXPECT_EQ(statuses({201, 409, 201}, {"a", "a", "a"}).judgement, Judgement::Holds);
    const auto one_of_three = statuses({201, 404, 201}, {"a", "a", "a"});
    EXPECT_EQ(one_of_three.judgement, Judgement::DoesNotHold);
    EXPECT_THAT(one_of_three.actual, HasSubstr("404"));
    EXPECT_EQ(one_of_three.exchange->status, 404);
    EXPECT_THAT(one_of_three.seen, ElementsAre("{ status: [201, 404], code: [none] }"))
        << "what is written as a known deviation has to hold of each copy";
    EXPECT_EQ(statuses({404, 201, 201}, {"a", "a", "a"}).judgement, Judgement::DoesNotHold);
    EXPECT_EQ(statuses({404, 201}, {"a", "b"}).judgement, Judgement::Holds) << "another request before";
    EXPECT_EQ(statuses({404, 201}, {"", ""}).judgement, Judgement::Holds) << "no copies: they have no id";
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
    const auto results = results_of(script);
    EXPECT_EQ(results.at(0).judgement, Judgement::DoesNotHold);
    EXPECT_EQ(results.at(0).actual, "honest[0]: 429 premature_attestation");
    EXPECT_EQ(results.at(1).judgement, Judgement::Holds);
}

TEST(ResponseExpectation, AnAnswerThatNeverCameIsNamed) {
    Script script;
    script.begin("lost", {{.response = h::ResponseClause{{{202, 202}}}, .step = 1}})
        .step(1, "attest")
        .attest_in_vain(0);
    const auto result = results_of(script).at(0);
    EXPECT_EQ(result.judgement, Judgement::DoesNotHold);
    EXPECT_EQ(result.actual, "honest[0]: reset: the peer reset the connection");
}

TEST(ResponseExpectation, OfAStepThatAsksTheTenantIsAboutTheTenantsAnswer) {
    Script script;
    script.begin("enrol", {{.response = h::ResponseClause{{{200, 200}}}, .step = 1}})
        .step(1, "enrol")
        .enrol();
    EXPECT_EQ(results_of(script).at(0).judgement, Judgement::Holds);
}

TEST(ResponseExpectation, AStatusThatIsReadBesidesIsNoAnswerOfTheStep) {
    Script script;
    script.begin("x", {{.response = h::ResponseClause{{{403, 403}}}, .step = 1},
                       {.response = h::ResponseClause{{{200, 200}}}, .step = 2}});
    script.step(1, "enrol").enrol().read_status_act().step(2, "read_status").read_status_act();
    const auto results = results_of(script);
    EXPECT_EQ(results.at(0).exchange->method, "POST");
    EXPECT_EQ(results.at(1).judgement, Judgement::Holds);
}

}  // namespace
}  // namespace pushsim::reports
