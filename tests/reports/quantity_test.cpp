#include <gtest/gtest.h>

#include "reports/text.hpp"
#include "tests/reports/results.hpp"

namespace pushsim::reports {
namespace {

using namespace test;

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
        auto results = results_of(script);
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
    const auto results = results_of(script);
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(results[0].judgement, Judgement::Holds);
}

TEST(Quantity, TooManyShowsThoseThatSatisfy) {
    const auto result = one(
        {.response = h::ResponseClause{{{202, 202}}}, .step = 1, .quantity = {h::Quantity::Kind::AtMost, 0}});
    EXPECT_EQ(result.actual, "1 of 2 agents; honest[0]: 202");
}

TEST(Quantity, WhatMustBeOfNoAgentIsSaidWithOneNegationAlone) {
    const h::Quantity none{h::Quantity::Kind::Exactly, 0};
    const auto wrong = one({.response = h::ResponseClause{{{202, 202}}}, .step = 1, .quantity = none});
    EXPECT_EQ(wrong.expected, "not 202");
    EXPECT_EQ(sentence(wrong),
              "response, step 1 (attest): must not be 202, was 1 of 2 agents; honest[0]: 202");
    const auto of_one = one({.verdict = h::VerdictClause{"pass"}, .agents = {"honest[0]"}, .quantity = none});
    EXPECT_EQ(sentence(of_one), "verdict, honest[0], whole run: must not be PASS, was honest[0]: PASS");
    const auto both = one(
        {.response = h::ResponseClause{{{202, 202}}}, .status = h::StatusClause{"PASS"}, .quantity = none});
    EXPECT_EQ(both.expected, "not 202 and PASS");
}

TEST(Quantity, WhereNoAgentMaySatisfyAndNoneDoesItIsSaidWhatWasSeen) {
    const auto right = one({.response = h::ResponseClause{{{404, 404}}},
                            .step = 1,
                            .agents = {"honest[1]"},
                            .quantity = {h::Quantity::Kind::Exactly, 0}});
    EXPECT_EQ(right.judgement, Judgement::Holds);
    EXPECT_EQ(right.actual, "honest[1]: 403 challenges_expired");
    EXPECT_TRUE(right.n.has_value());
    EXPECT_TRUE(right.came_to.empty()) << "it may be another the next time";
}

}  // namespace
}  // namespace pushsim::reports
