#include "sim/doctor/machine.hpp"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pushsim::doctor {
namespace {

using ::testing::AllOf;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint64_t kMiB = 1024 * 1024;
constexpr auto kUnlimited = std::numeric_limits<std::uint64_t>::max();

auto is(Level level, const std::string& found, const std::string& mend) {
    return AllOf(
        Field(&Finding::level, level), Field(&Finding::found, HasSubstr(found)),
        Field(&Finding::mend, mend.empty() ? ::testing::Matcher<const std::string&>(IsEmpty())
                                           : ::testing::Matcher<const std::string&>(HasSubstr(mend))));
}

TEST(CheckFiles, OneForEachAgentAndSomeMoreMustFitIntoTheHardLimit) {
    EXPECT_THAT(check_files({1024, 4096}, 3976),
                is(Level::Ok, "1024 (hard limit 4096), 4096 needed for 3976 agents", ""));
    EXPECT_THAT(check_files({1024, 4096}, 3977),
                is(Level::Fail, "4097 needed", "prlimit --pid $$ --nofile=4097:4097"));
    EXPECT_THAT(check_files({kUnlimited, kUnlimited}, 5000), is(Level::Ok, "unlimited", ""));
}

TEST(CheckTasks, ServersTakeMoreThanARunThatStartsNone) {
    EXPECT_THAT(check_tasks(std::nullopt, true), is(Level::Ok, "no limit", ""));
    EXPECT_THAT(check_tasks(TaskRoom{20, "ulimit -u"}, false), is(Level::Ok, "20 more", ""));
    EXPECT_THAT(check_tasks(TaskRoom{20, "ulimit -u"}, true),
                is(Level::Fail, "64 needed", "raise ulimit -u"));
}

TEST(CheckMemory, ThatIsShortIsAWarning) {
    EXPECT_THAT(check_memory(600 * kMiB, 1, true), is(Level::Ok, "600 MiB free, about 576 MiB needed", ""));
    EXPECT_THAT(check_memory(500 * kMiB, 1, true), is(Level::Warning, "500 MiB free", "fewer agents"));
    EXPECT_THAT(check_memory(500 * kMiB, 1, false), is(Level::Ok, "about 64 MiB needed for 1 agent", ""));
    EXPECT_THAT(check_memory(500 * kMiB, 10'000, false),
                is(Level::Warning, "about 1314 MiB", "fewer agents"));
    EXPECT_THAT(check_memory(fail(ErrorKind::System, "no word of it"), 1, true),
                is(Level::Skipped, "no word of it", ""));
}

TEST(CheckDisk, IsAWarningBeforeItIsAFailure) {
    EXPECT_THAT(check_disk({"/r", {}, 400 * kMiB}, 100), is(Level::Ok, "about 364 MiB needed", ""));
    EXPECT_THAT(check_disk({"/r", {}, 300 * kMiB}, 100),
                is(Level::Warning, "300 MiB free for /r", "--out DIR"));
    EXPECT_THAT(check_disk({"/r", {}, 10 * kMiB}, 1), is(Level::Fail, "10 MiB free for /r", "--out DIR"));
    EXPECT_THAT(check_disk({"/r", {}, fail(ErrorKind::System, "gone")}, 1), is(Level::Skipped, "gone", ""));
}

TEST(CheckFolder, ThatCannotBeWrittenToIsAFailureWithItsError) {
    EXPECT_THAT(check_folder("runs folder", {"/r", {}, kMiB}), is(Level::Ok, "/r can be written to", ""));
    EXPECT_THAT(check_folder("runs folder", {"/r", fail(ErrorKind::System, "/r: no", "name another"), kMiB}),
                is(Level::Fail, "/r: no", "name another"));
}

TEST(CheckLocalPorts, ThoseInTimeWaitAreNotFree) {
    EXPECT_THAT(check_local_ports(LocalPorts{32768, 60999, 0}, 28'000),
                is(Level::Ok, "28232 of 32768 to 60999", ""));
    EXPECT_THAT(check_local_ports(LocalPorts{32768, 60999, 500}, 28'000),
                is(Level::Fail, "27732 of 32768 to 60999", "ip_local_port_range"));
    EXPECT_THAT(check_local_ports(LocalPorts{32768, 60999, 50'000}, 1),
                is(Level::Fail, "0 of", "ip_local_port_range"));
    EXPECT_THAT(check_local_ports(LocalPorts{10240, 65535, 0}, 60'000),
                is(Level::Fail, "55296 of", "fewer agents"));
    EXPECT_THAT(check_local_ports(fail(ErrorKind::System, "no range"), 1),
                is(Level::Skipped, "no range", ""));
}

TEST(CheckTool, SaysWhatIsLostWithoutIt) {
    const Tool needed{"tpm2_startup", "no start", "apt-get", true};
    const Tool optional{"swtpm", "no TPM", "apt-get", false};
    EXPECT_THAT(check_tool(needed, true), is(Level::Ok, "found", ""));
    EXPECT_THAT(check_tool(needed, false), is(Level::Fail, "not found: no start", "apt-get"));
    EXPECT_THAT(check_tool(optional, false), is(Level::Warning, "not found: no TPM", "apt-get"));
}

TEST(CheckTool, ThoseOfTheServersAreAskedForWhereTheyAreStarted) {
    EXPECT_EQ(tools(true).size(), tools(false).size() + 2);
    for (const Tool& tool : tools(true))
        EXPECT_EQ(tool.needed, tool.name == "tpm2_startup");
}

TEST(CheckLeftovers, AreAWarningThatNamesThemAll) {
    EXPECT_THAT(check_leftovers({}), is(Level::Ok, "none", ""));
    EXPECT_THAT(check_leftovers({"servers in /s", "3 agents at h:1"}),
                is(Level::Warning, "servers in /s; 3 agents at h:1", "pushsim stack clean"));
}

}  // namespace
}  // namespace pushsim::doctor
