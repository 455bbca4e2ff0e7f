#include <gtest/gtest.h>

#include "sim/core/clock.hpp"
#include "sim/pool/pools.hpp"
#include "tests/bench_scale/bare_sockets.hpp"
#include "tests/bench_scale/fleet.hpp"
#include "tests/bench_scale/median.hpp"
#include "tests/bench_scale/tpms.hpp"
#include "tests/sim/stack/support.hpp"

namespace pushsim::bench {
namespace {

constexpr std::size_t kMany = 12;

pool::Pool small_pool(const std::filesystem::path& folder) {
    const core::SystemClock clock;
    return std::move(must(pool::ensure({"bench", folder / "bench.pool"}, {.count = kMany}, clock, {})).pool);
}

TEST(TpmCosts, AllAreReadyAndTheirQuotesVerify) {
    const stack::test::TemporaryFolder folder;
    const auto costs = measure_tpms(small_pool(folder.path()),
                                    {.count = kMany, .sample = kMany, .rounds = 1, .quotes_a_round = 5});
    ASSERT_TRUE(costs) << costs.error().text();
    EXPECT_EQ(costs->verified, kMany);
    EXPECT_EQ(costs->sample, kMany);
    EXPECT_GT(costs->ready, Duration::zero());
    EXPECT_GT(costs->alone, Duration::zero());
    EXPECT_GT(costs->one_of_many.time, Duration::zero());
    EXPECT_GT(costs->accelerated.time, Duration::zero());
}

TEST(FleetCosts, CyclesComeToTheirEndWithAndWithoutAccelerators) {
    const stack::test::TemporaryFolder folder;
    const auto costs =
        measure_fleet(small_pool(folder.path()),
                      {.few = 10, .many = kMany, .rounds = 5, .cycles_a_round = 20, .in_flight = 4});
    ASSERT_TRUE(costs) << costs.error().text();
    for (const CycleCosts& cost : {costs->plain, costs->accelerated}) {
        EXPECT_GT(cost.quote, Duration::zero());
        EXPECT_GT(cost.of_few.ratio, 1) << "a cycle has a quote in it";
        EXPECT_GT(cost.of_many.ratio, 1);
    }
}

TEST(BareSockets, AreAnsweredWhicheverIsDrawn) {
    const auto ratio = measure_bare_sockets({.few = 10, .many = 100, .rounds = 1, .requests_a_round = 200});
    ASSERT_TRUE(ratio) << ratio.error().text();
    EXPECT_GT(ratio->time, Duration::zero());
}

}  // namespace
}  // namespace pushsim::bench
