#include "sim/cli/report_files.hpp"

#include <array>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/files.hpp"
#include "tests/sim/cli/program.hpp"

namespace pushsim::cli {
namespace {

using testing::Place;
namespace fs = std::filesystem;

TEST(WriteNamed, APipeIsWrittenIntoAndStays) {
    const Place place;
    const fs::path pipe = place.path() / "pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ASSERT_GE(reader, 0);
    const auto written = write_named(pipe.string(), "text");
    EXPECT_TRUE(written) << written.error().text();
    EXPECT_TRUE(fs::is_fifo(pipe));
    std::array<char, 16> octets{};
    EXPECT_EQ(::read(reader, octets.data(), octets.size()), 4);
    EXPECT_STREQ(octets.data(), "text");
    ::close(reader);
}

TEST(WriteNamed, OfALinkTheFileIsWrittenThatItNames) {
    const Place place;
    place.write("file", "before");
    fs::create_symlink(place.path() / "file", place.path() / "link");
    EXPECT_TRUE(write_named((place.path() / "link").string(), "text"));
    EXPECT_TRUE(fs::is_symlink(place.path() / "link"));
    EXPECT_EQ(read_file(place.path() / "file"), "text");
}

TEST(WriteNamed, WhatCannotBeWrittenIsNamedWithAWayOut) {
    EXPECT_EQ(write_named("/dev/full", "text").error().message,
              "cannot write /dev/full: No space left on device");
    const auto nowhere = write_named("/proc/none", "text");
    ASSERT_FALSE(nowhere);
    EXPECT_THAT(nowhere.error().message, ::testing::HasSubstr("cannot write /proc/none"));
    EXPECT_FALSE(nowhere.error().mend.empty());
}

}  // namespace
}  // namespace pushsim::cli
