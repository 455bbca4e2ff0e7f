#include "sim/doctor/fleet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pushsim::doctor {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint64_t kMiB = 1024 * 1024;

FleetFacts enough() {
    return {{20'000, 20'000}, LocalPorts{32768, 60999}, 8192 * kMiB};
}

FleetDemand ten_thousand() {
    return {.scenario = "many", .agents = 10'000, .files = 10'000, .ports = 10'000};
}

std::vector<std::string> lacking(const std::vector<FleetDemand>& demands, const FleetFacts& facts) {
    std::vector<std::string> texts;
    for (const Error& error : check_fleet(demands, facts)) {
        EXPECT_EQ(error.kind, ErrorKind::Config);
        EXPECT_NE(error.mend, "");
        texts.push_back(error.text());
    }
    return texts;
}

TEST(Fleet, ThatFitsLacksNothing) {
    EXPECT_THAT(lacking({ten_thousand()}, enough()), IsEmpty());
    EXPECT_THAT(lacking({}, enough()), IsEmpty());
}

TEST(Fleet, DescriptorsAreCountedByTheHardLimit) {
    FleetFacts facts = enough();
    facts.files = {256, 10'120};
    EXPECT_THAT(lacking({ten_thousand()}, facts), IsEmpty());
    facts.files = {256, 10'119};
    EXPECT_THAT(lacking({ten_thousand()}, facts), ElementsAre(HasSubstr("10120")));
    facts.files = {256, 256};
    EXPECT_THAT(
        lacking({ten_thousand()}, facts),
        ElementsAre(AllOf(HasSubstr("many: 10000 agents need 10120 file descriptors, the limit is 256"),
                          HasSubstr("prlimit --pid $$ --nofile=10120:10120"),
                          HasSubstr("or use fewer agents"), ::testing::Not(HasSubstr("connections: one")))));
}

TEST(Fleet, OneConnectionIsTheWayOutForAgentsThatHaveTwo) {
    FleetDemand demand = ten_thousand();
    demand.files = 20'000;
    demand.several_connections = true;
    EXPECT_THAT(lacking({demand}, enough()),
                ElementsAre(AllOf(HasSubstr("20120 file descriptors"), HasSubstr("or `connections: one`"))));
}

TEST(Fleet, PortsAreThoseOfOneAddressWithoutTheReservedOnes) {
    FleetDemand demand = ten_thousand();
    demand.ports = 28'232;
    EXPECT_THAT(lacking({demand}, enough()), IsEmpty());
    FleetFacts facts = enough();
    facts.ports->reserved = 1;
    EXPECT_THAT(
        lacking({demand}, facts),
        ElementsAre(AllOf(HasSubstr("many: its agents need 28232 ports for connections from one address"),
                          HasSubstr("there are 28231 (32768 to 60999, 1 of them reserved)"),
                          HasSubstr("source: own"), HasSubstr("ip_local_port_range"))));
    demand.ports = 55'296;
    EXPECT_THAT(lacking({demand}, facts), ElementsAre(::testing::Not(HasSubstr("ip_local_port_range"))))
        << "one of them is reserved";
    facts.ports->reserved = 0;
    EXPECT_THAT(lacking({demand}, facts), ElementsAre(HasSubstr("ip_local_port_range")));
    demand.ports = 55'297;
    EXPECT_THAT(lacking({demand}, facts),
                ElementsAre(HasSubstr("or fewer agents: one address has at most 55296")));
}

TEST(Fleet, MemoryIsEstimatedByTheAgent) {
    FleetFacts facts = enough();
    facts.memory = 1314 * kMiB;  // 10,000 × 128 KiB and 64 MiB
    EXPECT_THAT(lacking({ten_thousand()}, facts), IsEmpty());
    facts.memory = 1313 * kMiB;
    EXPECT_THAT(
        lacking({ten_thousand()}, facts),
        ElementsAre(HasSubstr("many: 10000 agents need about 1314 MiB of memory, 1313 MiB are free")));
}

TEST(Fleet, ASwtpmIsAProcessWithMemoryOfItsOwn) {
    FleetDemand demand = ten_thousand();
    demand.swtpms = 10'000;
    demand.tpm_threads = 2;
    FleetFacts facts = enough();
    facts.memory = 30'000 * kMiB;
    EXPECT_THAT(
        lacking({demand}, facts),
        ElementsAre(AllOf(HasSubstr("about 35496 MiB of memory with 10000 processes of swtpm, 30000 MiB"),
                          HasSubstr("without `tpm: swtpm`"))));
    facts.memory = 40'000 * kMiB;
    EXPECT_THAT(lacking({demand}, facts), IsEmpty());
    facts.tasks = TaskRoom{10'001, "pids.max of the control group"};
    EXPECT_THAT(
        lacking({demand}, facts),
        ElementsAre(HasSubstr("many: 10000 agents need 10000 processes of swtpm and 2 threads, 10001 more "
                              "can be started (pids.max of the control group)")));
}

TEST(Fleet, EachTpmThreadHasItsDescriptors) {
    FleetDemand demand = ten_thousand();
    demand.tpm_threads = 64;
    FleetFacts facts = enough();
    facts.files = {256, 10'120 + 63};
    EXPECT_THAT(lacking({demand}, facts), ElementsAre(HasSubstr("10184 file descriptors")));
}

TEST(Fleet, PortsThatWaitAreSaid) {
    FleetDemand demand = ten_thousand();
    demand.ports = 40'000;
    demand.ports_wait = true;
    EXPECT_THAT(lacking({demand}, enough()),
                ElementsAre(HasSubstr("for a minute after it was closed (TIME_WAIT)")));
}

TEST(Fleet, AnAddressThatCannotBeBoundIsNamed) {
    FleetFacts facts = enough();
    facts.sources = {{"127.64.0.1", {}},
                     {"127.64.39.94", fail(ErrorKind::System, "Cannot assign requested address")}};
    EXPECT_THAT(lacking({ten_thousand()}, facts),
                ElementsAre(AllOf(HasSubstr("from 127.64.39.94: Cannot assign requested address"),
                                  HasSubstr("source: shared"))));
}

TEST(Fleet, WhatCouldNotBeLookedAtIsNotJudged) {
    FleetFacts facts = enough();
    facts.ports = fail(ErrorKind::System, "no range");
    facts.memory = fail(ErrorKind::System, "no word of it");
    EXPECT_THAT(lacking({ten_thousand()}, facts), IsEmpty());
}

TEST(Fleet, EachThingIsJudgedByTheScenarioThatTakesMostOfIt) {
    FleetDemand two = ten_thousand();
    two.scenario = "two-each";
    two.agents = 9'000;
    two.files = 18'000;
    FleetFacts facts = enough();
    facts.files = {17'000, 17'000};
    facts.memory = 1200 * kMiB;
    EXPECT_THAT(lacking({ten_thousand(), two}, facts),
                ElementsAre(HasSubstr("two-each: 9000 agents"), HasSubstr("many: 10000 agents need about")));
}

TEST(FleetFacts, LoopbackAddressesCanBeBoundAndOthersNot) {
    FleetDemand demand = ten_thousand();
    demand.own_addresses = {"127.64.0.1", "192.0.2.1"};
    const FleetFacts facts = look_at_fleet({demand});
    ASSERT_EQ(facts.sources.size(), 2U);
    EXPECT_TRUE(facts.sources[0].second);
    EXPECT_FALSE(facts.sources[1].second);
    EXPECT_TRUE(facts.ports);
    EXPECT_TRUE(facts.memory);
}

TEST(ReservedPorts, AreCountedWithinTheRange) {
    EXPECT_EQ(count_of_ports("", 32768, 60999), 0U);
    EXPECT_EQ(count_of_ports("8080,40000,60990-61010", 32768, 60999), 11U);
    EXPECT_EQ(count_of_ports("1-65535", 32768, 60999), 28232U);
}

}  // namespace
}  // namespace pushsim::doctor
