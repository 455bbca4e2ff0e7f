#include "sim/scenario/exact_math.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>

#include <gtest/gtest.h>

#include "sim/core/random.hpp"

namespace pushsim::scenario {
namespace {

/// From 0 to 1, without 1, as draws have them; the ends first.
double nth_unit(int n, core::SeededStream& stream) {
    const double ends[] = {0, 0.25, 0.5, 0.75, 0x1.0p-53, 1 - 0x1.0p-53};
    return n < 6 ? ends[n] : static_cast<double>(stream.next() >> 11) * 0x1.0p-53;
}

TEST(ExactMath, IsAsCloseToTheLibraryAsTheLibraryToTheTruth) {
    core::SeededStream stream(1, {"close"});
    for (int i = 0; i < 200'000; ++i) {
        const double unit = nth_unit(i, stream);
        const double log = std::log(1 - unit);
        ASSERT_NEAR(exact_log(1 - unit), log, 1e-15 * std::abs(log)) << unit;
        ASSERT_NEAR(exact_cos_of_turns(unit), std::cos(2 * std::numbers::pi * unit), 2e-15) << unit;
    }
    EXPECT_EQ(exact_log(1), 0);
    EXPECT_EQ(exact_cos_of_turns(0), 1);
    EXPECT_EQ(exact_cos_of_turns(0.5), -1);
    EXPECT_NEAR(exact_log(1e-300), std::log(1e-300), 1e-12);
    EXPECT_NEAR(exact_log(1e300), std::log(1e300), 1e-12);
}

// Every bit of 200,000 values, on any machine, by any compiler: with a fused multiply-add they are others.
TEST(ExactMath, IsTheSameBitsEverywhere) {
    core::SeededStream stream(1, {"golden"});
    std::uint64_t bits = 0xcbf29ce484222325;  // FNV-1a, by words
    const auto mix = [&](double value) {
        bits = (bits ^ std::bit_cast<std::uint64_t>(value)) * 0x100000001b3;
    };
    for (int i = 0; i < 200'000; ++i) {
        const double unit = nth_unit(i, stream);
        mix(exact_log(1 - unit));
        mix(exact_cos_of_turns(unit));
    }
    EXPECT_EQ(bits, 0x2a87ff0d090f4c9eU);
}

}  // namespace
}  // namespace pushsim::scenario
