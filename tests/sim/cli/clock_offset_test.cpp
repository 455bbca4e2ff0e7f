// How far another process's clock is ahead.

#include "sim/cli/clock_offset.hpp"

#include <gtest/gtest.h>

namespace pushsim::cli {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TEST(ClockOffset, TheQuickestQuestionDecides) {
    const auto offset =
        offset_of({{milliseconds{40}, milliseconds{30}}, {milliseconds{12}, milliseconds{2}}});
    EXPECT_EQ(offset.certain(), milliseconds{12});
}

TEST(ClockOffset, WhatMayBeTheMeasuringIsNone) {
    EXPECT_EQ((ClockOffset{milliseconds{-2}, milliseconds{3}}.certain()), Duration::zero());
    EXPECT_EQ((ClockOffset{-hours{1}, milliseconds{3}}.certain()), -hours{1});
}

TEST(ClockOffset, IsSaidInWords) {
    EXPECT_EQ(text_of({milliseconds{1}, milliseconds{3}}), "its clock is ours (±3ms)");
    EXPECT_EQ(text_of({hours{1}, milliseconds{3}}), "its clock is 1h ahead (±3ms)");
    EXPECT_EQ(text_of({-milliseconds{90}, milliseconds{3}}), "its clock is 90ms behind (±3ms)");
}

}  // namespace
}  // namespace pushsim::cli
