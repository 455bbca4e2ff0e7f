#include "sim/cli/fleet_demand.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/cli/program.hpp"

namespace pushsim::cli {
namespace {

using ::testing::HasSubstr;

scenario::Group group(int count) {
    scenario::Group group;
    group.count = count;
    return group;
}

TEST(FleetDemand, IsWhatAllGroupsTakeTogether) {
    scenario::Scenario scenario;
    scenario.name = "mixed";
    scenario.groups = {group(100), group(10), group(1000), group(5)};
    scenario.groups[1].connections = scenario::Connections::RustAgent;
    scenario.groups[2].source = scenario::Source::Own;
    scenario.groups[3].tpm.kind = scenario::TpmKind::Swtpm;
    const doctor::FleetDemand demand = demand_of(scenario, {.tpm_threads = 3});
    EXPECT_EQ(demand.agents, 1115U);
    EXPECT_EQ(demand.files, 100U + 2 * 10 + 1000 + 5 + 4 * 5);
    EXPECT_EQ(demand.ports, 100U + 2 * 10 + 5);
    // Agents 110 to 1109 of the scenario.
    EXPECT_THAT(demand.own_addresses, ::testing::ElementsAre("127.64.0.111", "127.64.4.94"));
    EXPECT_TRUE(demand.several_connections);
    EXPECT_EQ(demand.swtpms, 5U);
    EXPECT_EQ(demand.tpm_threads, 3U);
}

TEST(FleetDemand, AConnectionForEachRequestHoldsItsPortsWhereTheServersAreElsewhere) {
    scenario::Scenario scenario;
    scenario.groups = {group(100), group(10)};
    scenario.groups[0].connections = scenario::Connections::PerRequest;
    EXPECT_EQ(demand_of(scenario, {.loopback = true}).ports, 110U);
    EXPECT_FALSE(demand_of(scenario, {.loopback = true}).ports_wait);
    EXPECT_EQ(demand_of(scenario, {.loopback = false}).ports, 410U);
    EXPECT_TRUE(demand_of(scenario, {.loopback = false}).ports_wait);
    stack::StackAddress address;
    EXPECT_TRUE(on_loopback(address));
    address.verifier.host = "192.0.2.1";
    EXPECT_FALSE(on_loopback(address));
}

TEST(FleetDemand, WhatFaultsAndRequestsTakeBesideIsCounted) {
    using scenario::FaultKind;
    scenario::Scenario scenario;
    scenario.groups = {group(10), group(5)};
    scenario.groups[0].name = "all";
    scenario.groups[1].name = "taken";
    scenario.groups[1].tpm.kind = scenario::TpmKind::Swtpm;
    const auto files = [&] { return demand_of(scenario, {}).files; };
    ASSERT_EQ(files(), 10U + 5 + 5 * 4);

    scenario.faults = {{.kind = FaultKind::ConcurrentSubmit, .count = 3}};
    EXPECT_EQ(files(), 10U * 4 + 5 * 4 + 5 * 4);
    EXPECT_EQ(demand_of(scenario, {}).ports, 15U * 4);
    EXPECT_TRUE(demand_of(scenario, {}).several_connections);
    scenario.faults = {{.kind = FaultKind::ConcurrentNegotiate, .count = 3, .agents = {"taken"}}};
    EXPECT_EQ(files(), 10U + 5 * 4 + 5 * 4);

    // Within a step within a step, of the group that takes part in it.
    scenario::Step within{.kind = scenario::StepKind::Attest, .agents = {"taken"}};
    within.faults = {{.kind = FaultKind::Reregister, .other_tpm = true}};
    scenario.faults.clear();
    scenario.script = {{.kind = scenario::StepKind::Repeat, .steps = {within}}};
    EXPECT_EQ(files(), 10U + 5 + 2 * 5 * 4);
    EXPECT_EQ(demand_of(scenario, {}).swtpms, 10U);

    scenario.script = {{.kind = scenario::StepKind::Request, .request = {.connections = 40}}};
    EXPECT_EQ(files(), 40U + 10 + 5 + 5 * 4);
}

TEST(FleetDemand, ThatDescriptorsDoNotMeetIsToldBeforeAnythingIsStarted) {
    const testing::Place place;
    place.write(
        "many.yaml",
        "scenario: many\nagents: { a: { count: 500 } }\nscript: [ attest: a ]\nexpect: [ accounted ]\n");
    const auto run = testing::shell(place, "ulimit -n 256; exec \"$0\" run many.yaml --jobs 2");
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, HasSubstr("pushsim: many: 500 agents need 622 file descriptors, the limit is 256\n"
                                   "  mend: raise it, as root: prlimit --pid $$ --nofile=622:622"));
    EXPECT_FALSE(place.has("runs"));
    EXPECT_FALSE(place.has("state"));
    EXPECT_TRUE(place.servers().empty());
}

TEST(FleetDemand, MemoryThatDoesNotSufficeIsToldBeforeAnythingIsStarted) {
    const testing::Place place;
    place.write("many.yaml",
                "scenario: many\nagents: { a: { count: 500, source: own } }\nscript: [ attest: a ]\n"
                "expect: [ accounted ]\n");
    place.write("meminfo", "MemTotal: 102400 kB\nMemAvailable: 102400 kB\n");
    const auto run = testing::shell(
        place,
        "exec unshare --user --map-root-user --mount -- sh -c 'mount --bind meminfo /proc/meminfo && "
        "exec \"$0\" run many.yaml --jobs 2' \"$0\"");
    EXPECT_EQ(run.exit_code, 2) << run.err;
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err,
                HasSubstr("pushsim: many: 500 agents need about 129 MiB of memory, 100 MiB are free\n"
                          "  mend: use fewer agents, or end what else takes memory"));
    EXPECT_FALSE(place.has("runs"));
}

}  // namespace
}  // namespace pushsim::cli
