// Many agents: a cause is said once, with all that have it, and nobody is lost.

#include <map>
#include <numeric>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <rapidcheck.h>

#include "reports/console.hpp"
#include "reports/diagnosis.hpp"
#include "reports/junit.hpp"
#include "reports/report_json.hpp"
#include "reports/summary.hpp"
#include "tests/reports/golden.hpp"

namespace pushsim::reports::test {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

std::string member(int number) {
    return fmt::format("honest[{}]", number);
}

std::string hex(int number) {
    return fmt::format("{:064x}", number + 1);
}

std::string policy(int pcr, const std::string& value) {
    return fmt::format(R"({{"{}":["{}"]}})", pcr, value);
}

Script& mismatch(Script& script, int pcr, const std::string& name, const std::string& value) {
    script.quoting({"sha256", {{pcr, value}}}).enrol(policy(pcr, zeros), name).attest(0, 202, "", name);
    return script.verdict(0, "fail", "policy_violation", name);
}

Script& late(Script& script, milliseconds by, const std::string& name) {
    script.holding(milliseconds{2000} + by).quoting({"sha256", {{7, quoted}}}).enrol(policy(7, quoted), name);
    return script.attest(0, 403, "challenges_expired", name).holding({});
}

/// What an agent of a fleet goes through; each fails for one reason, or passes.
enum class Fate { Passes, Pcr4, Pcr7, Late, BrokenChain, Unavailable };

void play(Script& script, Fate fate, int number) {
    const std::string name = member(number);
    switch (fate) {
        case Fate::Passes:
            script.quoting({"sha256", {{7, quoted}}}).enrol(policy(7, quoted), name).attest(0, 202, "", name);
            script.verdict(0, "pass", "", name);
            break;
        case Fate::Pcr4:
        case Fate::Pcr7:
            mismatch(script, fate == Fate::Pcr4 ? 4 : 7, name, hex(number));
            break;
        case Fate::Late:
            late(script, milliseconds{50 + number}, name);
            break;
        case Fate::BrokenChain:
            script.quoting({"sha256", {{7, quoted}}}).enrol(policy(7, quoted), name).attest(0, 202, "", name);
            script.verdict(0, "fail", "broken_evidence_chain", name);
            break;
        case Fate::Unavailable:
            script.negotiate_in_vain(503, "", name);
            script.add(script.where(name),
                       h::Cycle{.phase = "negotiate",
                                .ending = "failed",
                                .status = 503,
                                .reason = fmt::format("POST /v3.0/agents/{}: 503", name)});
            break;
    }
}

RunReport fleet_of(const std::vector<Fate>& fates) {
    Script script;
    script.begin("fleet", {{.verdict = h::VerdictClause{"pass"}, .step = 1}}, static_cast<int>(fates.size()));
    script.step(1, "attest");
    for (std::size_t i = 0; i < fates.size(); ++i)
        play(script, fates[i], static_cast<int>(i));
    return judged(script.end_scenario().end().text());
}

std::vector<Diagnosis> all_of(const ScenarioReport& scenario) {
    std::vector<Diagnosis> all = scenario.diagnoses;
    all.insert(all.end(), scenario.unexplained.begin(), scenario.unexplained.end());
    return all;
}

TEST(Causes, EveryFailedAgentIsInOneAndEveryCauseIsSaidOnce) {
    EXPECT_TRUE(rc::check([] {
        const auto fates = *rc::gen::nonEmpty(rc::gen::container<std::vector<Fate>>(rc::gen::element(
            Fate::Passes, Fate::Pcr4, Fate::Pcr7, Fate::Late, Fate::BrokenChain, Fate::Unavailable)));
        const RunReport report = fleet_of(fates);
        const ScenarioReport& scenario = report.scenarios.at(0);
        std::map<Fate, std::vector<std::string>> failed;
        for (std::size_t i = 0; i < fates.size(); ++i) {
            if (fates[i] != Fate::Passes) failed[fates[i]].push_back(member(static_cast<int>(i)));
        }
        std::set<std::vector<std::string>> expected;
        std::size_t agents = 0;
        for (const auto& [fate, names] : failed) {
            expected.insert(names);
            agents += names.size();
        }
        std::set<std::vector<std::string>> said;
        std::size_t sum = 0;
        for (const Diagnosis& one : all_of(scenario)) {
            said.insert(one.agents);
            sum += one.agents.size();
            RC_ASSERT(one.cases.size() == one.agents.size());
        }
        RC_ASSERT(sum == agents);
        RC_ASSERT(scenario.failed_agents == agents);
        RC_ASSERT(said == expected);
        for (const auto* causes : {&scenario.diagnoses, &scenario.unexplained}) {
            RC_ASSERT(std::ranges::is_sorted(*causes, std::ranges::greater{},
                                             [](const auto& one) { return one.agents.size(); }));
        }
    }));
}

TEST(Causes, AreEqualByRuleAndSubjectAndNotByWords) {
    Causes causes(false);
    causes.add("a", "x[0]", {{.subject = "PCR 7", .cause = "quoted 1"}});
    causes.add("a", "x[1]", {{.subject = "PCR 7", .cause = "quoted 2"}});
    causes.add("a", "x[2]", {{.subject = "PCR 4", .cause = "quoted 1"}});
    causes.add("b", "x[0]", {{.subject = "PCR 7", .cause = "quoted 1"}});
    const auto all = std::move(causes).by_number();
    ASSERT_THAT(all, SizeIs(3));
    EXPECT_THAT(all[0].agents, ElementsAre("x[0]", "x[1]"));
    EXPECT_EQ(all[0].cases[1].cause, "quoted 2");
    EXPECT_EQ(all[1].subject, "PCR 4");
    EXPECT_EQ(all[2].rule, "b");
}

TEST(Causes, WhatOneAgentHasTwiceAreTwo) {
    Causes causes(true);
    causes.add("clock", "x[0]", {{.cause = "from 9 to 1"}, {.cause = "from 9 to 2"}});
    const auto all = std::move(causes).by_number();
    ASSERT_THAT(all, SizeIs(2));
    EXPECT_EQ(all[1].cause, "from 9 to 2");
}

TEST(Causes, WhatOneOfManyHasTwiceAreTwoCases) {
    Causes causes(false);
    causes.add("clock", "x[0]", {{.cause = "from 9 to 1"}, {.cause = "from 9 to 2"}});
    causes.add("clock", "x[1]", {{.cause = "from 9 to 1"}});
    const auto all = std::move(causes).by_number();
    ASSERT_THAT(all, SizeIs(1));
    EXPECT_THAT(all[0].agents, ElementsAre("x[0]", "x[1]"));
    ASSERT_THAT(all[0].cases, SizeIs(3));
    EXPECT_EQ(all[0].cases[1].agent, "x[0]");
    EXPECT_EQ(all[0].cases[1].cause, "from 9 to 2");
}

std::vector<Fate> large_fleet() {
    std::vector<Fate> fates(20, Fate::Passes);
    std::fill(fates.begin() + 1, fates.begin() + 13, Fate::Late);
    std::fill(fates.begin() + 13, fates.begin() + 18, Fate::BrokenChain);
    return fates;
}

TEST(Causes, OfAFleetAreFewLinesOnTheConsole) {
    const std::string text = console_text(fleet_of(large_fleet()), "", {});
    EXPECT_THAT(
        text, HasSubstr("expected PASS, was 3 of 20 agents; 12 agents (honest[1], honest[2], honest[3] and 9 "
                        "more): no verdict: 403 challenges_expired; 5 agents (honest[13], honest[14], "
                        "honest[15] and 2 more): FAIL broken_evidence_chain  "))
        << "equal answers are said once";
    EXPECT_THAT(text, HasSubstr(R"(        17 of 20 agents failed
        cause  12 agents (honest[1], honest[2], honest[3] and 9 more): The challenge lived 2000 ms (challenge_lifetime), and the evidence was sent 2251 ms after the negotiation began. The evidence itself was not looked at.
               line 13: PATCH /v3.0/agents/id1/attestations/0 -> 403 challenges_expired (honest[1], submit)
        mend   Find what delays)"));
    EXPECT_THAT(
        text, HasSubstr("\n               the figures are those of honest[1]; 11 other cases have their own "
                        "(report.json)\n"));
    EXPECT_THAT(text, HasSubstr("\n        5 agents (honest[13], honest[14], honest[15] and 2 more): FAIL "
                                "broken_evidence_chain, of no cause that pushsim knows (history line "));
}

TEST(Causes, OfAFleetAreThereInFullInTheJson) {
    const auto report = nlohmann::json::parse(report_json(fleet_of(large_fleet())));
    const auto& scenario = report["scenarios"][0];
    EXPECT_EQ(scenario["agents"], (nlohmann::json{{"all", 20}, {"failed", 17}}));
    const auto& cause = scenario["diagnoses"][0];
    EXPECT_EQ(cause["agents"].size(), 12U);
    EXPECT_EQ(cause.at("others").size(), 11U);
    EXPECT_EQ(cause.at("others")[10]["agent"], "honest[12]") << "after honest[2], as people count";
    EXPECT_NE(cause.at("others")[10]["cause"], cause["cause"]);
    EXPECT_FALSE(cause.at("others")[10].contains("mend")) << "it is the same";
    EXPECT_EQ(cause.at("others")[10]["evidence"].size(), 2U);
    EXPECT_EQ(scenario["unexplained"][0]["symptom"], "FAIL broken_evidence_chain");
    EXPECT_EQ(scenario["unexplained"][0]["agents"].size(), 5U);
}

TEST(Causes, OfAFleetAreFewLinesInTheJUnitFile) {
    const std::string xml = junit_xml(fleet_of(large_fleet()), "");
    EXPECT_THAT(xml,
                HasSubstr("cause: 12 agents (honest[1], honest[2], honest[3] and 9 more): The challenge"));
    EXPECT_THAT(xml, HasSubstr("\nline 13: PATCH /v3.0/agents/id1/attestations/0 -&gt; 403"));
    EXPECT_THAT(xml, Not(HasSubstr("honest[9]")));
}

TEST(Causes, WhereNobodyHasAnotherFigureNothingIsSaidOfIt) {
    Script script;
    script.begin("fleet", {}, 3).step(1, "attest");
    for (int i = 0; i < 3; ++i)
        mismatch(script, 7, member(i), quoted);
    EXPECT_THAT(console_text(judged(script.end_scenario().end().text()), "", {}), Not(HasSubstr("figures")));
}

TEST(Causes, FindingsOfOneCheckAreCutOnTheConsoleAndNotInTheJson) {
    Script script;
    script.begin("fleet", {}, 10).step(1, "attest");
    for (int i = 0; i < 10; ++i)
        play(script, Fate::Unavailable, i);
    const RunReport report = judged(script.end_scenario().end().text());
    EXPECT_EQ(report.scenarios.at(0).headline, "10 of 10 agents failed");
    const std::string text = console_text(report, "", {});
    EXPECT_THAT(text, HasSubstr("goal_reached: honest[0]: "));
    EXPECT_THAT(text, Not(HasSubstr("goal_reached: honest[1]: ")));
    EXPECT_THAT(text, HasSubstr("        goal_reached: and 9 more (report.json)\n"));
    ConsoleStyle verbose;
    verbose.verbose = true;
    EXPECT_THAT(console_text(report, "", verbose), HasSubstr("goal_reached: honest[9]: "));
    EXPECT_EQ(nlohmann::json::parse(report_json(report))["scenarios"][0]["findings"].size(), 11U)
        << "and no_5xx";
}

TEST(Agents, AreInTheOrderOfTheirNumbers) {
    const ByGroupAndNumber before;
    EXPECT_TRUE(before("fleet[2]", "fleet[10]"));
    EXPECT_FALSE(before("fleet[10]", "fleet[2]"));
    EXPECT_FALSE(before("fleet[2]", "fleet[2]"));
    EXPECT_TRUE(before("a[10]", "b[2]"));
    EXPECT_TRUE(before("late[3]", "later[1]"));
    EXPECT_TRUE(before("web-1", "web-10"));
}

}  // namespace
}  // namespace pushsim::reports::test
