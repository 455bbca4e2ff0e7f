#include "sim/fleet/expectations.hpp"

#include <gtest/gtest.h>

#include "sim/scenario/clause.hpp"
#include "sim/scenario/loader.hpp"

namespace pushsim::fleet {
namespace {

TEST(Expectations, EveryConditionOfThePlanStandsInTheHistory) {
    const auto plain = scenario::load_text(
        "scenario: x\ntitle: X\nagents: {a: {count: 3}, b: {count: 2}}\n"
        "script:\n"
        "  - register: a\n"
        "  - attest: b\n"
        "    expect: {response: {status: [202, 403], code: challenges_expired}, verdict: fail, "
        "reason: policy_violation, requests: {submissions: 2, sessions: 0}, at_least: 2}\n"
        "expect:\n  - {agents: a, status: PENDING}\n  - accounted\n",
        "x.yaml");
    ASSERT_TRUE(plain.ok()) << plain.text();
    const auto all = expectations_of(plain.scenarios.front());
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].response, (history::ResponseClause{{{202, 202}, {403, 403}}, {"challenges_expired"}}));
    EXPECT_EQ(all[0].verdict, (history::VerdictClause{"fail", "policy_violation"}));
    EXPECT_EQ(all[0].requests, (std::vector<history::RequestsClause>{{"sessions", 0}, {"submissions", 2}}));
    EXPECT_FALSE(all[0].status || all[0].check);
    EXPECT_EQ(all[0].step, 2);
    EXPECT_EQ(all[0].agents, std::vector<std::string>{"b"});
    EXPECT_EQ(all[0].quantity, (history::Quantity{history::Quantity::Kind::AtLeast, 2}));
    EXPECT_EQ(all[1].status, (history::StatusClause{"PENDING"}));
    EXPECT_FALSE(all[1].step.has_value());
    EXPECT_EQ(all[2].check, (history::CheckClause{"accounted"}));
    EXPECT_EQ(all[0].source, "x.yaml:7:13");
}

scenario::Scenario scenario_of(const std::string& text) {
    auto loaded = scenario::load_text(text, "x.yaml");
    EXPECT_TRUE(loaded.ok()) << loaded.text();
    return loaded.ok() ? loaded.scenarios.front() : scenario::Scenario{};
}

TEST(Expectations, SayTheirCaseAndWhatTheyDecide) {
    const auto all =
        expectations_of(scenario_of("scenario: x\nagents: {a: {}}\n"
                                    "cases:\n"
                                    "  - case: late\n"
                                    "    steps: [{repeat: {times: 2, steps: [{attest: a, expect: {verdict: "
                                    "pass, decides: KPM-VER-001}}]}}]\n"
                                    "expect: [accounted]\n"));
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].case_name, "late");
    EXPECT_EQ(all[0].decides, std::vector<std::string>{"KPM-VER-001"});
    EXPECT_EQ(all[1].case_name, "");
    EXPECT_TRUE(all[1].decides.empty());
}

TEST(Expectations, OfDeviationsComeLastAndSayInPlaceOfWhich) {
    auto plan = scenario_of(
        "scenario: x\nagents: {a: {count: 3}}\n"
        "script:\n"
        "  - {attest: a, case: one, expect: {verdict: pass}}\n"
        "  - {attest: a, case: two, expect: {status: PASS, never: FAIL, at_least: 2, decides: KPM-VER-001}}\n"
        "expect: [accounted]\n");
    const auto observed = scenario::read_clause("{ status: FAIL, always: PENDING }", "d.yaml");
    ASSERT_TRUE(observed.ok());
    plan.script[1].expect[0].instead = {observed.clause,
                                        scenario::read_clause("{verdict: none}", "e.yaml").clause};
    const auto all = expectations_of(plan);
    ASSERT_EQ(all.size(), 7U) << "three clauses, one of them two, and after them three";
    EXPECT_EQ(all[3].check, (history::CheckClause{"accounted"}));
    for (std::size_t i = 0; i < 4; ++i)
        EXPECT_FALSE(all[i].instead_of.has_value()) << i;
    for (std::size_t i = 4; i < all.size(); ++i) {
        EXPECT_EQ(all[i].instead_of, 1) << "the first of the clause";
        EXPECT_EQ(all[i].step, 2);
        EXPECT_EQ(all[i].agents, std::vector<std::string>{"a"});
        EXPECT_EQ(all[i].quantity, (history::Quantity{history::Quantity::Kind::AtLeast, 2}));
        EXPECT_EQ(all[i].case_name, "two");
        EXPECT_TRUE(all[i].decides.empty());
    }
    EXPECT_EQ(all[4].status, (history::StatusClause{"FAIL"}));
    EXPECT_EQ(all[5].status, (history::StatusClause{"PENDING", history::StatusClause::When::Always}));
    EXPECT_EQ(all[6].verdict, (history::VerdictClause{"none", ""}));
    EXPECT_EQ(all[4].source, "d.yaml:1:1");
    EXPECT_EQ(all[6].source, "e.yaml:1:1");
}

TEST(Expectations, OfAClauseThatNobodyMaySatisfyADeviationIsOfThemAll) {
    auto plan = scenario_of(
        "scenario: x\nagents: {a: {count: 3}}\n"
        "script: [{attest: a, expect: {verdict: pass, exactly: 0, decides: KPM-VER-001}}]\n");
    plan.script[0].expect[0].instead = {scenario::read_clause("{verdict: pass}", "e.yaml").clause};
    const auto all = expectations_of(plan);
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].quantity, (history::Quantity{history::Quantity::Kind::Exactly, 0}));
    EXPECT_EQ(all[1].quantity, history::Quantity{});
}

TEST(Expectations, ADeviationMayWantMessagesThatItsClauseDoesNot) {
    auto plan = scenario_of(
        "scenario: x\nagents: {a: {}}\nscript: [{attest: a, expect: {response: {status: 202}}}]\n");
    std::vector<scenario::Expectation>& clauses = plan.script[0].expect;
    EXPECT_FALSE(wants_messages(clauses));
    clauses[0].instead = {scenario::read_clause("{response: {body: {/x: 1}}}", "d.yaml").clause};
    EXPECT_TRUE(wants_messages(clauses));
}

}  // namespace
}  // namespace pushsim::fleet
