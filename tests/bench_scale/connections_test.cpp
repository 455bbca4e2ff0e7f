#include "tests/bench_scale/connections.hpp"

#include <gtest/gtest.h>

namespace pushsim::bench {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kOwnAllocator = false;
#else
constexpr bool kOwnAllocator = true;
#endif

TEST(ConnectionCosts, AnIdleConnectionKeepsNoBuffers) {
    const auto costs =
        measure_connections({.few = 10, .many = 300, .rounds = 1, .requests_a_round = 300, .in_flight = 8});
    ASSERT_TRUE(costs) << costs.error().text();
    // A buffer of OpenSSL's alone has 16 KiB.
    EXPECT_GT(costs->octets_each, 8U * 1024);
    if (kOwnAllocator) {
        EXPECT_LT(costs->octets_each, 28U * 1024);
    }
    EXPECT_GT(costs->few_open.time, Duration::zero());
    EXPECT_GT(costs->random_of_many.time, Duration::zero());
}

TEST(ConnectionCosts, MoreConnectionsThanDescriptorsAreRefused) {
    const auto costs = measure_connections({.few = 10, .many = 2'000'000'000});
    ASSERT_FALSE(costs);
    EXPECT_NE(costs.error().message.find("2000000064 descriptors are needed"), std::string::npos)
        << costs.error().text();
}

}  // namespace
}  // namespace pushsim::bench
