// Script and expectations, with one slip each.

#include "tests/sim/scenario/broken.hpp"

namespace pushsim::scenario {
namespace {

INSTANTIATE_TEST_SUITE_P(
    ScriptAndExpect, BrokenScenario,
    testing::ValuesIn(std::vector<Broken>{
        {"StepMisspelt",
         {.script = "script: [ atest ]"},
         "3:11: unknown step `atest`; did you mean `attest`?"},
        {"StepMisspeltWithValue",
         {.script = "script:\n"
                    "  - atest: { times: 3 }\n"
                    "    expect: { verdict: pass }"},
         "4:5: unknown step `atest`; did you mean `attest`?"},
        {"StepThatIsNone",
         {.script = "script: [ xyzzyxyzzy ]"},
         "3:11: unknown step `xyzzyxyzzy`; `pushsim list steps` shows all"},
        {"StepNotYetThere",
         {.script = "script:\n"
                    "  - hibernate: a"},
         "4:5: step `hibernate` is part of the language but not yet in pushsim"},
        {"StepWithoutAName",
         {.script = "script:\n"
                    "  - expect: { verdict: pass }"},
         "4:5: a step without a name, such as `attest`"},
        {"StepWithTwoNames",
         {.script = "script:\n"
                    "  - attest: a\n"
                    "    wait: 2s"},
         "5:5: a step has one name; found `attest` and `wait`"},
        {"StepThatIsAList",
         {.script = "script: [ [attest] ]"},
         "3:11: a step: expected its name, or a map like `attest: { times: 3 }`; found a list"},
        {"EmptyScript",
         {.script = "script: []"},
         "3:9: `script`: expected a list of at least one step; found an empty list"},
        {"ScriptThatIsAMap",
         {.script = "script: { attest: a }"},
         "3:9: `script`: expected a list of at least one step; found a map"},
        {"KeyBesideTheStepThatBelongsInside",
         {.script = "script:\n"
                    "  - attest: a\n"
                    "    times: 3"},
         "5:5: key `times` belongs inside the step: `attest: { times: … }`"},
        {"UnknownKeyBesideTheStep",
         {.script = "script:\n"
                    "  - attest: a\n"
                    "    expects: { verdict: pass }"},
         "5:5: unknown key `expects` beside step `attest`; did you mean `expect`?"},
        {"UnknownKeyInTheStep",
         {.script = "script:\n"
                    "  - attest: { tims: 3 }"},
         "4:15: unknown key `tims` in step `attest`; did you mean `times`?"},
        {"KeyOfAnotherStep",
         {.script = "script:\n"
                    "  - register: { times: 3 }"},
         "4:17: unknown key `times` in step `register`; known: agents, bare, faults"},
        {"KeyOfTheStepNotYetThere",
         {.script = "script:\n"
                    "  - enrol: { mb_policy: x }"},
         "4:14: key `mb_policy` is part of the language but not yet in pushsim"},
        {"FaultNotYetThere",
         {.script = "script:\n"
                    "  - attest: { faults: [ slow_read ] }"},
         "4:25: fault `slow_read` is part of the language but not yet in pushsim"},
        {"FaultMisspelt",
         {.script = "script:\n"
                    "  - attest: { faults: [ hold_evidense: { until: 2s } ] }"},
         "4:25: unknown fault `hold_evidense`; did you mean `hold_evidence`?"},
        {"RepeatOfNothing",
         {.script = "script:\n"
                    "  - repeat: { times: 3 }"},
         "4:13: step `repeat` needs `steps:`, a list of steps, like `steps: [ attest ]`"},
        {"MistakeWithinRepeat",
         {.script = "script:\n"
                    "  - repeat: { times: 3, steps: [ atest ] }"},
         "4:34: unknown step `atest`; did you mean `attest`?"},
        {"ExpectBesideRepeat",
         {.script = "script:\n"
                    "  - repeat: { times: 3, steps: [ attest ] }\n"
                    "    expect: { verdict: pass }"},
         "5:5: `expect` belongs to a step within `repeat`, or to the end"},
        {"NameTwiceWithinRepeat",
         {.script = "script:\n"
                    "  - attest: a\n"
                    "    as: one\n"
                    "  - repeat: { times: 3, steps: [ { attest: a, as: one } ] }"},
         "6:36: `as: one` is given twice; first in line 4"},
        {"FaultWithoutItsKeys",
         {.script = "script:\n"
                    "  - attest: { faults: [ hold_evidence ] }"},
         "4:25: fault `hold_evidence` needs `until:`, the instant at which it is sent: challenges_expire_at "
         "or token_expires_at, + or - a duration, like `until: challenges_expire_at - 500ms`"},
        {"FaultWithHalfItsKeys",
         {.script = "script:\n"
                    "  - attest: { faults: [ delay: { for: 2s } ] }"},
         "4:32: fault `delay` needs `before:`, the phase that begins late, like `before: submit`"},
        {"InstantThatIsNone",
         {.script = "script:\n"
                    "  - attest: { faults: [ hold_evidence: { until: challenges_expire_at-2s } ] }"},
         "4:49: `until`: after `challenges_expire_at` expected ` + ` or ` - `, with spaces, and a duration, "
         "like challenges_expire_at - 500ms; found 'challenges_expire_at-2s'"},
        {"DelayOfAPhaseThatTheStepDoesNotHave",
         {.script = "script:\n"
                    "  - negotiate: { faults: [ delay: { before: submit, for: 2s } ] }"},
         "4:45: `before`: expected a phase of step `negotiate` (negotiate); found 'submit'"},
        {"StallAfterAPhaseWithoutAnAnswer",
         {.script = "script:\n"
                    "  - attest: { faults: [ stall: { after: collect, for: 2s } ] }"},
         "4:41: `after`: phase `collect` has no answer that could be left unread; name one that sends, like "
         "negotiate"},
        {"EvidenceHeldInAStepWithoutEvidence",
         {.script = "script:\n"
                    "  - negotiate: { faults: [ hold_evidence: { until: challenges_expire_at } ] }"},
         "4:28: fault `hold_evidence` is about submit, which step `negotiate` does not have; it goes with "
         "`submit`, `attest`"},
        {"TokenInAStepWithoutOne",
         {.script = "script:\n"
                    "  - authenticate: { faults: [ old_token ] }"},
         "4:31: fault `old_token` is about negotiate, submit, which step `authenticate` does not have; it "
         "goes with `negotiate`, `submit`, `attest`"},
        {"FaultWithKeysThatItDoesNotHave",
         {.script = "script:\n"
                    "  - attest: { faults: [ old_token: { of: a } ] }"},
         "4:25: fault `old_token` has no keys; write it by its name alone"},
        {"FaultsThatAreNoList",
         {.script = "script:\n"
                    "  - attest: { faults: { delay: { before: submit, for: 2s } } }"},
         "4:23: `faults`: expected a list of faults, like [ delay: { before: submit, for: 2s } ]; found a "
         "map"},
        {"TimesOutOfRange",
         {.script = "script:\n"
                    "  - attest: { times: 0 }"},
         "4:22: `times`: expected a whole number from 1 to 1000000; found '0'"},
        {"BareThatIsNoTruthValue",
         {.script = "script:\n"
                    "  - submit: { bare: yes }"},
         "4:21: `bare`: expected true or false; found 'yes'"},
        {"UndefinedGroup", {.script = "script: [ attest: b ]"}, "3:19: no group is called `b`; groups: a"},
        {"UndefinedGroupNearOne",
         {.agents = "agents: { honest: {} }", .script = "script: [ attest: { agents: honset } ]"},
         "3:29: no group is called `honset`; did you mean `honest`?"},
        {"GroupNamedTwice", {.script = "script: [ attest: [a, a] ]"}, "3:23: group `a` is named twice"},
        {"GroupLeftOutAmongSeveral",
         {.agents = "agents: { a: {}, b: {} }"},
         "3:11: `attest` must say which `agents`: there are a, b"},
        {"ExtendWithoutPcr",
         {.script = "script: [ extend: a ]"},
         R"(3:11: `extend` names no PCR; write it like { 7: ["text:secure-boot-on"] })"},
        {"ExtendOfABadPcr",
         {.script = R"(script: [ extend: { 99: ["text:x"] } ])"},
         "3:21: expected a PCR number from 0 to 23; found '99'"},
        {"ExtendWithAWord",
         {.script = R"(script: [ extend: { pcrs: { 7: ["text:x"] } } ])"},
         "3:21: unknown key `pcrs` in step `extend`; expected agents or PCR numbers from 0 to 23"},
        {"WaitWithoutUnit",
         {.script = "script: [ wait: 5 ]"},
         "3:17: `wait`: a duration needs a unit: 5s or 5ms, not '5'"},
        {"WaitForNothing",
         {.script = "script:\n"
                    "  - wait:"},
         "4:5: `wait`: expected a duration like 2s, or a distribution like { uniform: [1s, 3s] }; found "
         "nothing"},
        {"WaitUntilAnUnknownInstant",
         {.script = "script: [ wait: token_expire_at + 1s ]"},
         "3:17: `wait`: expected challenges_expire_at or token_expires_at, + or - a duration, like "
         "challenges_expire_at - 500ms; found 'token_expire_at + 1s'; did you mean `token_expires_at`?"},
        {"WaitUntilAnInstantWithoutAUnit",
         {.script = "script: [ wait: { until: token_expires_at + 1 } ]"},
         "3:26: `until`: after `token_expires_at` expected ` + ` or ` - `, with spaces, and a duration, like "
         "token_expires_at - 500ms; found 'token_expires_at + 1'"},
        {"WaitUntilMisspelt",
         {.script = "script: [ wait: { untl: token_expires_at } ]"},
         "3:19: unknown key `untl` in step `wait`; did you mean `until`?"},
        {"WaitForAMisspeltDistribution",
         {.script = "script: [ wait: { unifrom: [1s, 2s] } ]"},
         "3:19: unknown key `unifrom` in `wait`; did you mean `uniform`?"},
        {"WaitTooLong",
         {.script = "script: [ wait: 9000h ]"},
         "3:17: `wait`: expected a duration like 250ms, 2s or 1m30s, at most 8760h; found '9000h'"},
        {"ExchangesNamedTwice",
         {.script = "script:\n"
                    "  - attest: a\n"
                    "    as: x\n"
                    "  - attest: a\n"
                    "    as: x"},
         "6:5: `as: x` is given twice; first in line 4"},
        {"NameForExchangesThatThereAreNot",
         {.script = "script:\n"
                    "  - wait: 1s\n"
                    "    as: x"},
         "5:5: `as` names exchanges, and `wait` has none"},
        {"VerdictOfAStepWithoutEvidence",
         {.script = "script:\n"
                    "  - register: a\n"
                    "    expect: { verdict: pass }"},
         "5:15: `verdict` cannot be asked of step `register`, which sends no evidence; `attest` and `submit` "
         "do"},
        {"RequestsOfAStepThatSendsNothing",
         {.script = "script:\n"
                    "  - wait: 1s\n"
                    "    expect: { agents: a, requests: { sessions: 1 } }"},
         "5:26: `requests` cannot be asked of step `wait`, which sends nothing"},
        {"RequestsOfAnUnknownKind",
         {.script = "script:\n"
                    "  - attest: a\n"
                    "    expect: { requests: { session: 1 } }"},
         "5:27: unknown key `session` in `requests`; did you mean `sessions`?"},
        {"RequestsWithoutACount",
         {.script = "script:\n"
                    "  - attest: a\n"
                    "    expect: { requests: { sessions: few } }"},
         "5:37: `sessions`: expected a whole number from 0 to 1000000000; found 'few'"},
        {"RequestsOfNothing",
         {.script = "script:\n"
                    "  - attest: a\n"
                    "    expect: { requests: {} }"},
         "5:25: `requests`: expected a map, like { sessions: 1 }; found an empty map"},
        {"ResponseOfAStepWithoutExchange",
         {.script = "script:\n"
                    "  - wait: 1s\n"
                    "    expect: { response: { status: 200 } }"},
         "5:15: `response` cannot be asked of step `wait`, which gets no response"},
        {"CheckOfTheRunOnAStep",
         {.script = "script:\n"
                    "  - attest: a\n"
                    "    expect: accounted"},
         "5:13: `accounted` is about the whole run; write it under the `expect` at the end"},
        {"VerdictOfTheRun",
         {.expect = "expect: [ verdict: pass ]"},
         "4:11: `verdict` is about one step; write it under that step's `expect`"},
        {"UnknownVerdict",
         {.script = "script:\n"
                    "  - attest: a\n"
                    "    expect: { verdict: pas }"},
         "5:24: `verdict`: unknown value 'pas'; did you mean `pass`?"},
        {"ReasonWithoutVerdict",
         {.script = "script:\n"
                    "  - attest: a\n"
                    "    expect: { reason: policy_violation }"},
         "5:15: `reason` needs `verdict: fail` beside it"},
        {"ReasonOfAPass",
         {.script = "script:\n"
                    "  - attest: a\n"
                    "    expect: { verdict: pass, reason: policy_violation }"},
         "5:30: `reason` goes with `verdict: fail`, not with `pass`"},
        {"UnknownReason",
         {.script = "script:\n"
                    "  - attest: a\n"
                    "    expect: { verdict: fail, reason: policy_violated }"},
         "5:38: `reason`: unknown value 'policy_violated'; did you mean `policy_violation`?"},
        {"StatusInSmallLetters",
         {.expect = "expect: [ status: pass ]"},
         "4:19: `status`: unknown value 'pass'; did you mean `PASS`?"},
        {"WithinWithoutUnit",
         {.expect = "expect: [ { status: PASS, within: 5 } ]"},
         "4:35: `within`: a duration needs a unit: 5s or 5ms, not '5'"},
        {"WithinWithoutStatus",
         {.expect = "expect: [ { within: 5s } ]"},
         "4:13: `within` needs `status` beside it"},
        {"UnknownKeyInExpect",
         {.expect = "expect: [ { statsu: PASS } ]"},
         "4:13: unknown key `statsu` in `expect`; did you mean `status`?"},
        {"AlwaysAtTheEnd",
         {.expect = "expect: [ { always: PASS } ]"},
         "4:13: `always` is about what is seen during a step; write it under that step's `expect`"},
        {"AlwaysTrue",
         {.script = "script:\n"
                    "  - attest: a\n"
                    "    expect: { always: true }"},
         "5:23: `always`: unknown value 'true'; known: PENDING, PASS, FAIL, TIMEOUT"},
        {"PollWithoutAUnit",
         {.script = "script:\n"
                    "  - attest: a\n"
                    "    expect: { never: FAIL, poll: 10 }"},
         "5:34: `poll`: expected a rate like 10/s or 2/m, at most 100/s; found '10'"},
        {"PollOfNothing",
         {.script = "script:\n"
                    "  - attest: a\n"
                    "    expect: { status: FAIL, poll: 10/s }"},
         "5:29: `poll` needs `always` or `never` beside it"},
        {"SinceWithoutRequests",
         {.script = "script:\n"
                    "  - attest: a\n"
                    "    expect: { verdict: pass, since: start }"},
         "5:30: `since` needs `requests` beside it"},
        {"SinceAtTheEnd",
         {.expect = "expect: [ { requests: { sessions: 1 }, since: start } ]"},
         "4:40: `since` goes with a step; at the end everything is counted since the start"},
        {"CyclesAtTheEnd",
         {.expect = "expect: [ { status: PASS, cycles: last } ]"},
         "4:27: `cycles` is about one step; write it under that step's `expect`"},
        {"CyclesOfAStepWithoutAny",
         {.script = "script:\n"
                    "  - wait: 1s\n"
                    "    expect: { status: PASS, cycles: last }"},
         "5:29: `cycles` cannot be asked of step `wait`, which has no cycles"},
        {"CyclesOtherThanTheLast",
         {.script = "script:\n"
                    "  - attest: a\n"
                    "    expect: { verdict: pass, cycles: first }"},
         "5:38: `cycles`: unknown value 'first'; known: last"},
        {"ExpectThatAsksForNothing",
         {.expect = "expect: [ { agents: a } ]"},
         "4:11: `expect` asks for nothing"},
        {"ExpectWithoutAClause",
         {.expect = "expect: []"},
         "4:9: `expect`: expected at least one clause; found an empty list"},
        {"UnknownCheck",
         {.expect = "expect: [ acounted ]"},
         "4:11: unknown check `acounted`; did you mean `accounted`?"},

        {"UnknownMetric",
         {.expect = "expect: [ submt.p99 < 250ms ]"},
         "4:11: unknown metric `submt.p99`; did you mean `submit`?"},
        {"MetricWithoutAMeasure",
         {.expect = "expect: [ submit < 250ms ]"},
         "4:11: metric `submit`: `submit` has p50, p90, p95, p99, max, mean, count; write `submit.p50`"},
        {"MetricWithAnUnknownMeasure",
         {.expect = "expect: [ accepted.p99 < 250ms ]"},
         "4:11: metric `accepted.p99`: `accepted` has count, rate, share; write `accepted.count`"},
        {"MetricWithoutAUnit",
         {.expect = "expect: [ submit.p99 < 250 ]"},
         "4:11: metric `submit.p99`: expected a duration, like 250ms after `<`; found '250'"},
        {"MetricOfARateWithoutAUnit",
         {.expect = "expect: [ accepted.rate >= 40 ]"},
         "4:11: metric `accepted.rate`: expected a rate, like 40/s after `>=`; found '40'"},
        {"MetricOfAShareAboveAll",
         {.expect = "expect: [ error.share < 101% ]"},
         "4:11: metric `error.share`: expected a share, like 1% after `<`; found '101%'"},
        {"MetricComparedBadly",
         {.expect = "expect: [ submit.p99 = 250ms ]"},
         "4:11: metric `submit.p99`: expected one of <, <=, >, >=, ==; found '='"},
        {"MetricOfAStep",
         {.script = "script:\n"
                    "  - attest: a\n"
                    "    expect: submit.p99 < 250ms"},
         "5:13: `submit.p99 < 250ms` is about the whole run; write it under the `expect` at the end"},
        {"HttpStatusOutOfRange",
         {.script = "script:\n"
                    "  - attest: a\n"
                    "    expect: { response: { status: 99 } }"},
         R"(5:35: `status`: expected an HTTP status such as 202 or a range such as "200-299"; found '99')"},
        {"HttpStatusRangeBackwards",
         {.script = "script:\n"
                    "  - attest: a\n"
                    "    expect: { response: { status: \"299-200\" } }"},
         R"(5:35: `status`: expected an HTTP status such as 202 or a range such as "200-299"; found '299-200')"},
        {"UnknownKeyInResponse",
         {.script = "script:\n"
                    "  - attest: a\n"
                    "    expect: { response: { stauts: 202 } }"},
         "5:27: unknown key `stauts` in `response`; did you mean `status`?"},
        {"RetryAfterAsADuration",
         {.script = "script:\n"
                    "  - attest: a\n"
                    "    expect: { response: { status: 429, retry_after: 1s } }"},
         "5:53: `retry_after`: expected seconds such as 2 or a range such as \"1-60\"; found '1s'"},
        {"ResponseThatIsANumber",
         {.script = "script:\n"
                    "  - attest: a\n"
                    "    expect: { response: 202 }"},
         "5:25: `response`: expected a map, like { status: 202 }; found '202'"},
        {"ResponseThatAsksForNothing",
         {.script = "script:\n"
                    "  - attest: a\n"
                    "    expect: { response: {} }"},
         "5:25: `response` asks for nothing"},
        {"CountThatCannotBeReached",
         {.agents = "agents: { a: { count: 3 } }", .expect = "expect: [ { status: PASS, at_least: 4 } ]"},
         "4:37: `at_least`: expected at most 3, for it is about 3 agents; found '4'"},
        {"CountThatAlwaysHolds",
         {.agents = "agents: { a: { count: 3 } }", .expect = "expect: [ { status: PASS, at_most: 3 } ]"},
         "4:36: `at_most`: expected at most 2, for it is about 3 agents; found '3'"},
        {"TwoCounts",
         {.expect = "expect: [ { status: PASS, at_least: 1, exactly: 1 } ]"},
         "4:40: one of all, at_least, at_most and exactly; `at_least` is there already"},
        {"GroupThatTakesNoPartInTheStep",
         {.agents = "agents: { a: {}, b: {} }",
          .script = "script:\n"
                    "  - attest: a\n"
                    "    expect: { agents: b, verdict: pass }"},
         "5:23: group `b` does not take part in this step"},
    }),
    case_name);

}  // namespace
}  // namespace pushsim::scenario
