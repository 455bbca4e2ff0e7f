// What the steps of a play mean, and that each is written as itself and read again.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/sim/scenario/plays.hpp"

namespace pushsim::scenario {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

TEST(Wait, IsAlsoUntilAnInstantOfTheAgents) {
    const Step alone = step("  - wait: token_expires_at + 1s\n");
    EXPECT_EQ(alone.until, (InstantOffset{InstantName::TokenExpiresAt, 1s}));
    EXPECT_THAT(alone.agents, ElementsAre("a"));
    const Step of_b = step_of_two("  - wait: { agents: b, until: challenges_expire_at }\n");
    EXPECT_EQ(of_b.until, (InstantOffset{InstantName::ChallengesExpireAt, 0s}));
    EXPECT_THAT(of_b.agents, ElementsAre("b"));
    EXPECT_EQ(
        problems_of(
            "scenario: s\nagents: { a: {}, b: {} }\nscript: [ wait: token_expires_at ]\nexpect: accounted\n"),
        "3:11: `wait` must say which `agents`: there are a, b");
}

TEST(Attest, IsDueAsOftenAsItSays) {
    const Step attest =
        step("  - attest: { times: 3, every: 5s, jitter: { uniform: [0s, 1s] }, spread: 4s }\n");
    EXPECT_EQ(attest.every, 5s);
    EXPECT_EQ(attest.times, 3);
    EXPECT_EQ(attest.jitter.varies->values, (std::vector<Duration>{0s, 1s}));
    EXPECT_EQ(attest.spread, 4s);
}

TEST(Attest, ForATimeIsSoManyCyclesOneAtItsBeginning) {
    const auto times = [](const std::string& every, const std::string& span) {
        return step(fmt::format("  - attest: {{ every: {}, for: {} }}\n", every, span)).times;
    };
    EXPECT_EQ(times("5s", "60s"), 12) << "the one at 60s is no longer due";
    EXPECT_EQ(times("5s", "61s"), 13);
    EXPECT_EQ(times("5s", "1s"), 1);
    EXPECT_EQ(times("5s", "0s"), 1);
}

TEST(Attest, InStagesIsDueAtOneRateAfterTheOther) {
    const Step attest = step("  - attest: { stages: [ { every: 5s, for: 12s }, { every: 1s, for: 2s } ] }\n");
    EXPECT_EQ(attest.stages, (std::vector<Stage>{{5s, 12s}, {1s, 2s}}));
    EXPECT_EQ(attest.times, 5);
    std::vector<std::optional<Duration>> due;
    for (int cycle = 0; cycle < 6; ++cycle)
        due.push_back(due_of(attest, cycle));
    EXPECT_THAT(due, ElementsAre(0s, 5s, 10s, 12s, 13s, std::nullopt));
    EXPECT_EQ(due_of(step("  - attest: { every: 5s, times: 3 }\n"), 2), 10s);
    EXPECT_EQ(due_of(step("  - attest: { times: 3 }\n"), 2), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(
    Attest, BrokenScenario,
    testing::ValuesIn(std::vector<Broken>{
        {"StagesBesideEvery",
         {.script = "script: [ attest: { every: 5s, stages: [ { every: 1s, for: 2s } ] } ]"},
         "3:21: one of `every` and `stages`, not both"},
        {"StageWithoutATime",
         {.script = "script: [ attest: { stages: [ { every: 1s } ] } ]"},
         "3:31: `stages` needs `for:`, for so long, like `for: 2s`"},
        {"StageOfNoRate",
         {.script = "script: [ attest: { stages: [ { every: 0s, for: 1s } ] } ]"},
         "3:40: `every`: expected more than nothing, such as 2s; found '0s'"},
        {"StagesOfTooManyCycles",
         {.script = "script: [ attest: { stages: [ { every: 1ms, for: 1h } ] } ]"},
         "3:29: `stages`: these are more than 1000000 cycles"},
        {"ForWithoutEvery",
         {.script = "script: [ attest: { for: 60s } ]"},
         "3:21: `for` needs `every` beside it"},
        {"JitterWithoutEvery",
         {.script = "script: [ attest: { jitter: 1s } ]"},
         "3:21: `jitter` needs `every` or `stages` beside it"},
        {"ForAndTimes",
         {.script = "script: [ attest: { every: 5s, for: 60s, times: 3 } ]"},
         "3:32: one of `times` and `for`, not both"},
        {"EveryNothing",
         {.script = "script: [ attest: { every: 0s, for: 60s } ]"},
         "3:28: `every`: expected more than nothing, such as 2s; found '0s'"},
        {"TooManyCycles",
         {.script = "script: [ attest: { every: 1ms, for: 1h } ]"},
         "3:38: `for`: these are 3600000 cycles; at most 1000000"},
    }),
    case_name);

TEST(Together, HasStepsSideBySideSomeOfThemLater) {
    const Step together = step_of_two(
        "  - together:\n"
        "      - attest: a\n"
        "      - attest: b\n"
        "        after: { uniform: [1s, 2s] }\n"
        "      - restart: verifier\n"
        "        after: 5s\n"
        "      - repeat: { times: 2, steps: [ { wait: 1s } ] }\n");
    ASSERT_EQ(together.steps.size(), 4U);
    EXPECT_EQ(together.kind, StepKind::Together);
    EXPECT_EQ(together.steps[0].after, Amount{});
    EXPECT_EQ(together.steps[1].after.varies->values, (std::vector<Duration>{1s, 2s}));
    EXPECT_EQ(together.steps[2].after, Amount{5s});
    EXPECT_EQ(together.steps[3].steps[0].number, 6);
}

TEST(Together, AnAgentThatActsMayBeEnrolledAndDeletedMeanwhile) {
    const Step together =
        step("  - together:\n      - attest\n      - enrol: { bare: true }\n      - delete\n");
    ASSERT_EQ(together.steps.size(), 3U);
    EXPECT_TRUE(together.steps[1].bare);
}

TEST(Together, AnAgentThatActsMayBeStoppedMeanwhile) {
    const Step together =
        step("  - together:\n      - attest: { times: 3 }\n      - stop_agent:\n        after: 2s\n");
    ASSERT_EQ(together.steps.size(), 2U);
    EXPECT_EQ(together.steps[1].kind, StepKind::StopAgent);
    EXPECT_EQ(together.steps[1].after, Amount{2s});
}

INSTANTIATE_TEST_SUITE_P(
    Together, BrokenScenario,
    testing::ValuesIn(std::vector<Broken>{
        {"TogetherOfNothing",
         {.script = "script: [ together: [] ]"},
         "3:21: `together`: expected a list of at least one step; found an empty list"},
        {"TogetherAsAMap",
         {.script = "script: [ together: { steps: [ attest ] } ]"},
         "3:21: `together`: expected a list of at least one step; found a map"},
        {"AnAgentActsTwice",
         {.script = "script:\n"
                    "  - together:\n"
                    "      - attest\n"
                    "      - repeat: { times: 2, steps: [ reboot ] }"},
         "6:9: group `a` acts in two steps side by side, first in line 5; an agent does one thing at a time"},
        {"AnAgentsTpmIsRestoredMeanwhile",
         {.script = "script:\n"
                    "  - together:\n"
                    "      - attest\n"
                    "      - restore_tpm"},
         "6:9: group `a` acts in two steps side by side, first in line 5; an agent does one thing at a time"},
        {"AnAgentUsesAFileMeanwhile",
         {.agents = "agents: { a: { boot: { ima: { entries: 1 } } } }",
          .script = "script:\n"
                    "  - together:\n"
                    "      - attest\n"
                    "      - measure: { path: /x, digest: \"text:x\" }"},
         "6:9: group `a` acts in two steps side by side, first in line 5; an agent does one thing at a time"},
        {"AnAgentMightHaveToRegisterMeanwhile",
         {.script = "script:\n"
                    "  - together:\n"
                    "      - attest\n"
                    "      - enrol"},
         "6:9: group `a` acts in two steps side by side, first in line 5; an agent does one thing at a time. "
         "Give "
         "`enrol` `bare: true`: then it leaves the agent alone, which must have registered in a step before"},
        {"AfterOutsideTogether",
         {.script = "script:\n"
                    "  - attest: a\n"
                    "    after: 2s"},
         "5:5: `after` belongs to a step within `together`; between steps stands `wait`"},
        {"ExpectBesideTogether",
         {.script = "script:\n"
                    "  - together: [ attest ]\n"
                    "    expect: { verdict: pass }"},
         "5:5: `expect` belongs to a step within `together`, or to the end"},
    }),
    case_name);

TEST(Servers, AreStoppedStartedKilledAndHeld) {
    for (const auto& [word, kind] :
         {std::pair{"stop", StepKind::Stop}, std::pair{"start", StepKind::Start},
          std::pair{"restart", StepKind::Restart}, std::pair{"kill", StepKind::Kill}}) {
        const Step one = step(fmt::format("  - {}: registrar\n", word));
        EXPECT_EQ(one.kind, kind);
        EXPECT_THAT(one.servers, ElementsAre("registrar"));
        EXPECT_THAT(step(fmt::format("  - {}: [verifier, registrar]\n", word)).servers,
                    ElementsAre("verifier", "registrar"));
        EXPECT_THAT(step(fmt::format("  - {}: {{ servers: [verifier] }}\n", word)).servers,
                    ElementsAre("verifier"));
    }
    const Step pause = step("  - pause: { servers: verifier, for: { one_of: [1s, 2s] } }\n");
    EXPECT_THAT(pause.servers, ElementsAre("verifier"));
    EXPECT_EQ(pause.wait.varies->kind, Distribution::Kind::OneOf);
    const Step cut = step("  - cut_off: { servers: [verifier, registrar], for: 20s }\n");
    EXPECT_EQ(cut.kind, StepKind::CutOff);
    EXPECT_THAT(cut.servers, ElementsAre("verifier", "registrar"));
    EXPECT_EQ(cut.wait.fixed, std::chrono::seconds{20});
    const Step renew = step("  - renew_certificate: verifier\n");
    EXPECT_EQ(renew.kind, StepKind::RenewCertificate);
    EXPECT_THAT(renew.servers, ElementsAre("verifier"));
}

INSTANTIATE_TEST_SUITE_P(
    Servers, BrokenScenario,
    testing::ValuesIn(std::vector<Broken>{
        {"UnknownServer",
         {.script = "script: [ stop: verifer ]"},
         "3:17: `servers`: unknown value 'verifer'; did you mean `verifier`?"},
        {"StopOfNothing",
         {.script = "script: [ { stop: } ]"},
         "3:13: `servers`: expected one of verifier, registrar, database; found nothing"},
        {"DatabaseHasNoPortOfItsOwn",
         {.script = "script: [ cut_off: { servers: database, for: 2s } ]"},
         "3:31: `servers`: unknown value 'database'; known: verifier, registrar"},
        {"DatabaseHasNoCertificateOfItsOwn",
         {.script = "script: [ renew_certificate: database ]"},
         "3:30: `servers`: unknown value 'database'; known: verifier, registrar"},
        {"PauseWithoutADuration",
         {.script = "script: [ pause: { servers: verifier } ]"},
         "3:18: step `pause` needs `for:`, how long it stands still (SIGSTOP, then SIGCONT), like `for: 2s`"},
        {"PauseAsAWord",
         {.script = "script: [ pause: verifier ]"},
         "3:18: `pause`: expected a map, like { servers: verifier, for: 2s }; found 'verifier'"},
        {"ServerOfAnAgentsStep",
         {.script = "script: [ restart: a ]"},
         "3:20: `servers`: unknown value 'a'; known: verifier, registrar, database"},
    }),
    case_name);

TEST(Reboot, IsOrderlyUnlessItSaysOtherwise) {
    EXPECT_TRUE(step("  - reboot\n").orderly);
    EXPECT_FALSE(step("  - reboot: { orderly: false }\n").orderly);
}

TEST(StepsOfTheMachine, NameTheirGroups) {
    EXPECT_EQ(step("  - suspend\n").kind, StepKind::Suspend);
    EXPECT_EQ(step("  - clear_tpm: a\n").kind, StepKind::ClearTpm);
    EXPECT_EQ(step("  - restore_tpm: { agents: a }\n").kind, StepKind::RestoreTpm);
    EXPECT_THAT(step_of_two("  - suspend: [b, a]\n").agents, ElementsAre("b", "a"));
}

TEST(RestartAndStopOfAgents, NameTheirGroups) {
    EXPECT_EQ(step("  - stop_agent: a\n").kind, StepKind::StopAgent);
    EXPECT_THAT(step_of_two("  - restart_agent: [b, a]\n").agents, ElementsAre("b", "a"));
}

TEST(ChangePolicy, IsOfANamedPolicy) {
    const Scenario scenario = read(Parts{
        .agents =
            "agents: { a: { enrol: { runtime_policy_name: allowed, runtime_policy: { json: '{}' } } } }",
        .script = "script: [ change_policy: { runtime_policy_name: allowed, runtime_policy: { json: '{\"a\": "
                  "1}' } } ]"}
                                       .text());
    EXPECT_EQ(scenario.groups[0].enrol.runtime_policy, RuntimePolicy(PolicyText{"{}"}));
    EXPECT_EQ(scenario.groups[0].enrol.runtime_policy_name, "allowed");
    EXPECT_EQ(scenario.script[0].runtime_policy_name, "allowed");
    EXPECT_EQ(scenario.script[0].runtime_policy, RuntimePolicy(PolicyText{R"({"a": 1})"}));
}

TEST(ChangePolicy, IsAnsweredToTheTenantAndMayShowAtAgents) {
    const Scenario scenario = read(Parts{
        .agents = "agents: { a: { enrol: { runtime_policy_name: p } } }",
        .script = "script:\n  - change_policy: { runtime_policy_name: p, runtime_policy: { json: x } }\n"
                  "    expect: [ { response: { status: 200 } }, { status: PASS } ]"}
                                       .text());
    const Step& change = scenario.script[0];
    ASSERT_THAT(change.expect, testing::SizeIs(2));
    EXPECT_THAT(change.expect[0].agents, ElementsAre("admin"));
    EXPECT_THAT(change.expect[1].agents, ElementsAre("a"));
}

INSTANTIATE_TEST_SUITE_P(
    ChangePolicy, BrokenScenario,
    testing::ValuesIn(std::vector<Broken>{
        {"PolicyThatNoGroupHas",
         {.agents = "agents: { a: { enrol: { runtime_policy_name: allowed } } }",
          .script =
              "script: [ change_policy: { runtime_policy_name: alowed, runtime_policy: { json: x } } ]"},
         "3:49: no group is enrolled with a policy called `alowed`; did you mean `allowed`?"},
        {"NoPolicyHasAName",
         {.script =
              "script: [ change_policy: { runtime_policy_name: allowed, runtime_policy: { json: x } } ]"},
         "3:49: no group is enrolled with a policy called `allowed`; name it in the group: `enrol: { "
         "runtime_policy_name: … }`"},
        {"ChangeToNothing",
         {.agents = "agents: { a: { enrol: { runtime_policy_name: p } } }",
          .script = "script: [ change_policy: { runtime_policy_name: p, runtime_policy: none } ]"},
         "3:68: `runtime_policy`: expected { json: text }, { file: policy.json } or { from_boot: GROUP }; "
         "found "
         "'none'"},
        {"AnswerThatNoAgentGets",
         {.agents = "agents: { a: { enrol: { runtime_policy_name: p } } }",
          .script = "script:\n  - change_policy: { runtime_policy_name: p, runtime_policy: { json: x } }\n"
                    "    expect: { agents: a, response: { status: 200 } }"},
         "5:15: no agent sends this request, admin does"},
        {"NameOfAChange",
         {.agents = "agents: { a: { enrol: { runtime_policy_name: p } } }",
          .script = "script:\n  - change_policy: { runtime_policy_name: p, runtime_policy: { json: x } }\n"
                    "    as: changed"},
         "5:5: `as` names exchanges, and `change_policy` has none"},
        {"ChangeOfATpmPolicy",
         {.script = "script: [ change_policy: { tpm_policy: { from_boot: [7] } } ]"},
         "3:28: Keylime has no update of `tpm_policy`: write the steps `delete` and `enrol` in place of "
         "`change_policy`"},
        {"MeasuredBootPolicyLater",
         {.script = "script: [ change_policy: { mb_policy_name: p } ]"},
         "3:28: key `mb_policy_name` is part of the language but not yet in pushsim"},
    }),
    case_name);

}  // namespace
}  // namespace pushsim::scenario
