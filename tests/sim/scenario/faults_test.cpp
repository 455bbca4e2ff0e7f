// What the faults of a step and of a run say.

#include <gmock/gmock.h>

#include "tests/sim/scenario/plays.hpp"

namespace pushsim::scenario {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

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

TEST(Faults, OfRequestsHaveTheirChanges) {
    const RequestChange body =
        fault("body: { set: { /b: [1, \"1\", null], /a: { x: y } }, remove: [/c], at: \"\", make: null }")
            .change;
    EXPECT_EQ(body.set, (RequestChange::Texts{{"/b", R"([1,"1",null])"}, {"/a", R"({"x":"y"})"}}));
    EXPECT_THAT(body.remove, ElementsAre("/c"));
    EXPECT_EQ(body.at, "");
    EXPECT_EQ(body.make, Make::Null);
    EXPECT_EQ(fault("body: { raw: \"\" }").change.raw, "");
    EXPECT_EQ(fault("header: { set: { X-A: 1 }, remove: Accept }").change,
              (RequestChange{.remove = {"Accept"}, .set = {{"X-A", "1"}}}));
    EXPECT_EQ(fault("content_type: { is: text/plain }").text, "text/plain");
    EXPECT_EQ(fault("huge_item: { size: 2MiB }").size, 2 * 1024 * 1024);
    EXPECT_EQ(fault("extra_pcr: { pcr: 0 }").pcr, 0);
    EXPECT_EQ(fault("not_base64: { of: signature }").member, "signature");
    EXPECT_EQ(fault("measure_between: { first: log }").first, "log");
    EXPECT_EQ(fault("other_choice: { of: hash_algorithm, is: sha256 }").member, "hash_algorithm");
    EXPECT_EQ(fault("other_choice: { of: hash_algorithm, is: sha256 }").text, "sha256");
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

TEST(Faults, OfTheWholeRunAreMetBySessionsThatAttestationsBegin) {
    const Parts parts{.agents = "agents: { a: {}, b: {} }",
                      .script = "script: [ attest: a ]",
                      .more =
                          "faults:\n  - { other_agent_id: { of: b }, phase: authenticate, agents: a }\n"
                          "  - { delay: { before: authenticate, for: 1s }, agents: a }\n"};
    EXPECT_EQ(problems_of(parts.text()), "");
}

TEST(Faults, OfTheWholeRunHaveATime) {
    const Scenario scenario = read(Parts{.more = "faults:\n"
                                                 "  - delay: { before: submit, for: 2s }\n"
                                                 "    agents: [a]\n"
                                                 "    from: 10s\n"
                                                 "    until: 1m\n"
                                                 "  - no_token\n"}
                                       .text());
    ASSERT_EQ(scenario.faults.size(), 2U);
    EXPECT_EQ(scenario.faults[0].phase, StepKind::Submit);
    EXPECT_THAT(scenario.faults[0].agents, ElementsAre("a"));
    EXPECT_EQ(scenario.faults[0].from, 10s);
    EXPECT_EQ(scenario.faults[0].to, 60s);
    EXPECT_EQ(scenario.faults[1].from, 0s);
    EXPECT_EQ(scenario.faults[1].to, std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(
    Faults, BrokenScenario,
    testing::ValuesIn(std::vector<Broken>{
        {"FaultOfTheRunInAPhaseOfNoStep",
         {.script = "script: [ attest: { } ]", .more = "faults: [ delay: { before: register, for: 2s } ]"},
         "5:11: fault `delay` is about register, which no step of these agents has; what runs unasked, such "
         "as a registration before the first `attest`, runs without faults: write it as a step"},
        {"FaultOfTheRunOfAgentsWithoutSuchAStep",
         {.agents = "agents: { a: {}, b: {} }",
          .script = "script: [ attest: a, authenticate: b ]",
          .more = "faults: [ { foreign_pop: { of: b }, agents: a } ]"},
         "5:13: fault `foreign_pop` is about authenticate, which no step of these agents has; what runs "
         "unasked, such as a registration before the first `attest`, runs without faults: write it as a "
         "step"},
        {"ProbabilityWithinAFault",
         {.script = "script: [ attest: { faults: [ duplicate_submit: { probability: 30% } ] } ]"},
         "3:31: fault `duplicate_submit` has no keys; `probability` stands beside it: { duplicate_submit: , "
         "probability: … }"},
        {"ProbabilityApartFromItsFault",
         {.script = "script: [ attest: { faults: [ no_token, probability: 30% ] } ]"},
         "3:41: `probability` without its fault; both stand in one map: [ { delay: { before: submit, for: 2s "
         "}, probability: … } ]"},
        {"MoreAgentsThanThereAre",
         {.script = "script: [ { attest: , expect: { verdict: pass, at_least: 2 } } ]"},
         "3:58: `at_least`: expected at most 1, for it is about 1 agent; found '2'"},
        {"FaultOfAGroupThatTakesNoPart",
         {.agents = "agents: { a: {}, b: {} }",
          .script = "script: [ attest: { agents: a, faults: [ { no_token: , agents: b } ] } ]"},
         "3:44: group `b` does not take part in this step"},
        {"FaultOfAPhaseThatItIsNotAbout",
         {.script = "script: [ attest: { faults: [ { no_token: , phase: collect } ] } ]"},
         "3:52: `phase`: expected a phase of step `attest` (negotiate, submit); found 'collect'"},
        {"EarlyOfTheOnlyCycle",
         {.script = "script: [ attest: { faults: [ early: { by: 1s } ] } ]"},
         "3:31: `early` brings the next cycle forward, and the step has one alone; it goes with `attest: { "
         "times: 2 }` or more"},
        {"EarlyAllAlongOfOnlyCycles",
         {.script = "script: [ attest, attest ]", .more = "faults: [ early: { by: 1s } ]"},
         "5:11: `early` brings the next cycle forward, and each step has one alone; it goes with `attest: { "
         "times: 2 }` or more"},
        {"PhaseOfAFaultThatHasOne",
         {.script = "script: [ attest: { faults: [ { skip_negotiation: , phase: submit } ] } ]"},
         "3:53: fault `skip_negotiation` is about submit alone; leave `phase` out"},
        {"PhaseOfAFaultThatNamesItsOwn",
         {.script = "script: [ attest: { faults: [ { herd: { before: submit }, phase: negotiate } ] } ]"},
         "3:59: fault `herd` cannot be narrowed to a phase; leave `phase` out"},
        {"PhaseOfAFaultOfAWholeCycle",
         {.more = "faults: [ { reregister: { tpm: same }, phase: submit } ]"},
         "5:40: fault `reregister` cannot be narrowed to a phase; leave `phase` out"},
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
         "3:31: `probability` without its fault; both stand in one map: [ { delay: { before: submit, for: 2s "
         "}, probability: … } ]"},
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

}  // namespace
}  // namespace pushsim::scenario
