// What valid files mean.

#include "sim/scenario/plan.hpp"

#include <gmock/gmock.h>

#include "sim/scenario/tell.hpp"
#include "sim/scenario/values.hpp"
#include "tests/sim/scenario/broken.hpp"

namespace pushsim::scenario {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

Scenario shipped(const std::string& name) {
    const LoadResult result = load({std::string(PUSHSIM_SCENARIOS) + "/" + name + ".yaml"});
    EXPECT_TRUE(result.ok()) << result.text();
    return result.ok() ? result.scenarios[0] : Scenario{};
}

/// Every key that there is, and every form of its value.
const std::string everything =
    "scenario: everything\n"
    "title: 'All of it: \"quoted\", ä and #'\n"
    "about: |\n  Two\n  lines\n"
    "requirements: [KPM-EVID-007, KPM-EVID-008]\n"
    "tags: [quick, pcr-7]\n"
    "stack:\n"
    "  verifier:\n"
    "    quote_interval: 1m30s\n"
    "    retry_interval: 250ms\n"
    "    session_lifetime: ~\n"
    "    extend_token_on_attestation: false\n"
    "    max_upload_size: 1MiB\n"
    "    max_workers: 4\n"
    "    measured_boot_imports: '[]'\n"
    "  registrar: { raw: true, malformed_cert_action: reject, new_option: 1500ms, other: \"2s\", third: 'a: "
    "b' }\n"
    "  database: sqlite\n"
    "  fresh: true\n"
    "agents:\n"
    "  first:\n"
    "    count: 3\n"
    "    id: node-{n}\n"
    "    tpm: software\n"
    "    ak: primary\n"
    "    boot: { extend: { 7: [\"text:b\", \"text:a: ü\"], 0: [\"sha1:" +
    std::string(40, 'A') +
    "\"] } }\n"
    "    enrol:\n"
    "      tpm_policy: { 7: [\"" +
    std::string(64, 'F') + "\", \"" + std::string(40, '0') +
    "\"] }\n"
    "      accept_tpm_hash_algs: [sha512, sha256]\n"
    "      accept_tpm_encryption_algs: [ecc, rsa]\n"
    "      accept_tpm_signing_algs: ecdsa\n"
    "    habits: correct\n"
    "  second: { id: hash_ek, enrol: false, source: own, tpm: \"swtpm:host=127.0.0.1,port=2321\",\n"
    "    habits: rust-agent }\n"
    "  third: { id: d432fbb3-d2f1-4a97-9ef7-75bd81c00000, enrol: { tpm_policy: { from_boot: [7, 0] } },\n"
    "    connections: one, habits: { rust-agent: { interval: 5s, max_retries: 3, backoff_initial: 1s,\n"
    "      backoff_longest: 8s, timeout: 2s } } }\n"
    "  fourth: { tpm: swtpm, key: ecc256, hash: sha384, connections: per_request, tls: { resumption: true } "
    "}\n"
    "script:\n"
    "  - register: [first, second]\n"
    "  - activate: first\n"
    "  - enrol: { agents: second, tpm_policy: { from_boot: [3] } }\n"
    "  - enrol: { agents: third, tpm_policy: none, bare: true }\n"
    "  - authenticate: { agents: [first] }\n"
    "  - negotiate: third\n"
    "  - collect: third\n"
    "  - submit: { agents: third, bare: true }\n"
    "    as: bad-one\n"
    "    expect:\n"
    "      - response: { status: [403, \"500-599\"], code: [challenges_expired, evidence_immutable] }\n"
    "      - { response: { code: x }, exactly: 1 }\n"
    "  - extend: { agents: first, 4: [\"text:late\"], 23: [\"text:later\"] }\n"
    "  - attest: { agents: [first, third], times: 2 }\n"
    "    as: good-ones\n"
    "    expect:\n"
    "      - { agents: first, verdict: fail, reason: broken_evidence_chain, at_least: 2 }\n"
    "      - { verdict: none, requests: { submissions: 2, sessions: 0 }, at_most: 3 }\n"
    "      - { verdict: pass, status: PASS, within: 1s500ms, all: true }\n"
    "  - wait: 1h2m3s4ms5us\n"
    "    expect: { agents: first, status: TIMEOUT }\n"
    "  - read_status: first\n"
    "  - reactivate: first\n"
    "  - delete: first\n"
    "    expect: { response: { status: 200 } }\n"
    "expect:\n"
    "  - { agents: [first, fourth], status: PENDING, requests: { registrations: 3 }, at_least: 1 }\n"
    "  - accounted\n";

TEST(HonestAgent, IsEnrolledFromItsBootAndAttestsThreeTimes) {
    const Scenario scenario = shipped("honest-agent");
    EXPECT_EQ(scenario.name, "honest-agent");
    ASSERT_EQ(scenario.groups.size(), 1U);
    EXPECT_EQ(scenario.groups[0].count, 1);
    EXPECT_EQ(scenario.groups[0].enrol.tpm_policy, TpmPolicy(PolicyFromBoot{{0, 7}}));
    ASSERT_EQ(scenario.script.size(), 1U);
    EXPECT_EQ(scenario.script[0].kind, StepKind::Attest);
    EXPECT_EQ(scenario.script[0].times, 3);
    EXPECT_THAT(scenario.script[0].expect[0].conditions,
                ElementsAre(Condition(ExpectResponse{{{202, 202}}, {}}),
                            Condition(ExpectVerdict{Verdict::Pass, {}})));
    ASSERT_EQ(scenario.expect.size(), 2U);
    EXPECT_THAT(scenario.expect[0].conditions,
                ElementsAre(Condition(ExpectStatus{AgentStatus::Pass, ExpectStatus::When::Last, 5s})));
    EXPECT_THAT(scenario.expect[1].conditions, ElementsAre(Condition(ExpectCheck{"accounted"})));
}

TEST(PcrMismatch, ExtendsPcr7AfterEnrolmentAndExpectsAPolicyViolation) {
    const Scenario scenario = shipped("reproduce/pcr-mismatch");
    ASSERT_EQ(scenario.script.size(), 3U);
    EXPECT_EQ(scenario.groups[0].enrol.tpm_policy, TpmPolicy(PolicyFromBoot{{7}}));
    EXPECT_EQ(scenario.script[0].kind, StepKind::Enrol);
    EXPECT_EQ(scenario.script[1].kind, StepKind::Extend);
    ASSERT_EQ(scenario.script[1].extend.size(), 1U);
    EXPECT_EQ(scenario.script[1].extend[0].pcr, 7);
    EXPECT_THAT(scenario.script[2].expect[0].conditions,
                ElementsAre(Condition(ExpectResponse{{{202, 202}}, {}}),
                            Condition(ExpectVerdict{Verdict::Fail, FailureReason::PolicyViolation})));
    EXPECT_THAT(scenario.expect[0].conditions,
                ElementsAre(Condition(ExpectStatus{AgentStatus::Fail, ExpectStatus::When::Last, 5s})));
}

TEST(ShippedScenarios, AreAllValidAndShareAStack) {
    const LoadResult result = load({PUSHSIM_SCENARIOS});
    ASSERT_TRUE(result.ok()) << result.text();
    ASSERT_GE(result.scenarios.size(), 2U);
    EXPECT_TRUE(can_share(shipped("honest-agent").stack, shipped("reproduce/pcr-mismatch").stack));
    for (const Scenario& scenario : result.scenarios) {
        EXPECT_FALSE(scenario.title.empty()) << scenario.name;
        EXPECT_FALSE(scenario.about.empty()) << scenario.name;
    }
}

TEST(Plan, WhatIsLeftOutHasItsDefault) {
    const Scenario scenario = read(Parts{});
    EXPECT_EQ(scenario.stack, StackOptions{});
    Group expected;
    expected.name = "a";
    expected.position = {"f", 2, 11};
    EXPECT_EQ(scenario.groups, std::vector{expected});
    EXPECT_EQ(expected.enrol.tpm_policy, TpmPolicy(NoPolicy{}));
    Step attest;
    attest.number = 1;
    attest.agents = {"a"};
    attest.position = {"f", 3, 11};
    EXPECT_EQ(scenario.script, std::vector{attest});
}

TEST(Plan, OptionsAreInKeylimesOwnText) {
    const StackOptions stack = read(everything).stack;
    EXPECT_THAT(
        stack.verifier,
        UnorderedElementsAre(Pair("quote_interval", "90"), Pair("retry_interval", "0.25"),
                             Pair("session_lifetime", std::nullopt),
                             Pair("extend_token_on_attestation", "False"), Pair("max_upload_size", "1048576"),
                             Pair("max_workers", "4"), Pair("measured_boot_imports", "[]")));
    EXPECT_THAT(stack.registrar,
                UnorderedElementsAre(Pair("malformed_cert_action", "reject"), Pair("new_option", "1.5"),
                                     Pair("other", "2s"), Pair("third", "a: b")));
    EXPECT_TRUE(stack.fresh);
    EXPECT_FALSE(stack.verifier_raw);
    EXPECT_TRUE(stack.registrar_raw);
}

TEST(Plan, RawHandsOverWhatKeylimeCannotTake) {
    const StackOptions stack =
        read(Parts{.more = "stack: { verifier: { quote_interval: 1500ms, max_workers: lots, raw: true } }"})
            .stack;
    EXPECT_THAT(stack.verifier,
                UnorderedElementsAre(Pair("quote_interval", "1.5"), Pair("max_workers", "lots")));
}

TEST(Plan, RawDoesNotTouchWhatPushsimSets) {
    EXPECT_EQ(problems_of(Parts{.more = "stack: { verifier: { raw: true, tls_dir: x } }"}.text()),
              "5:33: option `tls_dir` of the verifier is set by pushsim itself");
}

TEST(Plan, StacksAreSharedWhereOptionsAgree) {
    const StackOptions one = read(Parts{.more = "stack: { verifier: { quote_interval: 2s } }"}).stack;
    const StackOptions same = read(Parts{.more = "stack: { verifier: { quote_interval: 2000ms } }"}).stack;
    const StackOptions other = read(Parts{.more = "stack: { verifier: { quote_interval: 3s } }"}).stack;
    const StackOptions fresh =
        read(Parts{.more = "stack: { verifier: { quote_interval: 2s }, fresh: true }"}).stack;
    const StackOptions absent = read(Parts{.more = "stack: { verifier: { quote_interval: null } }"}).stack;
    EXPECT_TRUE(can_share(one, same));
    EXPECT_FALSE(can_share(one, other));
    EXPECT_FALSE(can_share(one, fresh));
    EXPECT_FALSE(can_share(fresh, fresh));
    EXPECT_FALSE(can_share(absent, StackOptions{}));
}

TEST(Plan, MeasurementsKeepTheirOrderAndTheirRule) {
    const Scenario scenario = read(everything);
    const std::vector<Extension>& boot = scenario.groups[0].boot;
    ASSERT_EQ(boot.size(), 3U);
    EXPECT_EQ(boot[0].pcr, 7);
    EXPECT_EQ(boot[0].measurement, (Measurement{"text:b", "", {'b'}}));
    EXPECT_EQ(boot[1].measurement.as_written, "text:a: ü");
    EXPECT_EQ(boot[1].measurement.bytes, (Bytes{'a', ':', ' ', 0xC3, 0xBC}));
    EXPECT_EQ(boot[2].pcr, 0);
    EXPECT_EQ(boot[2].measurement.bank, "sha1");
    EXPECT_EQ(boot[2].measurement.bytes, Bytes(20, 0xAA));
}

TEST(Plan, GroupsAreInTheOrderOfTheFileWithTheirParts) {
    const Scenario scenario = read(everything);
    ASSERT_EQ(scenario.groups.size(), 4U);
    const Group& first = scenario.groups[0];
    EXPECT_EQ(first.id, (AgentId{AgentId::Scheme::Literal, "node-{n}"}));
    EXPECT_EQ(literal_id(first.id, 12), "node-12");
    EXPECT_EQ(first.ak, AkKind::Primary);
    EXPECT_EQ(first.source, Source::Shared);
    EXPECT_EQ(scenario.groups[1].source, Source::Own);
    EXPECT_EQ(first.enrol.tpm_policy,
              TpmPolicy(LiteralPolicy{{{7, {std::string(64, 'f'), std::string(40, '0')}}}}));
    EXPECT_THAT(first.enrol.accept_hash_algorithms, ElementsAre("sha512", "sha256"));
    EXPECT_THAT(first.enrol.accept_signing_algorithms, ElementsAre("ecdsa"));
    const Group& second = scenario.groups[1];
    EXPECT_FALSE(second.enrol.enrolled);
    EXPECT_EQ(second.id.scheme, AgentId::Scheme::HashEk);
    EXPECT_EQ(second.tpm, (TpmChoice{TpmKind::Outside, "swtpm:host=127.0.0.1,port=2321"}));
    EXPECT_EQ(scenario.groups[2].enrol.tpm_policy, TpmPolicy(PolicyFromBoot{{7, 0}}));
    EXPECT_EQ(scenario.groups[3].name, "fourth");
    EXPECT_EQ(scenario.groups[3].tpm, TpmChoice{TpmKind::Swtpm});
    EXPECT_EQ(scenario.groups[3].algorithms, (AkAlgorithms{AkKey::Ecc256, AkScheme::Ecdsa, AkHash::Sha384}));
    EXPECT_EQ(second.algorithms, AkAlgorithms{});
    EXPECT_EQ(scenario.group("third"), &scenario.groups[2]);
    EXPECT_EQ(scenario.group("fifth"), nullptr);
}

Scenario with_faults() {
    return read(Parts{.script = "script:\n"
                                "  - attest:\n"
                                "      times: 2\n"
                                "      faults:\n"
                                "        - hold_evidence: { until: challenges_expire_at - 500ms }\n"
                                "        - delay: { before: collect, for: 2s }\n"
                                "        - stall: { after: negotiate, for: 1m30s }\n"
                                "        - early: { by: 250ms }\n"
                                "        - old_token"});
}

TEST(Plan, HabitsHaveTheirOptionsAndConnections) {
    const std::vector<Group> groups = read(everything).groups;
    EXPECT_EQ(groups[0].habits, Habits::Correct);
    EXPECT_EQ(groups[0].connections, Connections::One);
    EXPECT_EQ(groups[1].habits, Habits::RustAgent);
    EXPECT_EQ(groups[1].rust_agent, RustAgentHabits{});
    EXPECT_EQ(groups[1].connections, Connections::RustAgent);
    EXPECT_EQ(groups[2].habits, Habits::RustAgent);
    EXPECT_EQ(
        groups[2].rust_agent,
        (RustAgentHabits{
            .interval = 5s, .max_retries = 3, .backoff_initial = 1s, .backoff_longest = 8s, .timeout = 2s}));
    EXPECT_EQ(groups[2].connections, Connections::One);
    EXPECT_FALSE(groups[2].tls_resumption);
    EXPECT_EQ(groups[3].connections, Connections::PerRequest);
    EXPECT_TRUE(groups[3].tls_resumption);
}

TEST(Plan, StepsAreCountedInTheOrderOfTheFileThoseWithinOthersToo) {
    const Scenario scenario = read(Parts{.script = "script:\n"
                                                   "  - activate\n"
                                                   "  - repeat:\n"
                                                   "      times: 3\n"
                                                   "      steps:\n"
                                                   "        - attest: { times: 2 }\n"
                                                   "        - restart_agent\n"
                                                   "  - wait: 1s\n"});
    ASSERT_EQ(scenario.script.size(), 3U);
    const Step& repeat = scenario.script[1];
    EXPECT_EQ(repeat.kind, StepKind::Repeat);
    EXPECT_EQ(repeat.number, 2);
    EXPECT_EQ(repeat.times, 3);
    ASSERT_EQ(repeat.steps.size(), 2U);
    EXPECT_EQ(repeat.steps[0].number, 3);
    EXPECT_EQ(repeat.steps[1].number, 4);
    EXPECT_EQ(scenario.script[2].number, 5);
    EXPECT_EQ(scenario.last_number(), 5);
    const LoadResult again = load_text(resolved(scenario), "plan.yaml");
    ASSERT_TRUE(again.ok()) << again.text();
    EXPECT_TRUE(same_plan(again.scenarios[0], scenario));
}

TEST(Plan, FaultsAreInTheOrderOfTheFileWithTheirParameters) {
    const std::vector<Fault> faults = with_faults().script[0].faults;
    ASSERT_EQ(faults.size(), 5U);
    EXPECT_EQ(faults[0].kind, FaultKind::HoldEvidence);
    EXPECT_EQ(faults[0].until.offset, -500ms);
    EXPECT_EQ(faults[1].phase, StepKind::Collect);
    EXPECT_EQ(faults[1].duration, 2s);
    EXPECT_EQ(faults[2].kind, FaultKind::Stall);
    EXPECT_EQ(faults[2].duration, 90s);
    EXPECT_EQ(faults[3].duration, 250ms);
    EXPECT_EQ(faults[3].position.line, 10);
    EXPECT_EQ(faults[4].kind, FaultKind::OldToken);
}

TEST(Plan, APolicysTextIsKeptAsItIsEvenIfItIsNoJson) {
    EXPECT_EQ(read(Parts{.agents = R"(agents: { a: { enrol: { tpm_policy: { json: '{"7": "AB"' } } } })"})
                  .groups[0]
                  .enrol.tpm_policy,
              TpmPolicy(PolicyText{R"({"7": "AB")"}));
}

TEST(Plan, StepsAndTheirClausesNameTheirGroups) {
    const Scenario scenario = read(everything);
    ASSERT_EQ(scenario.script.size(), 14U);
    EXPECT_THAT(scenario.script[0].agents, ElementsAre("first", "second"));
    EXPECT_EQ(scenario.script[2].tpm_policy, std::optional<TpmPolicy>(PolicyFromBoot{{3}}));
    EXPECT_EQ(scenario.script[3].tpm_policy, std::optional<TpmPolicy>(NoPolicy{}));
    const Step& submit = scenario.script[7];
    EXPECT_TRUE(submit.bare);
    EXPECT_EQ(submit.as, "bad-one");
    EXPECT_THAT(submit.expect[0].agents, ElementsAre("third")) << "those of the step";
    EXPECT_THAT(std::get<ExpectResponse>(submit.expect[0].conditions[0]).status,
                ElementsAre(StatusRange{403, 403}, StatusRange{500, 599}));
    const Step& attest = scenario.script[9];
    EXPECT_EQ(attest.times, 2);
    EXPECT_THAT(attest.expect[0].agents, ElementsAre("first"));
    EXPECT_EQ(attest.expect[0].how_many, (HowMany{HowMany::Rule::AtLeast, 2}));
    EXPECT_THAT(attest.expect[1].agents, ElementsAre("first", "third"));
    EXPECT_EQ(attest.expect[2].conditions.size(), 2U);
    EXPECT_EQ(scenario.script[10].wait.fixed, 1h + 2min + 3s + 4ms + 5us);
    EXPECT_EQ(attest.position.text(), "f:53:5");
}

TEST(Plan, ClausesAreToldAsSentences) {
    const Scenario scenario = read(everything);
    const auto told = [&](const Step& step) {
        std::vector<std::string> sentences;
        for (const Expectation& expectation : step.expect)
            sentences.push_back(tell(expectation, scenario));
        return sentences;
    };
    EXPECT_THAT(told(scenario.script[7]),
                ElementsAre("third: the response has status 403 or 500 to 599 and code challenges_expired or "
                            "evidence_immutable.",
                            "exactly 1 of third: the response has code x."));
    EXPECT_THAT(
        told(scenario.script[9]),
        ElementsAre("at least 2 of the 3 agents of first: the verdict is fail, for broken_evidence_chain.",
                    "at most 3 of first and third: there is no verdict and each agent makes no sessions and "
                    "2 submissions.",
                    "first and third: the verdict is pass and the status is PASS within 1s500ms."));
    EXPECT_EQ(tell(scenario.expect[1], scenario), "everything sent is accounted for, agent by agent.");
}

TEST(HowMany, HoldsForTheNumberItNames) {
    EXPECT_TRUE((HowMany{HowMany::Rule::All, 0}.holds(3, 3)));
    EXPECT_FALSE((HowMany{HowMany::Rule::All, 0}.holds(2, 3)));
    EXPECT_TRUE((HowMany{HowMany::Rule::AtLeast, 2}.holds(2, 3)));
    EXPECT_FALSE((HowMany{HowMany::Rule::AtLeast, 2}.holds(1, 3)));
    EXPECT_TRUE((HowMany{HowMany::Rule::AtMost, 1}.holds(1, 3)));
    EXPECT_FALSE((HowMany{HowMany::Rule::AtMost, 1}.holds(2, 3)));
    EXPECT_TRUE((HowMany{HowMany::Rule::Exactly, 0}.holds(0, 3)));
    EXPECT_FALSE((HowMany{HowMany::Rule::Exactly, 0}.holds(1, 3)));
}

TEST(Resolved, LoadsAgainAsTheSamePlan) {
    for (const Scenario& scenario :
         {read(everything), read(Parts{}), shipped("honest-agent"), shipped("reproduce/pcr-mismatch"),
          shipped("reproduce/pcr-policy-not-enforced"), with_faults()}) {
        const std::string text = resolved(scenario);
        const Scenario again = read(text);
        EXPECT_TRUE(same_plan(scenario, again)) << text;
        EXPECT_EQ(resolved(again), text);
    }
}

TEST(Resolved, WritesDefaultsOut) {
    const std::string text = resolved(read(Parts{}));
    for (const char* line : {"fresh: false", "count: 1", "id: uuid", "ak: child", "source: shared",
                             "tpm_policy: none", "times: 1", "bare: false", "agents: [\"a\"]"}) {
        EXPECT_THAT(text, testing::HasSubstr(line));
    }
}

TEST(SamePlan, SeesADifferenceAnywhereButInPlaces) {
    const Scenario scenario = read(everything);
    EXPECT_TRUE(same_plan(scenario, read("# a comment\n" + everything)));
    const auto changed = [&](const std::string& from, const std::string& to) {
        std::string text = everything;
        const std::size_t at = text.find(from);
        EXPECT_NE(at, std::string::npos) << from;
        return !same_plan(scenario, read(text.replace(at, from.size(), to)));
    };
    EXPECT_TRUE(changed("1m30s", "1m31s"));
    EXPECT_TRUE(changed("text:b", "text:c"));
    EXPECT_TRUE(changed("[7, 0]", "[0, 7]"));
    EXPECT_TRUE(changed("count: 3", "count: 4"));
    EXPECT_TRUE(changed("times: 2", "times: 3"));
    EXPECT_TRUE(changed("within: 1s500ms", "within: 1s"));
    EXPECT_TRUE(changed("4ms5us", "4ms6us"));
    EXPECT_TRUE(changed("\"500-599\"", "\"500-598\""));
    EXPECT_TRUE(changed("at_most: 3", "at_most: 2"));
    EXPECT_TRUE(changed("status: PENDING", "status: PASS"));
}

TEST(Durations, HaveUnitsFromLargeToSmall) {
    EXPECT_EQ(parse_duration("250ms"), Duration(250ms));
    EXPECT_EQ(parse_duration("1m30s"), Duration(90s));
    EXPECT_EQ(parse_duration("0s"), Duration(0s));
    EXPECT_EQ(parse_duration("1h1us"), Duration(1h + 1us));
    EXPECT_EQ(parse_duration("8760h"), Duration(8760h));
    for (const char* text : {"", "s", "1", "1.5s", "1s1s", "1ms1s", "-1s", "+1s", " 1s", "1s ", "1 s", "1S",
                             "1sec", "01s", "8760h1us", "99999999999999999999s", "1d", "1ns"}) {
        EXPECT_EQ(parse_duration(text), std::nullopt) << "'" << text << "'";
    }
}

}  // namespace
}  // namespace pushsim::scenario
