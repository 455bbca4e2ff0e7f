#include "sim/stack/ports.hpp"

#include <memory>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/stack/listener.hpp"
#include "tests/sim/stack/support.hpp"

namespace pushsim::stack::test {
namespace {

using testing::HasSubstr;

TEST(Ports, TakenPortIsNotFreeAndItsHolderIsFound) {
    const Listener listener;
    EXPECT_FALSE(port_is_free("127.0.0.1", listener.port));
    EXPECT_THAT(port_holder(listener.port).value_or("nobody"),
                HasSubstr(fmt::format("process {} (", ::getpid())));
}

TEST(Ports, PortIsFreeAgainAfterItsListenerIsGone) {
    std::uint16_t port = 0;
    {
        const Listener listener;
        port = listener.port;
    }
    EXPECT_TRUE(port_is_free("127.0.0.1", port));
    EXPECT_EQ(port_holder(port), std::nullopt);
}

TEST(Ports, ThatAreClaimedAreNobodyElsesUntilTheClaimIsGone) {
    {
        const auto claim = PortClaim::make({41010, 41011});
        ASSERT_TRUE(claim) << claim.error().text();
        const auto other = PortClaim::make({41009, 41011});
        ASSERT_FALSE(other);
        EXPECT_EQ(other.error().kind, ErrorKind::Stack);
        EXPECT_THAT(other.error().message, HasSubstr("port 41011 is being taken by another pushsim"));
        EXPECT_TRUE(PortClaim::make({41009})) << "the claim that failed holds nothing";
    }
    EXPECT_TRUE(PortClaim::make({41010, 41011}));
}

TEST(Ports, ThreeDifferentOnesAreChosenWithoutThoseToAvoid) {
    const auto first = choose_ports({}, {});
    ASSERT_TRUE(first) << first.error().text();
    EXPECT_EQ(std::set({first->registrar_http, first->verifier, first->registrar_tls}).size(), 3U);
    const auto second = choose_ports({}, {first->verifier});
    ASSERT_TRUE(second);
    EXPECT_NE(second->verifier, first->verifier);
}

TEST(Ports, PortAskedForIsUsed) {
    std::uint16_t port = 0;
    {
        const Listener listener;
        port = listener.port;
    }
    const auto ports = choose_ports({.registrar_http = {}, .verifier = port, .registrar_tls = {}}, {});
    ASSERT_TRUE(ports) << ports.error().text();
    EXPECT_EQ(ports->verifier, port);
    EXPECT_NE(ports->registrar_http, port);
}

TEST(Ports, PortAskedForThatIsTakenIsNamed) {
    const Listener listener;
    const auto ports =
        choose_ports({.registrar_http = {}, .verifier = {}, .registrar_tls = listener.port}, {});
    ASSERT_FALSE(ports);
    EXPECT_EQ(ports.error().kind, ErrorKind::Stack);
    EXPECT_THAT(
        ports.error().message,
        HasSubstr(fmt::format("registrar (TLS): port {} is taken by process {}", listener.port, ::getpid())));
}

TEST(Ports, PortIsLookedForWhereItsServerListens) {
    constexpr std::uint32_t kSecondLoopback = INADDR_LOOPBACK + 1;
    // A connection of somebody else may have the same number on the first address meanwhile.
    std::unique_ptr<Listener> listener;
    AskedPorts asked;
    bool free_elsewhere = false;
    for (int attempt = 0; attempt < 20 && !free_elsewhere; ++attempt) {
        listener = std::make_unique<Listener>(kSecondLoopback);
        asked = {.registrar_http = listener->port, .verifier = {}, .registrar_tls = {}};
        free_elsewhere = static_cast<bool>(choose_ports(asked, {}));
    }
    ASSERT_TRUE(free_elsewhere);
    EXPECT_FALSE(choose_ports(asked, {}, {.verifier = "127.0.0.1", .registrar = "127.0.0.2"}));
    EXPECT_TRUE(choose_ports(asked, {}, {.verifier = "127.0.0.2", .registrar = "127.0.0.1"}));
}

TEST(Ports, PortAskedForTwiceIsNamedWithBothWhoWantIt) {
    const auto ports = choose_ports({.registrar_http = 5000, .verifier = 5000, .registrar_tls = {}}, {});
    ASSERT_FALSE(ports);
    EXPECT_EQ(ports.error().kind, ErrorKind::Config);
    EXPECT_THAT(ports.error().message,
                HasSubstr("port 5000 is asked for twice: for the registrar and for the verifier"));
}

TEST(Ports, TheSamePortOnTwoAddressesIsTwoPorts) {
    std::uint16_t port = 0;
    {
        const Listener listener;
        port = listener.port;
    }
    const AskedPorts asked{.registrar_http = port, .verifier = port, .registrar_tls = {}};
    EXPECT_TRUE(choose_ports(asked, {}, {.verifier = "127.0.0.1", .registrar = "127.0.0.2"}));
    EXPECT_FALSE(choose_ports(asked, {}, {.verifier = "127.0.0.1", .registrar = "0.0.0.0"}));
}

}  // namespace
}  // namespace pushsim::stack::test
