#include "sim/cli/cluster_servers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace pushsim::cli {
namespace {

using doctor::Level;
using ::testing::HasSubstr;

const std::vector<kind::ServerSeen> kOneStopped{
    {.server = "registrar",
     .wanted = 1,
     .pods = {{.name = "registrar-1", .uid = "u", .server = "registrar", .ready = true, .restarts = 1}}},
    {.server = "verifier", .wanted = 0}};

TEST(ClusterServers, LinesNameEachPodAndTheWayOut) {
    const std::string lines = lines_of(kOneStopped);
    EXPECT_THAT(lines, HasSubstr("  registrar      registrar-1, 1 restart: ready\n"));
    EXPECT_THAT(lines, HasSubstr("  verifier       stopped: it is scaled to 0\n"));
    EXPECT_THAT(lines, HasSubstr("mend: `pushsim stack up --stack kind` starts it\n"));
}

TEST(ClusterServers, ProgramsGetTheSame) {
    const auto list = json_of(kOneStopped);
    EXPECT_EQ(list.at(0).at("pods").at(0).at("restarts"), 1);
    EXPECT_EQ(list.at(0).at("ready"), true);
    EXPECT_EQ(list.at(1).at("ready"), false);
    EXPECT_EQ(list.at(1).at("wanted"), 0);
    EXPECT_EQ(list.at(1).at("state"), "stopped: it is scaled to 0");
}

TEST(ClusterServers, WhatIsNotReadyIsAFailureAndSoIsAClusterThatIsNotThere) {
    const auto findings = findings_of(kOneStopped);
    ASSERT_EQ(findings.size(), 2U);
    EXPECT_EQ(findings[0].level, Level::Ok);
    EXPECT_EQ(findings[1].level, Level::Fail);
    EXPECT_THAT(findings[1].mend, HasSubstr("stack up --stack kind"));
    const auto none = findings_of(std::vector<kind::ServerSeen>{});
    ASSERT_EQ(none.size(), 1U);
    EXPECT_EQ(none[0].level, Level::Fail);
    const auto silent = findings_of(fail(ErrorKind::Stack, "it does not answer", "start its node"));
    ASSERT_EQ(silent.size(), 1U);
    EXPECT_EQ(silent[0].level, Level::Fail);
    EXPECT_EQ(silent[0].mend, "start its node");
}

}  // namespace
}  // namespace pushsim::cli
