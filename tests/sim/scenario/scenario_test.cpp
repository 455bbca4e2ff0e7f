// What stands at the top of a file: the stack, and how often it is tried.

#include <gmock/gmock.h>

#include "sim/scenario/version_range.hpp"
#include "tests/sim/scenario/broken.hpp"

namespace pushsim::scenario {
namespace {

using testing::ElementsAre;

TEST(Stack, SaysWhatItMustBeAbleToDo) {
    const StackOptions stack = read(Parts{.more = "stack: { workers: 4, needs: [measured_boot, log], "
                                                  "keylime: \">=7.14\", database: postgresql }"}
                                        .text())
                                   .stack;
    EXPECT_EQ(stack.workers, 4);
    EXPECT_THAT(stack.needs, ElementsAre("measured_boot", "log"));
    EXPECT_EQ(stack.keylime, ">=7.14");
    EXPECT_EQ(stack.database, "postgresql");
}

TEST(Versions, AreComparedByTheNumbersThatTheRangeHas) {
    const auto holds = [](std::string_view range, std::string_view version) {
        return parse_version_range(range).value().holds(version);
    };
    EXPECT_EQ(holds(">=7.14", "7.14.3"), true);
    EXPECT_EQ(holds("== 7.14", "7.14.3"), true);
    EXPECT_EQ(holds("==7.14.2", "7.14.3"), false);
    EXPECT_EQ(holds("<7.15", "7.14.3-7-g9b1f6e6a"), true);
    EXPECT_EQ(holds(">7", "7.14.3"), false);
    EXPECT_EQ(holds("<=7.14.3", "7.14"), true);
    EXPECT_EQ(holds(">=7.14", "unknown"), std::nullopt);
    for (const char* text : {"", "7.14", "=7", ">=", ">=7.", ">=7.14.3.1", ">=x", "=>7", ">=  7", ">=7 "})
        EXPECT_EQ(parse_version_range(text), std::nullopt) << text;
}

TEST(Intermittent, SaysHowOftenItIsTried) {
    EXPECT_EQ(read(Parts{}.text()).tries, std::nullopt);
    EXPECT_EQ(read(Parts{.more = "intermittent: { tries: 20 }"}.text()).tries, 20);
    EXPECT_EQ(problems_of(Parts{.more = "intermittent: { tries: 1 }"}.text()),
              "5:24: `tries`: expected a whole number from 2 to 1000; found '1'");
    EXPECT_EQ(problems_of(Parts{.more = "intermittent: 3"}.text()),
              "5:15: `intermittent`: expected a map, like { tries: 3 }; found '3'");
}

}  // namespace
}  // namespace pushsim::scenario
