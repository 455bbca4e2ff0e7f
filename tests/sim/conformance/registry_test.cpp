#include "sim/conformance/registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pushsim::conformance {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* one = R"(
requirements:
  - id: KPM-EVID-007
    text: Evidence behind its challenge's end is refused.
    level: MUST
    binds: verifier
    since: 7.14.1
    sources: [docs, code]
    tags: [quick]
    decided_by: [late, other/case]
)";

std::string problems_of(const std::string& text) {
    return conformance::text(read_requirements(text, "r.yaml").problems);
}

/// `one` with a line changed.
std::string with(std::string_view from, std::string_view to) {
    std::string text = one;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

TEST(Registry, ARequirementHasAllThatItsFileSays) {
    const auto loaded = read_requirements(one, "r.yaml");
    ASSERT_THAT(loaded.problems, IsEmpty());
    const Requirement expected{"KPM-EVID-007", "Evidence behind its challenge's end is refused.",
                               "MUST",         "verifier",
                               "7.14.1",       {"docs", "code"},
                               {"quick"},      {"late", "other/case"}};
    EXPECT_EQ(loaded.value, std::vector{expected});
    EXPECT_EQ(expected.area(), "EVID");
}

TEST(Registry, WhatIsWrongIsSaidWithItsPlace) {
    EXPECT_THAT(problems_of(with("EVID-007", "EVID-7")),
                HasSubstr("r.yaml:3:9: `id`: expected KPM-<AREA>-<nnn>"));
    EXPECT_THAT(problems_of(with("EVID-007", "EVIL-007")),
                HasSubstr("`EVIL` is no area; did you mean `EVID`?"));
    EXPECT_THAT(problems_of(with("MUST", "MIGHT")), HasSubstr("r.yaml:5:12"));
    EXPECT_THAT(problems_of(with("binds: verifier", "binds: everybody")), HasSubstr("everybody"));
    EXPECT_THAT(problems_of(with("7.14.1", "new")), HasSubstr("`since`: expected a version"));
    EXPECT_THAT(problems_of(with("    decided_by: [late, other/case]\n", "")),
                HasSubstr("KPM-EVID-007: neither `decided_by` nor `planned` is there"));
    EXPECT_THAT(problems_of(std::string(one) + "    planned: slow_read\n"),
                HasSubstr("one of `decided_by` and `planned`, not both"));
    EXPECT_THAT(problems_of(with("sources: [docs, code]", "sources: []")), HasSubstr("at least one"));
}

TEST(Registry, IdsAreGivenOnceAndInOrder) {
    const std::string second = std::string(one).substr(std::string_view(one).find("  - id"));
    EXPECT_THAT(problems_of(one + second), HasSubstr("KPM-EVID-007 is there twice"));
    std::string earlier = second;
    earlier.replace(earlier.find("007"), 3, "006");
    EXPECT_THAT(problems_of(one + earlier), HasSubstr("KPM-EVID-006 stands behind KPM-EVID-007"));
    std::string other = second;
    other.replace(other.find("EVID-007"), 8, "API-001");
    EXPECT_EQ(problems_of(one + other), "");
    EXPECT_THAT(problems_of(one + other + second), HasSubstr("KPM-EVID-007 is there twice"));
}

TEST(Profiles, TakeAllThatFitsOneOfWhatTheyName) {
    const auto loaded = read_profiles(R"(
profiles:
  - { profile: full, about: all }
  - { profile: quick, about: some, tags: [quick] }
  - { profile: tokens, about: some, areas: [TOK, SESS], ids: [KPM-EVID-007] }
  - { profile: must, about: some, levels: [MUST] }
)",
                                      "p.yaml");
    ASSERT_THAT(loaded.problems, IsEmpty());
    Requirement requirement{.id = "KPM-EVID-007", .level = "MAY"};
    EXPECT_TRUE(loaded.value[0].takes(requirement));
    EXPECT_FALSE(loaded.value[1].takes(requirement));
    EXPECT_TRUE(loaded.value[2].takes(requirement));
    EXPECT_FALSE(loaded.value[3].takes(requirement));
    requirement = {.id = "KPM-TOK-001", .tags = {"quick"}};
    EXPECT_TRUE(loaded.value[1].takes(requirement));
    EXPECT_TRUE(loaded.value[2].takes(requirement));
    EXPECT_TRUE(loaded.value[3].takes(requirement));
    EXPECT_THAT(conformance::text(
                    read_profiles("profiles: [{ profile: x, about: y, areas: [NO] }]", "p.yaml").problems),
                HasSubstr("`NO` is no area"));
}

}  // namespace
}  // namespace pushsim::conformance
