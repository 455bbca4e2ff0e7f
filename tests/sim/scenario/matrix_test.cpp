// What is written once and stands for more: `matrix`, `exclude`, `${…}` and `like`.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "sim/scenario/expand.hpp"
#include "tests/sim/scenario/broken.hpp"

namespace pushsim::scenario {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

std::vector<std::string> names_in(const Parts& parts) {
    const LoadResult result = load_text(parts.text(), "f");
    EXPECT_TRUE(result.ok()) << result.text();
    std::vector<std::string> names;
    for (const Scenario& scenario : result.scenarios)
        names.push_back(scenario.name);
    return names;
}

Parts with_matrix(const std::string& matrix) {
    return {.script = "script: [ attest: { times: \"${times}\" } ]", .more = matrix};
}

TEST(Matrix, MakesACaseOfEachCombinationTheLastVariableFirst) {
    const Parts parts{.script = "script: [ attest: { times: \"${times}\", every: \"${every}s\" } ]",
                      .more = "matrix: { times: [1, 4], every: [5, 10] }"};
    EXPECT_THAT(names_in(parts), ElementsAre("s[every=5,times=1]", "s[every=10,times=1]",
                                             "s[every=5,times=4]", "s[every=10,times=4]"));
    const LoadResult result = load_text(parts.text(), "f");
    ASSERT_EQ(result.scenarios.size(), 4U);
    const Scenario& third = result.scenarios[2];
    EXPECT_EQ(third.script[0].times, 4);
    EXPECT_EQ(third.script[0].every, std::chrono::seconds{5});
    EXPECT_THAT(third.values, ElementsAre(Pair("every", "5"), Pair("times", "4")));
}

TEST(Matrix, ARowHasValuesThatGoTogether) {
    const Parts parts{.script = "script: [ attest: { times: \"${of.times}\", every: \"${of.every}\" } ]",
                      .more =
                          "matrix: { of: [{ name: few, times: 2, every: 1s }, { name: many, times: 8, "
                          "every: 2s }, { name: none, times: 1, every: 1s }] }\nexclude: [ { of: none } ]"};
    EXPECT_THAT(names_in(parts), ElementsAre("s[of=few]", "s[of=many]"));
    const LoadResult result = load_text(parts.text(), "f");
    EXPECT_EQ(result.scenarios[1].script[0].times, 8);
    EXPECT_EQ(result.scenarios[1].script[0].every, std::chrono::seconds{2});
    EXPECT_THAT(result.scenarios[1].values, ElementsAre(Pair("of", "many")));
}

TEST(Matrix, ACaseIsWrittenAsItselfAndReadAgain) {
    const LoadResult result = load_text(with_matrix("matrix: { times: [1, 4] }").text(), "f");
    for (const Scenario& scenario : result.scenarios) {
        const LoadResult again = load_text(resolved(scenario), "again");
        ASSERT_EQ(again.scenarios.size(), 1U) << again.text();
        EXPECT_EQ(again.scenarios[0].name, scenario.name);
        EXPECT_TRUE(same_plan(again.scenarios[0], scenario)) << resolved(scenario);
    }
}

TEST(Matrix, ExcludeLeavesOutWhatHasAllItsValues) {
    const Parts parts{
        .script = "script: [ attest: { times: \"${times}\", every: \"${every}s\" } ]",
        .more = "matrix: { times: [1, 4], every: [5, 10] }\nexclude: [ { times: 4, every: 5 } ]"};
    EXPECT_THAT(names_in(parts),
                ElementsAre("s[every=5,times=1]", "s[every=10,times=1]", "s[every=10,times=4]"));
}

TEST(Matrix, AValueStandsAloneOrInATextAndAnywhereInTheFile) {
    const Parts parts{.head = "scenario: s\ntitle: with ${workers} of ${kind}",
                      .agents = "agents: { a: { id: \"node-${kind}\" } }",
                      .more = "stack:\n  workers: ${workers}\nmatrix: { workers: [2, 3], kind: [small] }"};
    const LoadResult result = load_text(parts.text(), "f");
    ASSERT_TRUE(result.ok()) << result.text();
    EXPECT_EQ(result.scenarios[0].title, "with 2 of small");
    EXPECT_EQ(result.scenarios[1].stack.workers, 3);
    EXPECT_EQ(result.scenarios[1].groups[0].id.text, "node-small");
}

TEST(Matrix, AVariableOfOneValueNeedNotBeRead) {
    EXPECT_THAT(names_in({.more = "matrix: { keylime: [7.14.3] }"}), ElementsAre("s[keylime=7.14.3]"));
}

TEST(Matrix, LettersThatANameCannotHaveAreReplacedInIt) {
    EXPECT_THAT(names_in({.head = "scenario: s\ntitle: ${what}", .more = "matrix: { what: [a b, c/d] }"}),
                ElementsAre("s[what=a_b]", "s[what=c_d]"));
}

TEST(Matrix, AReferenceOfARequestIsNoVariable) {
    const Parts parts{.script = "script:\n  - attest\n  - request: { path: \"/v${v}/agents/${a.id}\" }",
                      .more = "matrix: { v: [2, 3] }"};
    const LoadResult result = load_text(parts.text(), "f");
    ASSERT_TRUE(result.ok()) << result.text();
    EXPECT_EQ(result.scenarios[1].script[1].request.path, "/v3/agents/${a.id}");
}

TEST(Matrix, AProblemOfAllCasesIsSaidOnce) {
    EXPECT_EQ(problems_of(Parts{.script = "script: [ attest: { times: \"${times}\", tims: 1, evry: 2s } ]",
                                .more = "matrix: { times: [1, 4] }"}
                              .text()),
              "3:40: unknown key `tims` in step `attest`; did you mean `times`?\n"
              "3:49: unknown key `evry` in step `attest`; did you mean `every`?");
}

TEST(Matrix, AProblemOfOneCaseHasItsValue) {
    EXPECT_EQ(problems_of(with_matrix("matrix: { times: [1, 0] }").text()),
              "3:28: `times`: expected a whole number from 1 to 1000000; found '0'");
}

TEST(Matrix, ACaseInWhichAFaultCannotActIsNoFaultOfTheFile) {
    const Parts parts{.script = "script: [ attest: { times: \"${times}\", faults: [ early: { by: 1s } ] } ]",
                      .more = "matrix: { times: [1, 3] }"};
    EXPECT_EQ(problems_of(parts.text()), "");
}

INSTANTIATE_TEST_SUITE_P(
    Matrix, BrokenScenario,
    testing::ValuesIn(std::vector<Broken>{
        {"MatrixThatIsAList",
         {.more = "matrix: [workers]"},
         "5:9: `matrix`: expected a map, like { workers: [1, 4] }; found a list"},
        {"MatrixOfNothing",
         {.more = "matrix: {}"},
         "5:9: `matrix`: expected a map, like { workers: [1, 4] }; found an empty map"},
        {"VariableNamedBadly",
         {.more = "matrix: { Workers: [1] }"},
         "5:11: `Workers` cannot name a variable: use lower-case letters, digits and _"},
        {"VariableWithoutAList", with_matrix("matrix: { times: 4 }"),
         "5:18: `times`: expected a list of values, like [1, 4]; found '4'"},
        {"VariableOfLists",
         {.more = "matrix: { a: [[1]] }"},
         "5:15: `a`: expected a single value, or a map of them; found a list"},
        {"RowWithAList",
         {.more = "matrix: { a: [{ b: [1] }] }"},
         "5:20: `b`: expected a single value; found a list"},
        {"RowWithoutValues",
         {.more = "matrix: { a: [{}] }"},
         "5:15: `a`: expected a map with values, like { name: list, path: /v2.6/agents/ }; found an empty "
         "map"},
        {"RowWithAnotherName",
         {.more = "matrix: { a: [{ b: 1 }, { c: 2 }] }"},
         "5:25: `a`: its values have the same names in the same order, or none"},
        {"RowBesideAValue",
         {.more = "matrix: { a: [{ b: 1 }, 2] }"},
         "5:25: `a`: expected a map, as the first is; found '2'"},
        {"ValueBesideARow",
         {.more = "matrix: { a: [2, { b: 1 }] }"},
         "5:18: `a`: its values have the same names in the same order, or none"},
        {"RowTwice",
         {.more = "matrix: { a: [{ b: 1, c: 1 }, { b: 1, c: 2 }] }"},
         "5:31: `a`: '1' is given twice"},
        {"ValueThatNoRowHas",
         {.script = "script: [ attest: { times: \"${a.c}\" } ]", .more = "matrix: { a: [{ b: 1 }] }"},
         "3:28: nothing defines the reference in '${a.c}': variables stand in `matrix`, and agents are "
         "referred to in `request`"},
        {"ValueTwice", with_matrix("matrix: { times: [1, 1] }"), "5:22: `times`: '1' is given twice"},
        {"VariableThatNothingReads",
         {.more = "matrix: { workers: [1, 4] }"},
         "5:11: nothing reads `${workers}`: all its cases are the same"},
        {"VariableMisspelt",
         {.script = "script: [ attest: { times: \"${tims}\" } ]", .more = "matrix: { times: [4] }"},
         "3:28: nothing defines the reference in '${tims}': variables stand in `matrix`, and agents are "
         "referred to in `request`"},
        {"TooManyCases",
         with_matrix("matrix: { times: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], b: [1, 2, 3, 4, 5, 6, "
                     "7, 8, 9, 10],\n  c: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }"),
         "6:3: the matrix has more than 1000 cases"},
        {"ValuesThatLookAlike",
         {.head = "scenario: s\ntitle: ${a}", .more = "matrix: { a: [b c, b_c] }"},
         "6:9: two cases of the matrix have the same name: their values look alike"},
        {"ExcludeWithoutAMatrix", {.more = "exclude: [ { a: 1 } ]"}, "5:10: `exclude` needs a `matrix`"},
        {"ExcludeOfAnUnknownVariable", with_matrix("matrix: { times: [1, 4] }\nexclude: [ { tims: 1 } ]"),
         "6:14: the matrix has no `tims`; did you mean `times`?"},
        {"ExcludeOfAValueThatIsNotThere", with_matrix("matrix: { times: [1, 4] }\nexclude: [ { times: 5 } ]"),
         "6:21: `times` is never '5'; values: 1, 4"},
        {"ExcludeOfEverything",
         with_matrix("matrix: { times: [1, 4] }\nexclude: [ { times: 1 }, { times: 4 } ]"),
         "6:10: `exclude` leaves no case of the matrix"},
        {"ExcludeOfNothing", with_matrix("matrix: { times: [1, 4] }\nexclude: [ {} ]"),
         "6:12: `exclude`: expected a map with values of the matrix; found an empty map"},
        {"MatrixTwice", with_matrix("matrix: { times: [1, 4] }\nmatrix: { times: [2] }"),
         "6:1: key `matrix` is given twice; first in line 5"},
        {"ReferenceAsAKey",
         {.more = "stack: { verifier: { \"${option}\": 4 } }"},
         "5:22: nothing defines the reference in '${option}': variables stand in `matrix`, and agents are "
         "referred to in `request`"},
        {"ReferenceInBracesWithoutQuotes",
         {.script = "script: [ attest: { times: ${times} } ]", .more = "matrix: { times: [1, 4] }"},
         "3:28: within [ ] and { } a reference needs quotes: \"${times}\""},
    }),
    case_name);

TEST(Matrix, ManyCasesOfALargeFileAreRefusedBeforeTheyAreMade) {
    std::string values;
    for (int i = 1; i <= 1000; ++i)
        values += (i > 1 ? ", " : "") + std::to_string(i);
    std::string agents = "agents:\n";
    for (int i = 0; i < 2'000; ++i)
        agents += "  a" + std::to_string(i) + ": {}\n";
    const std::string problems =
        problems_of(Parts{.agents = agents + "  a: {}",
                          .script = "script: [ attest: { agents: a, times: \"${t}\" } ]",
                          .more = "matrix: { t: [" + values + "] }"}
                        .text());
    EXPECT_THAT(problems, HasSubstr("the 1000 cases of the matrix have more than 1000000 values together"));
}

TEST(Like, GivesWhatTheGroupDoesNotSayItself) {
    const Scenario scenario = read({.agents = "agents:\n"
                                              "  late: { like: early, id: \"late-{n}\" }\n"
                                              "  early: { count: 3, id: \"early-{n}\", source: own,\n"
                                              "    boot: { extend: { 7: [\"text:x\"] } } }\n"
                                              "  last: { like: late, boot: { extend: { 4: [\"text:y\"] } } }",
                                    .script = "script: [ attest: [early, late] ]",
                                    .expect = "expect: accounted"});
    const Group& late = *scenario.group("late");
    EXPECT_EQ(late.count, 3);
    EXPECT_EQ(late.id.text, "late-{n}");
    EXPECT_EQ(late.source, Source::Own);
    EXPECT_EQ(late.boot, scenario.group("early")->boot);
    const Group& last = *scenario.group("last");
    EXPECT_EQ(last.id.text, "late-{n}") << "by way of late";
    ASSERT_EQ(last.boot.size(), 1U) << "a key replaces the other group's as a whole";
    EXPECT_EQ(last.boot[0].pcr, 4);
}

TEST(Like, OfAGroupWithoutKeysIsThatGroup) {
    EXPECT_EQ(read({.agents = "agents: { a: , b: { like: a } }",
                    .script = "script: [ attest: b ]",
                    .expect = "expect: accounted"})
                  .group("b")
                  ->count,
              1);
}

TEST(Like, AProblemOfTheOtherGroupIsSaidOnce) {
    EXPECT_EQ(problems_of(Parts{.agents = "agents: { a: { ak: primry }, b: { like: a }, c: { like: b } }",
                                .script = "script: [ attest: b ]",
                                .expect = "expect: accounted"}
                              .text()),
              "2:20: `ak`: unknown value 'primry'; did you mean `primary`?");
}

TEST(Like, LongChainsAreReadAndWhatTheyRepeatIsBounded) {
    const auto chain = [](int groups, const std::string& first) {
        std::string agents = "agents:\n  a0: " + first + "\n";
        for (int i = 1; i < groups; ++i)
            agents += fmt::format("  a{}: {{ like: a{} }}\n", i, i - 1);
        return problems_of(
            Parts{.agents = agents, .script = "script: [ attest: a0 ]", .expect = "expect: accounted"}
                .text());
    };
    EXPECT_EQ(chain(9'000, "{ count: 2 }"), "");
    std::string measured;
    for (int i = 0; i < 1'000; ++i)
        measured += fmt::format("\"text:{}\", ", i);
    EXPECT_THAT(chain(100, "{ boot: { extend: { 7: [" + measured + "] } } }"),
                HasSubstr("more than 50000 values that `like` repeats"));
}

}  // namespace
}  // namespace pushsim::scenario
