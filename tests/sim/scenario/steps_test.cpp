// What the steps, faults and clauses of a play mean, and that each is written as itself and read again.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "sim/scenario/references.hpp"
#include "sim/scenario/values.hpp"
#include "sim/scenario/version_range.hpp"
#include "tests/sim/scenario/broken.hpp"

namespace pushsim::scenario {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::Pair;

/// The first step of a script of one group of three, `a`, or of it and `b`.
Step step(const std::string& lines) {
    const Scenario scenario =
        read("scenario: s\nagents: { a: { count: 3 } }\nexpect: accounted\nscript:\n" + lines);
    return scenario.script.empty() ? Step{} : scenario.script[0];
}
Step step_of_two(const std::string& lines) {
    const Scenario scenario =
        read("scenario: s\nagents: { a: {}, b: {} }\nexpect: accounted\nscript:\n" + lines);
    return scenario.script.empty() ? Step{} : scenario.script[0];
}
Amount wait_of(const std::string& value) {
    return step("  - wait: " + value + "\n").wait;
}
Fault fault(const std::string& text) {
    const Step attest = step("  - attest: { agents: a, faults: [ " + text + " ] }\n");
    return attest.faults.empty() ? Fault{} : attest.faults[0];
}
Expectation clause(const std::string& text) {
    const Step attest = step("  - attest: { times: 4 }\n    expect: " + text + "\n");
    return attest.expect.empty() ? Expectation{} : attest.expect[0];
}
template <typename Wanted>
Wanted condition(const std::string& text) {
    const Expectation expectation = clause(text);
    return expectation.conditions.empty() ? Wanted{} : std::get<Wanted>(expectation.conditions[0]);
}

TEST(Amounts, MayBeDistributions) {
    using Kind = Distribution::Kind;
    EXPECT_EQ(wait_of("2s"), Amount{2s});
    EXPECT_EQ(wait_of("{ uniform: [1s, 3s] }"), (Amount{{}, Distribution{Kind::Uniform, {1s, 3s}}}));
    EXPECT_EQ(wait_of("{ normal: { mean: 2s, deviation: 300ms } }"),
              (Amount{{}, Distribution{Kind::Normal, {2s, 300ms}}}));
    EXPECT_EQ(wait_of("{ exponential: { mean: 5s } }"), (Amount{{}, Distribution{Kind::Exponential, {5s}}}));
    EXPECT_EQ(wait_of("{ one_of: [1s, 5s, 9s] }"), (Amount{{}, Distribution{Kind::OneOf, {1s, 5s, 9s}}}));
    EXPECT_EQ(wait_of("{ list: [100ms, 100ms, 5s] }"),
              (Amount{{}, Distribution{Kind::List, {100ms, 100ms, 5s}}}));
}

INSTANTIATE_TEST_SUITE_P(
    Amounts, BrokenScenario,
    testing::ValuesIn(std::vector<Broken>{
        {"UniformOfOne",
         {.script = "script: [ wait: { uniform: [1s] } ]"},
         "3:28: `uniform`: expected two durations, the lesser first, like [1s, 3s]; found a list"},
        {"UniformBackwards",
         {.script = "script: [ wait: { uniform: [3s, 1s] } ]"},
         "3:28: `uniform`: expected two durations, the lesser first, like [1s, 3s]; found a list"},
        {"UniformWithoutUnits",
         {.script = "script: [ wait: { uniform: [1, 3] } ]"},
         "3:29: `uniform`: a duration needs a unit: 1s or 1ms, not '1'\n"
         "3:32: `uniform`: a duration needs a unit: 3s or 3ms, not '3'"},
        {"NormalWithoutADeviation",
         {.script = "script: [ wait: { normal: { mean: 1s } } ]"},
         "3:27: `normal` needs `deviation:`, how far two thirds of them are from it at most, like "
         "`deviation: 2s`"},
        {"ListOfNothing",
         {.script = "script: [ wait: { list: [] } ]"},
         "3:25: `list`: expected a list of durations, like [1s, 3s]; found an empty list"},
        {"TwoDistributions",
         {.script = "script: [ wait: { list: [1s], uniform: [1s, 2s] } ]"},
         "3:17: `wait`: expected one distribution, like { uniform: [1s, 3s] }; found a map"},
        {"DistributionWhereNothingVaries",
         {.script = "script: [ attest: { every: { uniform: [1s, 2s] } } ]"},
         "3:28: `every` cannot vary; write one value"},
    }),
    case_name);

TEST(Shares, AreOfAHundred) {
    EXPECT_EQ(parse_share("10%"), 0.1);
    EXPECT_EQ(parse_share("0%"), 0.0);
    EXPECT_EQ(parse_share("100%"), 1.0);
    EXPECT_EQ(parse_share("0.0001%"), 0.000001);
    for (const char* text : {"", "%", "10", "101%", "-1%", "1.%", ".5%", "1.00001%", " 1%", "1 %", "1e1%"})
        EXPECT_EQ(parse_share(text), std::nullopt) << "'" << text << "'";
    EXPECT_EQ(fault("{ no_token: , probability: 12.5% }").probability, 0.125);
    EXPECT_EQ(fault("{ swizzle: { share: 30%, every: 1s } }").share, 0.3);
}

TEST(Rates, AreSoManyASecondOrAMinute) {
    for (const auto& [text, interval] :
         {std::pair{"10/s", Duration(100ms)}, std::pair{"1/s", Duration(1s)},
          std::pair{"7/s", Duration(1s) / 7}, std::pair{"1/m", Duration(60s)},
          std::pair{"90/m", Duration(60s) / 90}, std::pair{"59/m", Duration(60s) / 59}})
        EXPECT_EQ(condition<ExpectStatus>(fmt::format("{{ always: PASS, poll: {} }}", text)).poll, interval)
            << text;
}

TEST(Instants, HaveADistance) {
    EXPECT_EQ(fault("hold_evidence: { until: token_expires_at }").until,
              (InstantOffset{InstantName::TokenExpiresAt, 0s}));
    EXPECT_EQ(fault("hold_evidence: { until: challenges_expire_at + 50ms }").until,
              (InstantOffset{InstantName::ChallengesExpireAt, 50ms}));
    EXPECT_EQ(fault("hold_evidence: { until: challenges_expire_at - 1m30s }").until,
              (InstantOffset{InstantName::ChallengesExpireAt, -90s}));
}

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

INSTANTIATE_TEST_SUITE_P(Attest, BrokenScenario,
                         testing::ValuesIn(std::vector<Broken>{
                             {"ForWithoutEvery",
                              {.script = "script: [ attest: { for: 60s } ]"},
                              "3:21: `for` needs `every` beside it"},
                             {"JitterWithoutEvery",
                              {.script = "script: [ attest: { jitter: 1s } ]"},
                              "3:21: `jitter` needs `every` beside it"},
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
}

TEST(Servers, AStackWhoseServersAScriptActsOnIsItsOwn) {
    EXPECT_FALSE(read(Parts{}.text()).stack.fresh);
    EXPECT_TRUE(read(Parts{.script = "script: [ attest, { kill: verifier } ]"}.text()).stack.fresh);
    EXPECT_TRUE(
        read(Parts{.script = "script: [ together: [ attest, { restart: verifier } ] ]"}.text()).stack.fresh);
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
        {"ChangeOfATpmPolicy",
         {.script = "script: [ change_policy: { tpm_policy: { from_boot: [7] } } ]"},
         "3:28: Keylime has no update of `tpm_policy`: write the steps `delete` and `enrol` in place of "
         "`change_policy`"},
        {"MeasuredBootPolicyLater",
         {.script = "script: [ change_policy: { mb_policy_name: p } ]"},
         "3:28: key `mb_policy_name` is part of the language but not yet in pushsim"},
    }),
    case_name);

TEST(Request, SaysWhoAsksWhomForWhat) {
    const Step one = step(
        "  - request:\n"
        "      { to: registrar_http, by: nobody, method: POST, path: \"/v3/agents/${a[2].id}\",\n"
        "        headers: { X-Request-ID: one }, times: 3, connections: 2,\n"
        "        body: { data: { id: \"${a.id}\", n: 12345678901234567, f: 1.50, t: true, s: \"7\", z: null "
        "} } }\n"
        "    expect: { response: { status: 404 } }\n");
    EXPECT_EQ(one.request.to, "registrar_http");
    EXPECT_EQ(one.request.path, "/v3/agents/${a[2].id}");
    EXPECT_THAT(one.request.headers, ElementsAre(Pair("X-Request-ID", "one")));
    EXPECT_EQ(one.request.body,
              R"({"data":{"id":"${a.id}","n":12345678901234567,"f":1.5,"t":true,"s":"7","z":null}})");
    EXPECT_EQ(one.request.times, 3);
    EXPECT_EQ(one.request.connections, 2);
    EXPECT_THAT(one.expect[0].agents, ElementsAre("nobody"));
    EXPECT_EQ(step("  - request: { path: /version, by: a, raw: \"{\" }\n").request.body, "{");
}

TEST(Request, RefersToGroupsAndToStepsBeforeIt) {
    const Scenario scenario =
        read(Parts{.agents = "agents: { a: { count: 3 } }",
                   .script = "script:\n"
                             "  - authenticate:\n"
                             "    as: session\n"
                             "  - request: { path: \"/${session[2].session_id}/${a[1].index}\" }"}
                 .text());
    EXPECT_EQ(scenario.script.size(), 2U);
}

TEST(References, HaveANameANumberAndAProperty) {
    EXPECT_EQ(parse_reference("late.id"), (Reference{"late", 0, "id", "late.id"}));
    EXPECT_EQ(parse_reference("late[3].token"), (Reference{"late", 3, "token", "late[3].token"}));
    for (const char* text :
         {"", "late", ".id", "late[].id", "late[-1].id", "late[x].id", "late[1]id", "late[1.id", "La.id"})
        EXPECT_EQ(parse_reference(text), std::nullopt) << text;
    EXPECT_EQ(replace_references("a${b.id}c${d",
                                 [](std::string_view inside) { return "<" + std::string(inside) + ">"; }),
              "a<b.id>c${d");
}

INSTANTIATE_TEST_SUITE_P(
    Request, BrokenScenario,
    testing::ValuesIn(std::vector<Broken>{
        {"NamedThoughItChangesNothing",
         {.script = "script: [ { request: { path: /x }, as: mine } ]"},
         "3:36: `as` names what agents came to, and a raw request changes nothing of that; refer to the "
         "agents "
         "themselves"},
        {"RequestWithoutAPath",
         {.script = "script: [ request: { to: verifier } ]"},
         "3:20: step `request` needs `path:`, with references like ${late.id}, like `path: /v3.0/sessions`"},
        {"RequestToAnUnknownPeer",
         {.script = "script: [ request: { path: /, to: registrar_https } ]"},
         "3:35: `to`: unknown value 'registrar_https'; did you mean `registrar_http`?"},
        {"RequestByAnUnknownGroup",
         {.script = "script: [ request: { path: /, by: b } ]"},
         "3:35: no group is called `b`; groups: a"},
        {"PathWithoutASlash",
         {.script = "script: [ request: { path: version } ]"},
         "3:28: `path`: expected a path that begins with /, without spaces; found 'version'"},
        {"MethodInSmallLetters",
         {.script = "script: [ request: { path: /, method: post } ]"},
         "3:39: `method`: expected a method in capitals, like POST; found 'post'"},
        {"BodyTwice",
         {.script = "script: [ request: { path: /, body: {}, raw: x } ]"},
         "3:41: one of `body` and `raw`, not both"},
        {"HeaderOfTwoLines",
         {.script = R"(script: [ request: { path: /, headers: { X-A: "b\r\nX-C: d" } } ])"},
         "3:47: `X-A`: expected a text of one line; found 'b\r X-C: d'"},
        {"ConnectionsOfAnAgent",
         {.script = "script: [ request: { path: /, by: a, connections: 2 } ]"},
         "3:38: `connections` goes with `by: nobody` and `by: admin`: an agent has its own"},
        {"ReferenceToAnUnknownGroup",
         {.script = "script: [ request: { path: \"/${b.id}\" } ]"},
         "3:11: reference `${b.id}`: no group and no step before it is called `b`; known: a"},
        {"ReferenceToALaterStep",
         {.script = "script:\n"
                    "  - request: { path: \"/${later.id}\" }\n"
                    "  - attest: a\n"
                    "    as: later"},
         "4:5: reference `${later.id}`: no group and no step before it is called `later`; known: a"},
        {"ReferenceToAnAgentTooFar",
         {.script = "script: [ request: { path: \"/${a[1].id}\" } ]"},
         "3:11: reference `${a[1].id}`: `a` has 1 agent, counted from 0"},
        {"ReferenceToAnUnknownProperty",
         {.script = "script: [ request: { path: \"/${a.tokn}\" } ]"},
         "3:11: reference `${a.tokn}`: there is no `tokn`; did you mean `token`?"},
        {"ReferenceThatIsNone",
         {.script = "script: [ request: { path: \"/${a}\" } ]"},
         "3:11: reference `${a}`: expected a group or an earlier step, a point, and one of id, token, index, "
         "session_id"},
        {"AgentsOfARequestByNobody",
         {.script = "script:\n"
                    "  - request: { path: / }\n"
                    "    expect: { agents: a, response: { status: 200 } }"},
         "5:15: no agent sends this request, nobody does"},
        {"AgentsOfARequestByOthers",
         {.agents = "agents: { a: {}, b: {} }",
          .script = "script:\n"
                    "  - request: { path: /, by: a }\n"
                    "    expect: { agents: b, response: { status: 200 } }"},
         "5:23: group `b` does not take part in this step"},
        {"TwoOfARequestByNobody",
         {.script = "script:\n"
                    "  - request: { path: / }\n"
                    "    expect: { response: { status: 200 }, at_least: 2 }"},
         "5:52: `at_least`: expected a whole number from 1 to 1; found '2'"},
    }),
    case_name);

TEST(Faults, HaveTheirKeys) {
    EXPECT_EQ(fault("early: { by: 500ms }").duration, 500ms);
    EXPECT_EQ(fault("clock_skew: { by: { uniform: [1s, 2s] } }").varies->values,
              (std::vector<Duration>{1s, 2s}));
    EXPECT_EQ(fault("herd: { before: submit }").phase, StepKind::Submit);
    EXPECT_EQ(fault("concurrent_submit: { connections: 5 }").count, 5);
    EXPECT_EQ(fault("concurrent_negotiate: { count: 6 }").count, 6);
    EXPECT_EQ(fault("foreign_token: { of: a }").of, "a");
    EXPECT_TRUE(fault("reregister: { tpm: other }").other_tpm);
    EXPECT_FALSE(fault("reregister: { tpm: same }").other_tpm);
    for (const FaultName& name : faults()) {
        if (name.kind && name.keys.empty()) {
            const bool of_attest = name.phases.empty() || name.phases[0] == StepKind::Negotiate ||
                                   name.phases[0] == StepKind::Submit;
            if (of_attest) {
                EXPECT_EQ(fault(std::string(name.name)).kind, *name.kind) << name.name;
            }
        }
    }
}

TEST(Faults, HaveGroupsAPhaseAndAProbability) {
    const Step attest = step_of_two(
        "  - attest: { agents: [a, b], faults: [ { no_token: , agents: b, phase: submit, "
        "probability: 50% } ] }\n");
    ASSERT_EQ(attest.faults.size(), 1U);
    EXPECT_THAT(attest.faults[0].agents, ElementsAre("b"));
    EXPECT_EQ(attest.faults[0].in_phase, StepKind::Submit);
    EXPECT_EQ(attest.faults[0].probability, 0.5);
}

TEST(Faults, OfTheWholeRunHaveATime) {
    const Scenario scenario = read(Parts{.more = "faults:\n"
                                                 "  - delay: { before: register, for: 2s }\n"
                                                 "    agents: [a]\n"
                                                 "    from: 10s\n"
                                                 "    until: 1m\n"
                                                 "  - no_token\n"}
                                       .text());
    ASSERT_EQ(scenario.faults.size(), 2U);
    EXPECT_EQ(scenario.faults[0].phase, StepKind::Register);
    EXPECT_THAT(scenario.faults[0].agents, ElementsAre("a"));
    EXPECT_EQ(scenario.faults[0].from, 10s);
    EXPECT_EQ(scenario.faults[0].to, 60s);
    EXPECT_EQ(scenario.faults[1].from, 0s);
    EXPECT_EQ(scenario.faults[1].to, std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(
    Faults, BrokenScenario,
    testing::ValuesIn(std::vector<Broken>{
        {"FaultOfAGroupThatTakesNoPart",
         {.agents = "agents: { a: {}, b: {} }",
          .script = "script: [ attest: { agents: a, faults: [ { no_token: , agents: b } ] } ]"},
         "3:44: group `b` does not take part in this step"},
        {"FaultOfAPhaseThatItIsNotAbout",
         {.script = "script: [ attest: { faults: [ { no_token: , phase: collect } ] } ]"},
         "3:52: `phase`: expected a phase of step `attest` (negotiate, submit); found 'collect'"},
        {"ProbabilityWithoutAUnit",
         {.script = "script: [ attest: { faults: [ { no_token: , probability: 0.5 } ] } ]"},
         "3:58: `probability`: expected a share from 0% to 100%, like 10%; found '0.5'"},
        {"WindowOfAFaultOfAStep",
         {.script = "script: [ attest: { faults: [ { no_token: , from: 5s } ] } ]"},
         "3:45: unknown key `from` beside fault `no_token`; known: agents, phase, probability"},
        {"TwoFaultsInOneItem",
         {.script = "script: [ attest: { faults: [ { no_token: , old_index: } ] } ]"},
         "3:45: one fault an item; found `no_token` and `old_index`"},
        {"FaultWithoutAName",
         {.script = "script: [ attest: { faults: [ { probability: 5% } ] } ]"},
         "3:31: a fault without a name, such as `delay`"},
        {"WindowThatEndsBeforeItBegins",
         {.more = "faults: [ { no_token: , from: 10s, until: 5s } ]"},
         "5:43: `until`: expected later than 10s; found '5s'"},
        {"HerdOfTheRun",
         {.more = "faults: [ herd: { before: submit } ]"},
         "5:11: fault `herd` is about the agents of one step; write it under that step's `faults`"},
        {"TokenOfAnUnknownGroup",
         {.script = "script: [ attest: { faults: [ foreign_token: { of: b } ] } ]"},
         "3:52: no group is called `b`; groups: a"},
        {"TokenOfTwoGroups",
         {.agents = "agents: { a: {}, b: {} }",
          .script = "script: [ attest: { agents: a, faults: [ foreign_token: { of: [a, b] } ] } ]"},
         "3:63: `of`: expected one group; found a list"},
        {"SwizzleWithoutAShare",
         {.script = "script: [ attest: { faults: [ swizzle: { every: 1s } ] } ]"},
         "3:40: fault `swizzle` needs `share:`, of the agents, which are chosen by chance, like `share: "
         "10%`"},
    }),
    case_name);

TEST(Clauses, AskForMembersOfTheResponse) {
    const auto response = condition<ExpectResponse>(
        "{ response: { status: [202, \"400-499\"], code: x, pointer: /data, header: { Retry-After: \"*\", "
        "Location: "
        "absent }, retry_after: [2, \"5-9\"], body: { /data/attributes/stage: done, /data/id: 7, /x: [1, "
        "null] } } }");
    EXPECT_THAT(response.status, ElementsAre(StatusRange{202, 202}, StatusRange{400, 499}));
    EXPECT_EQ(response.pointer, "/data");
    EXPECT_THAT(response.headers, ElementsAre(Pair("Location", "absent"), Pair("Retry-After", "*")));
    EXPECT_THAT(response.retry_after, ElementsAre(SecondRange{2, 2}, SecondRange{5, 9}));
    EXPECT_THAT(response.body, ElementsAre(Pair("/data/attributes/stage", "\"done\""), Pair("/data/id", "7"),
                                           Pair("/x", "[1,null]")));
}

TEST(Clauses, AskForAStatusAllTheTimeOrAtNoTime) {
    using When = ExpectStatus::When;
    EXPECT_EQ(condition<ExpectStatus>("{ always: PASS }"), (ExpectStatus{AgentStatus::Pass, When::Always}));
    EXPECT_EQ(condition<ExpectStatus>("{ never: TIMEOUT, poll: 2/s }"),
              (ExpectStatus{AgentStatus::Timeout, When::Never, {}, 500ms}));
    EXPECT_EQ(clause("{ status: PASS, within: 3s, never: FAIL }").conditions.size(), 2U);
}

TEST(Clauses, CountRequestsInTheStepOrSinceTheStart) {
    const auto requests = condition<ExpectRequests>("{ requests: { sessions: 1, submissions: 4 } }");
    EXPECT_THAT(requests.counts, ElementsAre(Pair("sessions", 1), Pair("submissions", 4)));
    EXPECT_FALSE(requests.since_start);
    EXPECT_TRUE(condition<ExpectRequests>("{ requests: { sessions: 1 }, since: start }").since_start);
}

TEST(Clauses, AreOfAllCyclesOrTheLast) {
    EXPECT_FALSE(clause("{ verdict: pass }").last_cycle_only);
    EXPECT_TRUE(clause("{ verdict: pass, cycles: last, at_least: 2 }").last_cycle_only);
}

TEST(Clauses, OfTheRunAreChecksAndMetrics) {
    const Scenario scenario = read(Parts{.expect = "expect:\n"
                                                   "  - submit.p99 < 250ms\n"
                                                   "  - accepted.rate>=40/s\n"
                                                   "  - error.share < 1.5%\n"
                                                   "  - verdict_fail.count == 0\n"
                                                   "  - invariants\n"}
                                       .text());
    ASSERT_EQ(scenario.expect.size(), 5U);
    EXPECT_THAT(scenario.expect[0].conditions,
                ElementsAre(Condition(ExpectMetric{"submit.p99", "<", 0.25, "250ms"})));
    EXPECT_THAT(scenario.expect[1].conditions,
                ElementsAre(Condition(ExpectMetric{"accepted.rate", ">=", 40, "40/s"})));
    EXPECT_THAT(scenario.expect[2].conditions,
                ElementsAre(Condition(ExpectMetric{"error.share", "<", 0.015, "1.5%"})));
    EXPECT_THAT(scenario.expect[3].conditions,
                ElementsAre(Condition(ExpectMetric{"verdict_fail.count", "==", 0, "0"})));
    EXPECT_THAT(scenario.expect[4].conditions, ElementsAre(Condition(ExpectCheck{"invariants"})));
    for (const MetricSubject& subject : metric_subjects()) {
        for (const MetricMeasure& measure : metric_measures()) {
            const char* limit = measure.unit == MetricMeasure::Unit::Duration ? "1s"
                                : measure.unit == MetricMeasure::Unit::Rate   ? "1/s"
                                : measure.unit == MetricMeasure::Unit::Share  ? "1%"
                                                                              : "1";
            const std::string metric =
                fmt::format("expect: [ {}.{} < {} ]", subject.name, measure.name, limit);
            EXPECT_EQ(problems_of(Parts{.expect = metric}.text()).empty(), goes_with(subject, measure))
                << metric;
        }
    }
}

TEST(Stack, SaysWhatItMustBeAbleToDo) {
    const StackOptions stack = read(Parts{.more = "stack: { workers: 4, needs: [measured_boot, log], "
                                                  "keylime: \">=7.14\", database: postgresql }"}
                                        .text())
                                   .stack;
    EXPECT_EQ(stack.workers, 4);
    EXPECT_THAT(stack.needs, ElementsAre("measured_boot", "log"));
    EXPECT_EQ(stack.keylime, ">=7.14");
    EXPECT_EQ(stack.database, "postgresql");
}

TEST(Versions, AreComparedByTheNumbersThatTheRangeHas) {
    const auto holds = [](std::string_view range, std::string_view version) {
        return parse_version_range(range).value().holds(version);
    };
    EXPECT_EQ(holds(">=7.14", "7.14.3"), true);
    EXPECT_EQ(holds("== 7.14", "7.14.3"), true);
    EXPECT_EQ(holds("==7.14.2", "7.14.3"), false);
    EXPECT_EQ(holds("<7.15", "7.14.3-7-g9b1f6e6a"), true);
    EXPECT_EQ(holds(">7", "7.14.3"), false);
    EXPECT_EQ(holds("<=7.14.3", "7.14"), true);
    EXPECT_EQ(holds(">=7.14", "unknown"), std::nullopt);
    for (const char* text : {"", "7.14", "=7", ">=", ">=7.", ">=7.14.3.1", ">=x", "=>7", ">=  7", ">=7 "})
        EXPECT_EQ(parse_version_range(text), std::nullopt) << text;
}

TEST(Intermittent, SaysHowOftenItIsTried) {
    EXPECT_EQ(read(Parts{}.text()).tries, std::nullopt);
    EXPECT_EQ(read(Parts{.more = "intermittent: { tries: 20 }"}.text()).tries, 20);
    EXPECT_EQ(problems_of(Parts{.more = "intermittent: { tries: 1 }"}.text()),
              "5:24: `tries`: expected a whole number from 2 to 1000; found '1'");
    EXPECT_EQ(problems_of(Parts{.more = "intermittent: 3"}.text()),
              "5:15: `intermittent`: expected a map, like { tries: 3 }; found '3'");
}

TEST(Clock, MayBeAheadOrBehind) {
    const auto offset = [](const std::string& text) {
        return read(Parts{.agents = "agents: { a: { clock: { offset: " + text + " } } }"}.text())
            .groups[0]
            .clock_offset;
    };
    EXPECT_EQ(offset("1h"), 1h);
    EXPECT_EQ(offset("-2m30s"), -150s);
}

}  // namespace
}  // namespace pushsim::scenario
