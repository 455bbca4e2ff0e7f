#include "sim/fleet/manner.hpp"

#include <set>
#include <string>

#include <arpa/inet.h>
#include <gtest/gtest.h>

namespace pushsim::fleet {
namespace {

using std::chrono::seconds;

scenario::Group rust_group() {
    scenario::Group group;
    group.habits = scenario::Habits::RustAgent;
    group.connections = scenario::Connections::RustAgent;
    return group;
}

TEST(Manner, TheDefaultsOfTheLanguageAreThoseOfTheRustAgent) {
    const Manner manner = manner_of(rust_group(), 0);
    const lifecycle::Habits agent = lifecycle::rust_agent_habits();
    EXPECT_EQ(manner.habits.rules.data(), agent.rules.data());
    EXPECT_EQ(manner.habits.interval, agent.interval);
    EXPECT_EQ(manner.habits.requests.initial, agent.requests.initial);
    EXPECT_EQ(manner.habits.requests.longest, agent.requests.longest);
    EXPECT_EQ(manner.habits.requests.retries, agent.requests.retries);
    EXPECT_EQ(manner.habits.requests.jitter, agent.requests.jitter);
    EXPECT_EQ(manner.habits.request_timeout, agent.request_timeout);
    EXPECT_TRUE(manner.session_connection);
}

TEST(Manner, WhatAScenarioSetsIsTaken) {
    scenario::Group group = rust_group();
    group.connections = scenario::Connections::One;
    group.rust_agent = {.interval = seconds{5},
                        .max_retries = 3,
                        .backoff_initial = seconds{1},
                        .backoff_longest = seconds{2},
                        .timeout = seconds{4}};
    const Manner manner = manner_of(group, 0);
    EXPECT_EQ(manner.habits.interval, seconds{5});
    EXPECT_EQ(manner.habits.requests.retries, 3);
    EXPECT_EQ(manner.habits.requests.initial, seconds{1});
    EXPECT_EQ(manner.habits.requests.longest, seconds{2});
    EXPECT_EQ(manner.habits.request_timeout, seconds{4});
    EXPECT_FALSE(manner.session_connection);
}

TEST(Manner, ACarefulClientIsTheDefault) {
    const Manner manner = manner_of(scenario::Group{}, 0);
    EXPECT_EQ(manner.habits.rules.data(), lifecycle::correct_habits().rules.data());
    EXPECT_FALSE(manner.session_connection);
}

TEST(Manner, ConnectionsAreKeptAndSessionsEndWithThemUnlessAGroupSaysOtherwise) {
    scenario::Group group;
    EXPECT_TRUE(manner_of(group, 0).connections.keep_alive);
    EXPECT_FALSE(manner_of(group, 0).connections.resume_sessions);
    EXPECT_TRUE(manner_of(rust_group(), 0).connections.keep_alive);
    group.connections = scenario::Connections::PerRequest;
    group.tls_resumption = true;
    EXPECT_FALSE(manner_of(group, 0).connections.keep_alive);
    EXPECT_TRUE(manner_of(group, 0).connections.resume_sessions);
    EXPECT_FALSE(manner_of(group, 0).session_connection);
}

TEST(Manner, ASourceOfItsOwnIsForOneAgentAlone) {
    scenario::Group group;
    EXPECT_FALSE(manner_of(group, 7).source_address);
    group.source = scenario::Source::Own;
    EXPECT_EQ(manner_of(group, 7).source_address, own_address(7));
}

TEST(OwnAddress, IsOfTheLoopbackNetworkAndOfOneAgentAlone) {
    EXPECT_EQ(own_address(0), "127.64.0.1");
    EXPECT_EQ(own_address(253), "127.64.0.254");
    EXPECT_EQ(own_address(254), "127.64.1.1");
    std::set<std::string> all;
    for (int overall = 0; overall < 100'000; ++overall) {
        const std::string address = own_address(overall);
        in_addr parsed{};
        ASSERT_EQ(::inet_pton(AF_INET, address.c_str(), &parsed), 1) << address;
        EXPECT_EQ(ntohl(parsed.s_addr) >> 24, 127U) << address;
        EXPECT_TRUE(all.insert(address).second) << address;
    }
}

TEST(AlgorithmsOf, AGroupsAkAreWhatTheTpmIsAskedFor) {
    using scenario::AkHash;
    using scenario::AkKey;
    using scenario::AkScheme;
    const auto usual = algorithms_of({});
    EXPECT_EQ(usual.key, tpm::KeyAlgorithm::Rsa2048);
    EXPECT_EQ(usual.scheme, tpm::SignatureScheme::Rsassa);
    EXPECT_EQ(usual.hash, tpm::HashAlgorithm::Sha256);
    const auto ecc = algorithms_of({AkKey::Ecc256, AkScheme::Ecdsa, AkHash::Sha384});
    EXPECT_EQ(ecc.key, tpm::KeyAlgorithm::EccP256);
    EXPECT_EQ(ecc.scheme, tpm::SignatureScheme::Ecdsa);
    EXPECT_EQ(ecc.hash, tpm::HashAlgorithm::Sha384);
    EXPECT_EQ(algorithms_of({.scheme = AkScheme::Rsapss}).scheme, tpm::SignatureScheme::Rsapss);
}

}  // namespace
}  // namespace pushsim::fleet
