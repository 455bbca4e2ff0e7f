#include "sim/conformance/deviations.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/base/text.hpp"
#include "tests/sim/history/support.hpp"

namespace pushsim::conformance {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string problems_of(const std::string& item) {
    return conformance::text(read_deviations("deviations:\n  - " + item + "\n", "d.yaml").problems);
}

TEST(Deviations, SayWhatIsObservedInTheClausesOfTheLanguage) {
    const auto loaded = read_deviations(R"(
deviations:
  - requirement: KPM-NEG-011
    case: negotiation/type-*
    observed: { response: { status: 500 } }
    reference: F10
    since: 7.14.0
    until: 7.14.3
    intermittent: true
  - { requirement: KPM-VER-020, withheld: true, reference: F1 }
)",
                                        "d.yaml");
    ASSERT_THAT(conformance::text(loaded.problems), IsEmpty());
    const history::Deviation& first = loaded.value.at(0).deviation;
    EXPECT_EQ(first.requirement, "KPM-NEG-011");
    EXPECT_EQ(first.case_id, "negotiation/type-*");
    EXPECT_THAT(first.observed, HasSubstr("status 500"));
    EXPECT_EQ(first.reference, "F10");
    EXPECT_TRUE(first.intermittent);
    ASSERT_TRUE(loaded.value[0].observed);
    EXPECT_EQ(loaded.value[0].observed->conditions.size(), 1U);
    EXPECT_TRUE(loaded.value[1].deviation.withheld);
    EXPECT_FALSE(loaded.value[1].observed);
}

TEST(Deviations, WhatIsWrongIsSaidWithItsPlace) {
    EXPECT_THAT(problems_of("{ requirement: KPM-NEG-011, reference: x }"),
                HasSubstr("d.yaml:2:5: a deviation needs `observed`, or `withheld: true`"));
    EXPECT_THAT(
        problems_of(
            "{ requirement: KPM-NEG-011, reference: x, withheld: true, observed: { verdict: pass } }"),
        HasSubstr("of what is withheld nothing is said of what was observed"));
    EXPECT_THAT(problems_of("{ requirement: KPM-NEG-011, reference: x, withheld: true, case: late/held }"),
                HasSubstr("of what is withheld no case is named"));
    EXPECT_THAT(problems_of("{ requirement: KPM-NEG-011, reference: x, observed: { verdit: pass } }"),
                HasSubstr("did you mean `verdict`?"));
    EXPECT_THAT(
        problems_of("{ requirement: KPM-NEG-011, reference: x, until: old, observed: { verdict: pass } }"),
        HasSubstr("`until`: expected a version"));
    EXPECT_THAT(problems_of("{ requirement: KPM-NEG-011, observed: { verdict: pass } }"),
                HasSubstr("reference"));
}

TEST(Deviations, AreOfTheVersionsBetweenTheirEnds) {
    KnownDeviation known;
    known.deviation.since = "7.14.1";
    known.deviation.until = "7.14";
    EXPECT_FALSE(known.is_of("7.14.3"));
    known.deviation.until = "7.14.10";
    EXPECT_FALSE(known.is_of("7.14.0"));
    EXPECT_TRUE(known.is_of("7.14.1"));
    EXPECT_TRUE(known.is_of("7.14.10"));
    EXPECT_FALSE(known.is_of("7.15"));
    EXPECT_TRUE(known.is_of(""));
    EXPECT_TRUE(KnownDeviation{}.is_of("1.0"));
}

TEST(Deviations, TheFileOfTheExactVersionComesFirst) {
    const history::test::TemporaryFolder folder;
    const auto put = [&](const char* name) { std::ofstream(folder.file(name)) << "deviations: []\n"; };
    EXPECT_EQ(deviations_file(folder.file(""), "7.14.3"), std::nullopt);
    put("keylime-7.14.yaml");
    EXPECT_EQ(deviations_file(folder.file(""), "7.14.3"), folder.file("keylime-7.14.yaml"));
    put("keylime-7.14.3.yaml");
    EXPECT_EQ(deviations_file(folder.file(""), "7.14.3"), folder.file("keylime-7.14.3.yaml"));
    EXPECT_EQ(deviations_file(folder.file(""), "7.14.30"), folder.file("keylime-7.14.yaml"));
    EXPECT_EQ(deviations_file(folder.file(""), "7.15.0"), std::nullopt);
}

TEST(Text, VersionsAreComparedByTheirNumbers) {
    EXPECT_LT(compare_versions("7.9", "7.14"), 0);
    EXPECT_GT(compare_versions("7.14.1", "7.14"), 0);
    EXPECT_EQ(compare_versions("7.14", "7.14.0"), 0);
    EXPECT_LT(compare_versions("", "7.14"), 0);
}

TEST(Text, AStarStandsForAnyText) {
    EXPECT_TRUE(matches_wildcard("a/*-b", "a/x-b"));
    EXPECT_TRUE(matches_wildcard("a/*-b", "a/-b"));
    EXPECT_FALSE(matches_wildcard("a/*-b", "a/x-c"));
    EXPECT_FALSE(matches_wildcard("a", "ab"));
    EXPECT_TRUE(matches_wildcard("*", ""));
    EXPECT_TRUE(matches_wildcard("*a*b*", "xxaxxbxx"));
}

}  // namespace
}  // namespace pushsim::conformance
