#include "sim/conformance/sources.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pushsim::conformance {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* text_of_two = R"(
verifier-push.md:
  "5. PATCH":
    "403": [KPM-EVID-007, KPM-EVID-008]
    "404": { none: it follows from another row }
known-faults.md:
  F1: KPM-VER-020
)";

TEST(Sources, RowsHaveTheirPlaceInTheReference) {
    const auto loaded = read_sources(text_of_two, "s.yaml");
    ASSERT_THAT(loaded.problems, IsEmpty());
    ASSERT_EQ(loaded.value.size(), 3U);
    EXPECT_EQ(loaded.value[0].text(), "verifier-push.md, 5. PATCH, 403");
    EXPECT_EQ(loaded.value[0].requirements, (std::vector<std::string>{"KPM-EVID-007", "KPM-EVID-008"}));
    EXPECT_EQ(loaded.value[1].none, "it follows from another row");
    EXPECT_EQ(loaded.value[2].text(), "known-faults.md, F1");
    EXPECT_EQ(loaded.value[2].requirements, std::vector<std::string>{"KPM-VER-020"});
}

TEST(Sources, ARowWithoutRequirementsSaysWhy) {
    const auto loaded = read_sources("a.md: { s: { r: [] } }", "s.yaml");
    EXPECT_THAT(conformance::text(loaded.problems), HasSubstr("at least one"));
    EXPECT_THAT(conformance::text(read_sources("a.md: { s: { r: [KPM-1] } }", "s.yaml").problems),
                HasSubstr("s.yaml:1:18"));
}

TEST(Sources, ARowNamesWhatTheRegistryHas) {
    const auto rows = read_sources(text_of_two, "s.yaml").value;
    const std::vector<Requirement> all{{.id = "KPM-EVID-007"}, {.id = "KPM-EVID-008"}, {.id = "KPM-VER-020"}};
    EXPECT_THAT(compare(rows, all), IsEmpty());
    EXPECT_EQ(conformance::text(compare(rows, {all[0], all[2]})),
              "s.yaml:4:5: there is no requirement KPM-EVID-008");
}

}  // namespace
}  // namespace pushsim::conformance
