#include "sim/conformance/verdicts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pushsim::conformance {
namespace {

using ::testing::HasSubstr;

TEST(Verdicts, AreReadById) {
    const auto loaded = read_verdicts(
        "keylime: \"7.14.3\"\nbegun: \"2026-11-28T05:30:06Z\"\nverdicts: { KPM-NEG-001: pass, KPM-VER-035: "
        "deviation }\n",
        "v.yaml");
    ASSERT_TRUE(loaded.ok()) << text(loaded.problems);
    EXPECT_EQ(loaded.value.keylime, "7.14.3");
    EXPECT_EQ(loaded.value.standings.at("KPM-VER-035"), "deviation");
    EXPECT_EQ(loaded.value.standings.size(), 2U);
}

TEST(Verdicts, ThatAreNoneAreNamedByLine) {
    const auto problems_of = [](const std::string& verdicts) {
        return text(
            read_verdicts("keylime: \"7.14.3\"\nbegun: x\nverdicts: " + verdicts + "\n", "v.yaml").problems);
    };
    EXPECT_THAT(problems_of("{ KPM-NEG-001: passed }"), HasSubstr("v.yaml:3:"));
    EXPECT_THAT(problems_of("{ KPM-NEG-001: passed }"), HasSubstr("pass"));
    EXPECT_THAT(problems_of("{ NEG-1: pass }"), HasSubstr("the id of a requirement"));
    EXPECT_THAT(text(read_verdicts("begun: x\n", "v.yaml").problems), HasSubstr("keylime"));
}

}  // namespace
}  // namespace pushsim::conformance
