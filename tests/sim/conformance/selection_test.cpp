#include "sim/conformance/selection.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/scenario/cases.hpp"
#include "sim/scenario/loader.hpp"

namespace pushsim::conformance {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

scenario::Scenario loaded(const std::string& text) {
    const auto result = scenario::load_text(text, "x.yaml");
    EXPECT_TRUE(result.ok()) << result.text();
    return result.ok() ? result.scenarios.front() : scenario::Scenario{};
}

/// A table of two cases and a scenario that decides one requirement as a whole.
Suite suite() {
    Suite suite;
    const auto add = [&](const char* id, const char* level, std::vector<std::string> decided_by,
                         std::vector<std::string> tags = {}) {
        Requirement one{
            .id = id, .level = level, .tags = std::move(tags), .decided_by = std::move(decided_by)};
        if (one.decided_by.empty()) one.planned = "slow_read";
        suite.requirements.push_back(std::move(one));
    };
    add("KPM-NEG-001", "MUST", {"table/first"}, {"quick"});
    add("KPM-NEG-002", "SHOULD", {"table/second"});
    add("KPM-NEG-003", "MAY", {});
    add("KPM-STAT-001", "MUST", {"whole"});
    suite.profiles = {{.name = "full"}, {.name = "quick", .tags = {"quick"}}};
    suite.scenarios.push_back(loaded(R"(
scenario: table
agents: { a: {} }
script:
  - { case: first, negotiate: a, expect: { response: { status: 201 } } }
  - { case: first, submit: a, expect: { response: { status: 403 }, decides: KPM-NEG-001 } }
  - { case: second, negotiate: a, expect: { response: { status: 201 }, decides: KPM-NEG-002 } }
)"));
    suite.scenarios.push_back(loaded(R"(
scenario: whole
requirements: [KPM-STAT-001]
agents: { a: {} }
script: [ { attest: a, expect: { verdict: pass } } ]
expect: [ accounted ]
)"));
    return suite;
}

std::vector<std::string> names_of(const Chosen& chosen) {
    std::vector<std::string> names;
    for (const auto& scenario : chosen.scenarios) {
        names.push_back(scenario.name);
        for (const auto& name : scenario::case_names(scenario))
            names.push_back(scenario.name + "/" + name);
    }
    return names;
}

Chosen chosen(const Selection& selection, const std::vector<KnownDeviation>& deviations = {}) {
    const auto result = choose(suite(), selection, deviations, "7.14.3");
    EXPECT_TRUE(result) << result.error().message;
    return result ? *result : Chosen{};
}

std::string refused(const Selection& selection) {
    const auto result = choose(suite(), selection, {}, "");
    EXPECT_FALSE(result);
    return result ? "" : result.error().message + "; " + result.error().mend;
}

TEST(Cases, AreWhatDecidesSomething) {
    const Suite all = suite();
    const auto table = cases_of(all.scenarios[0]);
    ASSERT_THAT(table, SizeIs(2));
    EXPECT_EQ(table[0].id(), "table/first");
    EXPECT_THAT(table[0].requirements, ElementsAre("KPM-NEG-001"));
    EXPECT_EQ(table[1].id(), "table/second");
    const auto whole = cases_of(all.scenarios[1]);
    ASSERT_THAT(whole, SizeIs(1));
    EXPECT_EQ(whole[0].id(), "whole");
    EXPECT_THAT(whole[0].requirements, ElementsAre("KPM-STAT-001"));
}

TEST(Choose, EverythingOrByProfileAreaIdLevelTagAndCase) {
    EXPECT_THAT(names_of(chosen({})), ElementsAre("table", "table/first", "table/second", "whole"));
    EXPECT_THAT(chosen({}).scope.requirements, SizeIs(4));
    EXPECT_THAT(names_of(chosen({.profile = "quick"})), ElementsAre("table", "table/first"));
    EXPECT_THAT(names_of(chosen({.names = {"STAT"}})), ElementsAre("whole"));
    EXPECT_THAT(names_of(chosen({.names = {"KPM-NEG-002", "STAT"}})),
                ElementsAre("table", "table/second", "whole"));
    EXPECT_THAT(names_of(chosen({.levels = {"SHOULD"}})), ElementsAre("table", "table/second"));
    EXPECT_THAT(names_of(chosen({.tags = {"quick"}})), ElementsAre("table", "table/first"));
    EXPECT_THAT(names_of(chosen({.names = {"table/sec*"}})), ElementsAre("table", "table/second"));
    EXPECT_THAT(chosen({.names = {"table/sec*"}}).scope.requirements, SizeIs(1));
    EXPECT_THAT(chosen({.names = {"KPM-NEG-003"}}).scenarios, IsEmpty());
}

TEST(Choose, TheNameOfAScenarioIsThatOfAllItsCombinations) {
    Suite all = suite();
    const auto matrix = scenario::load_text(R"(
scenario: modes
matrix: { mode: [pull, push] }
stack: { verifier: { mode: "${mode}" } }
agents: { a: {} }
script:
  - { case: first, negotiate: a, expect: { response: { status: 201 }, decides: KPM-NEG-001 } }
  - { case: second, negotiate: a, expect: { response: { status: 201 }, decides: KPM-NEG-002 } }
)",
                                            "x.yaml");
    ASSERT_TRUE(matrix.ok()) << matrix.text();
    all.scenarios = matrix.scenarios;
    const auto named = [&](const std::string& name) {
        const auto result = choose(all, {.names = {name}}, {}, "");
        EXPECT_TRUE(result) << result.error().message;
        return result ? names_of(*result) : std::vector<std::string>{};
    };
    EXPECT_THAT(named("modes"), SizeIs(6));
    EXPECT_THAT(named("modes/second"), ElementsAre("modes[mode=pull]", "modes[mode=pull]/second",
                                                   "modes[mode=push]", "modes[mode=push]/second"));
    EXPECT_THAT(named("modes[mode=push]/first"), ElementsAre("modes[mode=push]", "modes[mode=push]/first"));
}

TEST(Choose, WhatIsExcludedIsNotPlayedAndIsNamed) {
    const Chosen one = chosen({.excluded = {"KPM-NEG-001"}});
    EXPECT_THAT(names_of(one), ElementsAre("table", "table/second", "whole"));
    EXPECT_THAT(one.scope.excluded, ElementsAre(history::Excluded{"KPM-NEG-001", "asked for by --exclude"}));
    EXPECT_THAT(one.scope.requirements, SizeIs(4));
    const Chosen by_case = chosen({.excluded = {"table/*"}});
    EXPECT_THAT(names_of(by_case), ElementsAre("whole"));
    EXPECT_THAT(by_case.scope.excluded, SizeIs(2));
}

TEST(Choose, WhatDoesNotExistIsRefusedWithTheNearest) {
    EXPECT_THAT(refused({.profile = "quik"}),
                HasSubstr("no profile is called 'quik'; did you mean `quick`?"));
    EXPECT_THAT(refused({.names = {"KPM-NEG-01"}}), HasSubstr("did you mean KPM-NEG-001?"));
    EXPECT_THAT(refused({.names = {"tabel/first"}}), HasSubstr("did you mean table/first?"));
    EXPECT_THAT(refused({.names = {"tabel"}}), HasSubstr("did you mean table?"))
        << "each of its cases names the scenario";
    EXPECT_THAT(refused({.names = {"KPM-NEG"}}), HasSubstr("did you mean NEG?"));
    EXPECT_THAT(refused({.tags = {"quik"}}), HasSubstr("they have quick"));
    EXPECT_THAT(refused({.excluded = {"NGE"}}), HasSubstr("--exclude: 'NGE' is no requirement"));
    EXPECT_THAT(refused({.names = {"STAT"}, .levels = {"MAY"}}), HasSubstr("no requirement fits all"));
}

TEST(Choose, ClausesSayWhatTheyDecideAndWhatTheirDeviationsLookLike) {
    const auto known = read_deviations(R"(
deviations:
  - { requirement: KPM-NEG-001, observed: { response: { status: 500 } }, reference: F10 }
  - { requirement: KPM-NEG-002, case: table/other, observed: { response: { status: 500 } }, reference: F10 }
  - { requirement: KPM-STAT-001, observed: { verdict: fail }, reference: F3, until: 7.14.2 }
)",
                                       "d.yaml");
    ASSERT_TRUE(known.ok()) << conformance::text(known.problems);
    const Chosen all = chosen({}, known.value);
    const auto& table = all.scenarios[0].script;
    EXPECT_THAT(table[0].expect[0].instead, IsEmpty()) << "a control";
    ASSERT_THAT(table[1].expect[0].instead, SizeIs(1));
    EXPECT_THAT(table[2].expect[0].instead, IsEmpty()) << "of another case";
    EXPECT_THAT(all.scope.deviations, SizeIs(2)) << "one is of an earlier version";
    const auto& whole = all.scenarios[1];
    EXPECT_THAT(whole.script[0].expect[0].decides, ElementsAre("KPM-STAT-001"));
    EXPECT_THAT(whole.expect[0].decides, ElementsAre("KPM-STAT-001"));
}

TEST(ScopeAgain, IsOfWhatIsPlayedAgainWithWhatIsKnownNow) {
    const auto known = read_deviations(R"(
deviations:
  - { requirement: KPM-NEG-001, observed: { response: { status: 500 } }, reference: F10 }
  - { requirement: KPM-STAT-001, observed: { verdict: fail }, reference: F3 }
)",
                                       "d.yaml");
    ASSERT_TRUE(known.ok()) << conformance::text(known.problems);
    Chosen before = chosen({.excluded = {"KPM-NEG-002"}}, {});
    std::erase_if(before.scenarios, [](const auto& one) { return one.name != "table"; });
    const auto scope = scope_again(before.scope, before.scenarios, known.value, "7.14.3");
    EXPECT_EQ(scope.profile, before.scope.profile);
    EXPECT_THAT(scope.requirements, Contains(Field(&Requirement::id, "KPM-NEG-001")));
    EXPECT_THAT(scope.requirements, Not(Contains(Field(&Requirement::id, "KPM-STAT-001"))));
    ASSERT_THAT(scope.deviations, SizeIs(1)) << "the other is of what is not played";
    EXPECT_EQ(scope.deviations[0].requirement, "KPM-NEG-001");
    EXPECT_THAT(before.scenarios.at(0).script[1].expect[0].instead, SizeIs(1));
}

TEST(Check, CasesAndRegistryMustAgree) {
    EXPECT_THAT(check(suite(), "r.yaml"), IsEmpty());
    const auto problems = [](const std::function<void(Suite&)>& change) {
        Suite changed = suite();
        change(changed);
        return conformance::text(check(changed, "r.yaml"));
    };
    EXPECT_THAT(problems([](Suite& all) { all.requirements.erase(all.requirements.begin()); }),
                HasSubstr("table/first: there is no requirement KPM-NEG-001"));
    EXPECT_THAT(
        problems([](Suite& all) { all.requirements[0].decided_by = {"whole"}; }),
        AllOf(HasSubstr("KPM-NEG-001: whole does not decide it"), HasSubstr("table decides it, too")));
    EXPECT_THAT(problems([](Suite& all) { all.requirements[0].decided_by = {"table/frist"}; }),
                HasSubstr("KPM-NEG-001: table/frist does not decide it; did you mean table/first?"));
    EXPECT_THAT(problems([](Suite& all) {
                    all.requirements[3].decided_by.clear();
                    all.requirements[3].planned = "slow_read";
                }),
                HasSubstr("KPM-STAT-001 is planned, and whole decides it"));
    EXPECT_THAT(problems([](Suite& all) { all.scenarios[0].requirements.push_back("KPM-NEG-003"); }),
                HasSubstr("table: no clause decides KPM-NEG-003"));
    EXPECT_THAT(problems([](Suite& all) { all.profiles[1].tags.push_back("quik"); }),
                HasSubstr("profile quick: no requirement has the tag 'quik'"));
    EXPECT_THAT(problems([](Suite& all) { all.profiles[0].ids.push_back("KPM-NEG-004"); }),
                HasSubstr("profile full: there is no requirement KPM-NEG-004"));
}

TEST(Check, DeviationsMustBeOfSomething) {
    const auto problems = [](const std::string& item) {
        const auto known = read_deviations("deviations: [ { reference: x, " + item + " } ]", "d.yaml");
        EXPECT_TRUE(known.ok()) << conformance::text(known.problems);
        return conformance::text(check(suite(), known.value));
    };
    EXPECT_EQ(problems("requirement: KPM-NEG-001, observed: { verdict: pass }"), "");
    EXPECT_THAT(problems("requirement: KPM-NEG-009, observed: { verdict: pass }"),
                HasSubstr("d.yaml:1:15: there is no requirement KPM-NEG-009"));
    EXPECT_THAT(problems("requirement: KPM-NEG-001, case: table/second, observed: { verdict: pass }"),
                HasSubstr("no case that decides KPM-NEG-001 is called 'table/second'"));
    EXPECT_THAT(problems("requirement: KPM-NEG-001, withheld: true"),
                HasSubstr("KPM-NEG-001 is not withheld"));
}

}  // namespace
}  // namespace pushsim::conformance
