#include "sim/fleet/expectations.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace pushsim::fleet
