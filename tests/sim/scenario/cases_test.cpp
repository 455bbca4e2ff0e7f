// Cases: steps that have a name of their own, written out or made of `cases`, and what their clauses decide.

#include "sim/scenario/cases.hpp"

#include <gmock/gmock.h>

#include "sim/scenario/clause.hpp"
#include "sim/scenario/expand.hpp"
#include "tests/sim/scenario/broken.hpp"

namespace pushsim::scenario {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Parts with_cases(const std::string& cases, const std::string& script = "") {
    return {.script = script, .more = cases};
}

/// "case: kind", one for each step.
std::vector<std::string> steps_of(const Scenario& scenario) {
    std::vector<std::string> all;
    for_each_step(scenario.script, [&](const Step& step, std::uint64_t) {
        all.push_back(step.case_name + ": " + to_string(step.kind));
    });
    return all;
}

std::vector<std::string> decides(const Step& step) {
    return step.expect.empty() ? std::vector<std::string>{} : step.expect[0].decides;
}

TEST(Cases, StepsWithinAnotherBelongToItsCase) {
    const Scenario scenario =
        read(Parts{.script = "script:\n"
                             "  - attest\n"
                             "  - together: [ { attest: a }, { wait: 1s } ]\n"
                             "    case: one\n"
                             "  - { repeat: { times: 2, steps: [ attest, { wait: 1s, case: three } ] } }\n"});
    EXPECT_THAT(steps_of(scenario), ElementsAre(": attest", "one: together", "one: attest", "one: wait",
                                                ": repeat", ": attest", "three: wait"));
    EXPECT_THAT(case_names(scenario), ElementsAre("one", "three"));
}

TEST(Cases, AClauseSaysWhatItDecides) {
    const Scenario scenario =
        read(Parts{.script = "script: [ { attest: a, expect: [ { verdict: pass }, { status: PASS, decides: "
                             "KPM-VER-002 } ] } ]",
                   .expect = "expect:\n"
                             "  - { check: accounted, decides: [ KPM-STAT-001, KPM-VER-001 ] }\n"
                             "  - { metric: submit.p99 < 250ms, decides: KPM-VER-002 }\n"
                             "  - { status: PASS, decides: KPM-STAT-001 }\n"});
    EXPECT_THAT(scenario.script[0].expect[0].decides, IsEmpty());
    EXPECT_THAT(scenario.script[0].expect[1].decides, ElementsAre("KPM-VER-002"));
    EXPECT_THAT(scenario.expect[0].decides, ElementsAre("KPM-STAT-001", "KPM-VER-001"));
    EXPECT_EQ(scenario.expect[0].conditions, std::vector<Condition>{ExpectCheck{"accounted"}});
    EXPECT_THAT(scenario.expect[1].decides, ElementsAre("KPM-VER-002"));
    EXPECT_THAT(scenario.requirements, ElementsAre("KPM-STAT-001", "KPM-VER-001", "KPM-VER-002"))
        << "left out, they are what the clauses decide";
}

TEST(Cases, RequirementsThatAreGivenStayAsTheyAre) {
    const Scenario scenario = read(Parts{.expect = "expect: [ { check: accounted, decides: KPM-VER-001 } ]",
                                         .more = "requirements: [ KPM-VER-002, KPM-VER-001 ]"});
    EXPECT_THAT(scenario.requirements, ElementsAre("KPM-VER-002", "KPM-VER-001"));
}

TEST(Cases, AreStepsOfTheScriptEachAfterItsControl) {
    const Scenario scenario =
        read(with_cases("control: { negotiate: a, as: honest, expect: { response: { status: 201 } } }\n"
                        "cases:\n"
                        "  - case: no-type\n"
                        "    decides: KPM-NEG-010\n"
                        "    negotiate: { agents: a }\n"
                        "    expect: [ { response: { status: \"400-499\" } }, { requests: { negotiations: 1 "
                        "}, decides: KPM-NEG-011 } ]\n"
                        "  - case: twice\n"
                        "    decides: [ KPM-EVID-004 ]\n"
                        "    control: []\n"
                        "    steps: [ attest, { repeat: { times: 2, steps: [ { attest: a, expect: { verdict: "
                        "pass } } ] } } ]\n"
                        "  - { case: own, control: [ register, attest ], attest: a }\n",
                        "script: [ attest ]"));
    EXPECT_THAT(steps_of(scenario),
                ElementsAre(": attest", "no-type: negotiate", "no-type: negotiate", "twice: attest",
                            "twice: repeat", "twice: attest", "own: register", "own: attest", "own: attest"));
    int number = 0;
    for_each_step(scenario.script,
                  [&](const Step& step, std::uint64_t) { EXPECT_EQ(step.number, ++number); });
    EXPECT_THAT(decides(scenario.script[1]), IsEmpty()) << "the control";
    EXPECT_THAT(decides(scenario.script[2]), ElementsAre("KPM-NEG-010"));
    EXPECT_THAT(scenario.script[2].expect[1].decides, ElementsAre("KPM-NEG-011")) << "has its own";
    EXPECT_THAT(decides(scenario.script[4].steps[0]), ElementsAre("KPM-EVID-004"));
    EXPECT_THAT(scenario.requirements, ElementsAre("KPM-EVID-004", "KPM-NEG-010", "KPM-NEG-011"));
    EXPECT_EQ(scenario.script[2].position.line, 9);
}

TEST(Cases, StandInPlaceOfAScript) {
    const Scenario scenario = read(with_cases("cases: [ { case: only, attest: a } ]"));
    EXPECT_THAT(steps_of(scenario), ElementsAre("only: attest"));
    EXPECT_EQ(problems_of(with_cases("").text()),
              "1:1: a scenario needs `script:`, a list of steps, done in order, like `script: [ attest ]`");
}

TEST(Cases, HaveAMatrixOfTheirOwn) {
    const Scenario scenario =
        read(with_cases("cases:\n"
                        "  - case: ${member}-${as}\n"
                        "    matrix: { member: [evidence_supported, info], as: [absent, \"null\"] }\n"
                        "    exclude: [ { member: info, as: absent } ]\n"
                        "    control: { request: { path: \"/${member}/honest\" } }\n"
                        "    request: { path: \"/${member}/${a.id}\", raw: \"${as}\" }\n"));
    EXPECT_THAT(case_names(scenario),
                ElementsAre("evidence_supported-absent", "evidence_supported-null", "info-null"));
    EXPECT_EQ(scenario.script[0].request.path, "/evidence_supported/honest");
    EXPECT_EQ(scenario.script[5].request.path, "/info/${a.id}");
    EXPECT_EQ(scenario.script[5].request.body, "null");
}

TEST(Cases, TakeRowsOfAMatrix) {
    const Scenario scenario =
        read(with_cases("cases:\n"
                        "  - case: ${of}-by-nobody\n"
                        "    matrix: { of: [{ name: one, path: \"/x/${a.id}\" }, { name: two, path: /y }] }\n"
                        "    request: { path: \"${of.path}?${of.name}\" }\n"));
    EXPECT_THAT(case_names(scenario), ElementsAre("one-by-nobody", "two-by-nobody"));
    EXPECT_EQ(scenario.script[0].request.path, "/x/${a.id}?one");
    EXPECT_EQ(scenario.script[1].request.path, "/y?two");
}

TEST(Cases, TakeValuesOfTheFilesMatrixToo) {
    const LoadResult result = load_text(with_cases("matrix: { times: [1, 2] }\n"
                                                   "control: { attest: { times: \"${times}\" } }\n"
                                                   "cases: [ { case: \"of-${x}\", matrix: { x: "
                                                   "[\"${times}\", 7] }, attest: { times: \"${x}\" } } ]\n")
                                            .text(),
                                        "f");
    ASSERT_TRUE(result.ok()) << result.text();
    ASSERT_EQ(result.scenarios.size(), 2U);
    EXPECT_EQ(result.scenarios[1].name, "s[times=2]");
    EXPECT_THAT(case_names(result.scenarios[1]), ElementsAre("of-2", "of-7"));
    EXPECT_EQ(result.scenarios[1].script[0].times, 2);
    EXPECT_EQ(result.scenarios[1].script[3].times, 7);
}

TEST(Cases, AProblemOfAllExpansionsIsSaidOnce) {
    EXPECT_EQ(
        problems_of(with_cases("control: { attest: { tims: 1 } }\n"
                               "cases:\n"
                               "  - { case: \"${x}\", matrix: { x: [b, c, d] }, attest: { evry: 2s } }\n"
                               "  - { case: e, attest: a }\n")
                        .text()),
        "4:22: unknown key `tims` in step `attest`; did you mean `times`?\n"
        "6:57: unknown key `evry` in step `attest`; did you mean `every`?");
}

TEST(Cases, SomeOfThemAloneAreAScenarioAgain) {
    const Scenario whole = read(with_cases(
        "control: { negotiate: a, expect: { response: { status: 201 } } }\n"
        "cases:\n"
        "  - { case: b, decides: KPM-NEG-001, negotiate: a, expect: { response: { status: 400 } } }\n"
        "  - { case: c, decides: [ KPM-NEG-001, KPM-NEG-002 ], negotiate: a, expect: { response: { status: "
        "400 } } }\n",
        "script: [ attest, { together: [ { wait: 1s, case: d } ] } ]"));
    const Scenario part = only(whole, {"b"});
    EXPECT_THAT(steps_of(part), ElementsAre(": attest", "b: negotiate", "b: negotiate"));
    EXPECT_EQ(part.script[2].number, 3);
    EXPECT_THAT(part.requirements, ElementsAre("KPM-NEG-001"));
    EXPECT_EQ(part.expect, whole.expect);
    const LoadResult again = load_text(resolved(part), "again");
    ASSERT_TRUE(again.ok()) << again.text();
    EXPECT_TRUE(same_plan(again.scenarios[0], part)) << resolved(part);
    EXPECT_TRUE(same_plan(only(whole, {"b", "c", "d"}), whole));
    EXPECT_THAT(steps_of(only(whole, {"d"})), ElementsAre(": attest", ": together", "d: wait"));
}

TEST(Cases, AreNoMoreThanAThousandAndHaveABoundedSize) {
    std::string values = "[0";
    for (int i = 1; i < 40; ++i)
        values += ", " + std::to_string(i);
    values += "]";
    const auto with_matrix = [&](int count) {
        std::string cases = "cases:\n";
        for (int i = 0; i < count; ++i)
            cases += "  - { case: \"c" + std::to_string(i) + "-${x}\", matrix: { x: " + values +
                     " }, attest: a }\n";
        return problems_of(with_cases(cases).text());
    };
    EXPECT_EQ(with_matrix(25), "");
    EXPECT_EQ(with_matrix(26), "5:3: more than 1000 cases");
    std::string control = "control: [ attest";
    for (int i = 0; i < 2000; ++i)
        control += ", attest";
    EXPECT_EQ(problems_of(with_cases(control + " ]\ncases:\n  - { case: \"${x}\", matrix: { x: " + values +
                                     " }, attest: a }\nmatrix: { other: " + values + " }\ntitle: ${other}")
                              .text()),
              "6:3: the cases have more than 1000000 values together");
}

INSTANTIATE_TEST_SUITE_P(
    Cases, BrokenScenario,
    testing::ValuesIn(std::vector<Broken>{
        {"CaseInPieces",
         {.script = "script: [ { attest: a, case: b }, attest, { attest: a, case: b } ]"},
         "3:45: the steps of a case stand together: `b` began in line 3, and there are others between"},
        {"CaseWithinAnother",
         {.script = "script: [ { together: [ { attest: a, case: c } ], case: b } ]"},
         "3:27: `case: c` within a step of the case `b`: a step belongs to one case"},
        {"CaseNamedBadly",
         {.script = "script: [ { attest: a, case: \"b c\" } ]"},
         "3:30: `case`: expected a name of at most 80 letters, digits, points, hyphens and underscores; "
         "found "
         "'b c'"},
        {"DecidesNoId",
         {.script = "script: [ { attest: a, expect: { verdict: pass, decides: NEG-1 } } ]"},
         "3:58: `decides`: expected a requirement id like KPM-EVID-007, or a list of them; found 'NEG-1'"},
        {"DecidesTwice",
         {.script =
              "script: [ { attest: a, expect: { verdict: pass, decides: [KPM-VER-001, KPM-VER-001] } } ]"},
         "3:72: `decides`: 'KPM-VER-001' is given twice"},
        {"DecidesWhatTheFileDoesNotName",
         {.expect = "expect: [ { check: accounted, decides: KPM-VER-001 } ]",
          .more = "requirements: [ KPM-VER-002 ]"},
         "4:20: `decides`: KPM-VER-001 is not in the `requirements` of the file (line 5): add it there, or "
         "leave the "
         "list out"},
        {"CheckOfAStep",
         {.script = "script: [ { attest: a, expect: { check: accounted, decides: KPM-VER-001 } } ]"},
         "3:41: `accounted` is about the whole run; write it under the `expect` at the end"},
        {"CheckWithMore",
         {.expect = "expect: [ { check: accounted, status: PASS } ]"},
         "4:31: unknown key `status` in the clause with `check`; it stands in `expect`"},
        {"CheckThatIsAMetric",
         {.expect = "expect: [ { check: submit.p99 < 1s } ]"},
         "4:20: `check`: expected a check, like accounted; found 'submit.p99 < 1s'"},
        {"MetricWithoutALimit",
         {.expect = "expect: [ { metric: submit.p99 } ]"},
         "4:21: `metric`: expected a metric and its limit, like submit.p99 < 250ms; found 'submit.p99'"},
        {"ControlWithoutCases",
         {.more = "control: attest"},
         "5:1: `control` needs `cases` beside it: it is done before each of them"},
        {"CasesThatAreNone", with_cases("cases: []"),
         "4:8: `cases`: expected a list of at least one case; found an empty list"},
        {"CaseThatIsAWord", with_cases("cases: [ attest ]"),
         "4:10: a case: expected a map, like { case: no-type }; found 'attest'"},
        {"CaseWithoutAName", with_cases("cases: [ { attest: a } ]"),
         "4:10: a case needs `case:`, its name, of which a file has each once; with `matrix`, `${…}` makes "
         "it so, like "
         "`case: no-type`"},
        {"CaseWithoutAStep", with_cases("cases: [ { case: b, expect: { verdict: pass } } ]"),
         "4:12: case `b` has no step: write one beside `case`, like `attest:`, or several as `steps`"},
        {"CaseOfNoSteps", with_cases("cases: [ { case: b, steps: [] } ]"),
         "4:28: `steps`: expected a list of at least one step; found an empty list"},
        {"CaseOfStepsAndAStep",
         with_cases("cases: [ { case: b, steps: [ attest ], attest: a, expect: {} } ]"),
         "4:40: a case has `steps` or one step, not both: `attest` stands among them\n"
         "4:51: `expect` beside `steps` belongs to one of them"},
        {"CaseWithAnUnknownKey", with_cases("cases: [ { case: b, attest: a, matirx: { x: [1] } } ]"),
         "4:32: unknown key `matirx` in a case; did you mean `matrix`?"},
        {"CaseWithAnUnknownStep", with_cases("cases: [ { case: b, atest: a } ]"),
         "4:21: unknown step `atest`; did you mean `attest`?"},
        {"CasesOfOneName", with_cases("cases:\n  - { case: b, attest: a }\n  - { case: b, attest: a }"),
         "6:13: case `b` is there already, in line 5"},
        {"CaseOfTheNameOfAStep",
         with_cases("cases: [ { case: b, attest: a } ]", "script: [ { attest: a, case: b } ]"),
         "5:18: case `b` is there already, in line 3"},
        {"CasesOfAMatrixOfOneName",
         with_cases("cases: [ { case: b, matrix: { x: [1, 2] }, attest: { times: \"${x}\" } } ]"),
         "4:18: several cases of the matrix are called `b`: a name of its own needs each variable in it, "
         "like `case: "
         "\"${name}\"`"},
        {"CaseWithAnUnknownVariable",
         with_cases("matrix: { other: [1] }\ncases: [ { case: \"${x}\", matrix: { x: [b] }, attest: { times: "
                    "\"${n}\" } } ]"),
         "5:63: no matrix has a variable `n`; variables: x, other"},
        {"ControlWithAnUnknownVariable",
         with_cases("control: { attest: { times: \"${x}\" } }\ncases: [ { case: \"${x}\", matrix: { x: [b] "
                    "}, attest: a } ]"),
         "4:29: no matrix has a variable `x`: neither the case nor the file has a `matrix`"},
        {"CaseWithTheFilesVariable",
         with_cases("matrix: { x: [1] }\ncases: [ { case: \"${x}\", matrix: { x: [b] }, attest: a } ]"),
         "5:36: `x` is a variable of the file's own matrix already: call it otherwise"},
        {"CaseThatDecidesNothing", with_cases("cases: [ { case: b, decides: KPM-VER-001, attest: a } ]"),
         "4:30: `decides` goes to the clauses of the case's last step that have none of their own, and there "
         "is no "
         "such clause: write `expect` beside that step"},
        {"ControlThatIsAList", with_cases("control: [ [attest] ]\ncases: [ { case: b, attest: a } ]"),
         "4:12: `control`: expected a step, or a list of steps; found a list"},
        {"ControlOfACaseOfItsOwn",
         with_cases("control: { attest: a, case: c }\ncases: [ { case: b, attest: a } ]"),
         "4:23: a step of a case has no `case` of its own"},
        {"NameOfAStepTwiceInACase",
         with_cases("cases: [ { case: b, steps: [ { attest: a, as: x }, { attest: a, as: x } ] } ]"),
         "4:54: `as: x` is given twice; first in line 4"},
    }),
    case_name);

TEST(Clause, IsReadOutsideAScenario) {
    const ClauseResult read = read_clause("{ response: { status: 500 }, never: PASS, poll: 2/s }", "d.yaml");
    ASSERT_TRUE(read.ok()) << read.problems[0].text();
    ASSERT_EQ(read.clause.conditions.size(), 2U);
    EXPECT_EQ(std::get<ExpectResponse>(read.clause.conditions[0]).status,
              (std::vector{StatusRange{500, 500}}));
    EXPECT_THAT(read.clause.agents, IsEmpty());
    EXPECT_EQ(read.clause.position.text(), "d.yaml:1:1");
    EXPECT_TRUE(
        read_clause("{ verdict: fail, reason: policy_violation, cycles: last }", "d").clause.last_cycle_only);
    EXPECT_EQ(read_clause("{ check: no_5xx }", "d").clause.conditions,
              std::vector<Condition>{ExpectCheck{"no_5xx"}});
}

TEST(Clause, OutsideAScenarioHasNoAgentsAndDecidesNothing) {
    const auto problems = [](const std::string& text) {
        std::string all;
        for (const Problem& problem : read_clause(text, "d").problems)
            all += problem.text() + "\n";
        return all;
    };
    EXPECT_EQ(problems("{ verdict: pass, agents: a, at_least: 2 }"),
              "d:1:18: `agents` is of the clause in whose place this one stands\n"
              "d:1:29: `at_least` is of the clause in whose place this one stands\n");
    EXPECT_EQ(problems("{ check: no_5xx, decides: KPM-VER-001 }"),
              "d:1:18: `decides` is of the clause in whose place this one stands\n");
    EXPECT_EQ(problems("{ respons: { status: 500 } }"),
              "d:1:3: unknown key `respons` in `expect`; did you mean `response`?\n");
    EXPECT_EQ(problems("{}"), "d:1:1: `expect` asks for nothing\n");
    EXPECT_THAT(problems("[ { verdict: pass } ]"), HasSubstr("d:1:1: `expect`: expected a map"));
    EXPECT_THAT(problems("{"), HasSubstr("not YAML"));
}

}  // namespace
}  // namespace pushsim::scenario
