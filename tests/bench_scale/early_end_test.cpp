#include "tests/bench_scale/early_end.hpp"

#include <gtest/gtest.h>

namespace pushsim::bench {
namespace {

TEST(EarlyEndCosts, EachRequestUnderWayAtSigintIsInTheHistory) {
    const auto end = measure_early_end(200);
    ASSERT_TRUE(end) << end.error().text();
    EXPECT_EQ(end->taken, 200U);
    EXPECT_EQ(end->put_down, 200U);
    EXPECT_EQ(end->left, 0U);
}

}  // namespace
}  // namespace pushsim::bench
