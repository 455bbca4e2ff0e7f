#include "sim/core/clock.hpp"

#include <gtest/gtest.h>

namespace pushsim::core {
namespace {

using namespace std::chrono_literals;

TEST(SimulatedClock, StandsStillUntilToldAndMovesBothTimes) {
    SimulatedClock clock;
    const auto monotonic = clock.now();
    const auto wall = clock.wall_now();
    EXPECT_EQ(clock.now(), monotonic);
    clock.advance(1500ms);
    EXPECT_EQ(clock.now() - monotonic, 1500ms);
    EXPECT_EQ(clock.wall_now() - wall, 1500ms);
}

TEST(SystemClock, IsMonotonicAndKnowsTheCentury) {
    const SystemClock clock;
    const auto first = clock.now();
    EXPECT_LE(first, clock.now());
    EXPECT_GT(clock.wall_now(), *from_rfc3339("2025-01-01T00:00:00Z"));
}

}  // namespace
}  // namespace pushsim::core
