// Which of several hosts has the verifier.

#include "sim/stack/find_host.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/core/clock.hpp"
#include "sim/pki/pki.hpp"
#include "tests/sim/stack/support.hpp"

namespace pushsim::stack {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Optional;

const std::string head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n";

TEST(DefaultGateway, IsThatOfTheRouteToEverywhere) {
    EXPECT_THAT(default_gateway(head + "eth0\t000012AC\t00000000\t0001\t0\t0\t0\t0000FFFF\n"
                                       "eth0\t00000000\t010012AC\t0003\t0\t0\t0\t00000000\n"),
                Optional(std::string("172.18.0.1")));
}

TEST(DefaultGateway, ThereMayBeNone) {
    EXPECT_EQ(default_gateway(head), std::nullopt);
    EXPECT_EQ(default_gateway(""), std::nullopt);
    EXPECT_EQ(default_gateway(head + "eth0\t00000000\t00000000\t0001\n"), std::nullopt);
}

TEST(FindHost, WhatCameOfEachIsSaid) {
    const core::SystemClock clock;
    const auto found = find_host({"127.0.0.1", "no-such-host.invalid"}, 1, "/nonexistent/ca.crt", clock);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().kind, ErrorKind::Stack);
    EXPECT_THAT(found.error().message, AllOf(HasSubstr("port 1:"), HasSubstr("\n  127.0.0.1:1"),
                                             HasSubstr("\n  no-such-host.invalid:1")));
}

}  // namespace
}  // namespace pushsim::stack
