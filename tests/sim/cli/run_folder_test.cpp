#include "sim/cli/run_folder.hpp"

#include <gtest/gtest.h>

#include "tests/sim/cli/program.hpp"

namespace pushsim::cli {
namespace {

using pushsim::testing::Place;

const WallTime kNow = *from_rfc3339("2026-11-23T15:00:34.9Z");

TEST(RunFolder, IsNamedByTimeScenarioAndSeedAndLatestPointsToIt) {
    const Place place;
    const auto first = make_run_folder(place.path() / "runs", "honest", 4711, kNow);
    ASSERT_TRUE(first.has_value()) << first.error().text();
    EXPECT_EQ(first->filename(), "20261123T150034Z-honest-4711");
    const auto second = make_run_folder(place.path() / "runs", "honest", 4711, kNow);
    ASSERT_TRUE(second.has_value());
    EXPECT_EQ(second->filename(), "20261123T150034Z-honest-4711-2");
    EXPECT_EQ(std::filesystem::read_symlink(place.path() / "runs" / "latest"), second->filename());
    EXPECT_EQ(std::filesystem::status(*second).permissions(), std::filesystem::perms::owner_all);
}

TEST(RunFolder, WhatCannotBeMadeIsNamedWithTheWayOut) {
    const Place place;
    place.write("file", "");
    const auto made = make_run_folder(place.path() / "file" / "runs", "x", 1, kNow);
    ASSERT_FALSE(made.has_value());
    EXPECT_NE(made.error().message.find("file/runs"), std::string::npos);
    EXPECT_NE(made.error().mend.find("--out"), std::string::npos);
}

}  // namespace
}  // namespace pushsim::cli
