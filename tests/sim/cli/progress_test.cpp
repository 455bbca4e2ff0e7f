#include "sim/cli/progress.hpp"

#include <gtest/gtest.h>

namespace pushsim::cli {
namespace {

using std::chrono::seconds;

TEST(StandingText, SaysHowFarTheAgentsAre) {
    fleet::Standing standing{.agents = 200, .made = 40};
    EXPECT_EQ(standing_text("fleet", standing, std::chrono::milliseconds{5900}),
              "fleet, 5s: 40 of 200 agents made");
    standing = {.step = 2,
                .act = "attest",
                .agents = 200,
                .made = 200,
                .registered = 143,
                .enrolled = 96,
                .acting = 150,
                .done = 12};
    EXPECT_EQ(standing_text("fleet", standing, seconds{63}),
              "fleet, step 2 attest, 1m3s: 12 of 150 done, 143 registered, 96 enrolled");
    standing.acting = 0;
    standing.act = "wait";
    EXPECT_EQ(standing_text("fleet", standing, seconds{63}),
              "fleet, step 2 wait, 1m3s: 143 registered, 96 enrolled");
}

TEST(StandingText, OfOneAgentIsTheStep) {
    EXPECT_EQ(standing_text("silent", {.step = 3, .act = "wait", .agents = 1, .made = 1}, seconds{4}),
              "silent, step 3 wait, 4s");
}

}  // namespace
}  // namespace pushsim::cli
