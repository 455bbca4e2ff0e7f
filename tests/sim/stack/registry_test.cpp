#include "sim/stack/registry.hpp"

#include <csignal>

#include <fcntl.h>
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include "tests/sim/stack/support.hpp"

namespace pushsim::stack::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// A harmless group in the place of servers, and a registry that knows of it.
class RegistryTest : public testing::Test {
  protected:
    void TearDown() override {
        for (auto& process : started_) {
            while (!process.group_gone()) {
                process.signal_group(SIGKILL);
                wait_for(std::chrono::milliseconds{5}, process.descriptor());
            }
        }
    }

    ServerProcess& start(const std::string& folder_variable) {
        started_.reserve(8);  // references stay good
        auto process = ServerProcess::start({.command = {"/bin/sleep", "1000"},
                                             .environment = {{kFolderVariable, folder_variable}},
                                             .folder = temporary_.path(),
                                             .log = temporary_.path() / "log"});
        if (!process) throw std::runtime_error(process.error().text());
        started_.push_back(std::move(*process));
        return started_.back();
    }

    StackRecord record(const ProcessId& owner) const {
        StackRecord record;
        record.folder = folder_;
        record.owner = owner;
        record.boot = boot_identity();
        record.started = "2026-11-24T00:00:00.000000Z";
        return record;
    }
    static ProcessId dead() {
        auto process = own_process();
        --process.start_time;
        return process;
    }
    static bool ended(ServerProcess& process) {
        for (int tries = 0; tries < 100 && !process.ended(); ++tries) {
            wait_for(std::chrono::milliseconds{10}, process.descriptor());
        }
        return process.ended().has_value();
    }

    TemporaryFolder temporary_;
    std::filesystem::path folder_ = temporary_.path() / "stack";
    Registry registry_ = *Registry::open(temporary_.path() / "state" / "stacks");
    core::SystemClock clock_;
    std::vector<ServerProcess> started_;
};

TEST_F(RegistryTest, RecordComesBackAsItWasWritten) {
    StackRecord written = record({4711, 123456789012345});
    written.groups = {{1, 2}, {3, 4}};
    written.kept = true;
    written.litter = {"/tmp/pushsim-abc"};
    written.address.verifier = {"127.0.0.1", 41811};
    written.address.registrar_http = {"127.0.0.1", 41810};
    written.address.registrar_tls = {"::1", 41812};
    written.address.ca_file = "/s/tls/ca \"quoted\".pem";
    written.address.keylime_version = "7.14.3";
    written.address.verifier_log = "/s/verifier.log";
    written.address.verify_server = false;
    ASSERT_TRUE(registry_.write(written));
    const auto got = registry_.find(folder_);
    ASSERT_TRUE(got);
    EXPECT_EQ(to_json_text(*got), to_json_text(written));
    EXPECT_EQ(got->groups, written.groups);
    EXPECT_EQ(got->address.registrar_tls.port, 41812);
    EXPECT_EQ(got->address.ca_file, written.address.ca_file);
    EXPECT_EQ(got->address.verifier_database, std::nullopt);
    EXPECT_THAT(registry_.all(), SizeIs(1));
    registry_.remove(folder_);
    EXPECT_THAT(registry_.all(), IsEmpty());
}

TEST_F(RegistryTest, DamagedRecordIsNoRecord) {
    write(registry_.folder() / "half.json", R"({"format": 1, "folder": "/x)");
    write(registry_.folder() / "other.json", R"({"format": 99})");
    EXPECT_THAT(registry_.all(), IsEmpty());
    const auto parsed = parse_record(R"({"format": 1, "folder": "/x"})");
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().kind, ErrorKind::Parse);
    EXPECT_THAT(parsed.error().message, HasSubstr("owner"));
}

TEST_F(RegistryTest, FolderThatCannotBeMadeIsNamedWithTheWayOut) {
    write(temporary_.path() / "file", "");
    const auto registry = Registry::open(temporary_.path() / "file" / "stacks");
    ASSERT_FALSE(registry);
    EXPECT_EQ(registry.error().kind, ErrorKind::System);
    EXPECT_THAT(registry.error().mend, HasSubstr("XDG_STATE_HOME"));
}

TEST_F(RegistryTest, GroupOfADeadOwnerIsEnded) {
    auto& process = start("elsewhere");
    auto left = record(dead());
    left.groups = {process.id()};
    ASSERT_TRUE(registry_.write(left));
    const auto cleaned = clean_leftovers(registry_, clock_);
    ASSERT_THAT(cleaned, SizeIs(1));
    EXPECT_EQ(cleaned[0].ended_processes, 1U);
    EXPECT_THAT(cleaned[0].text(), HasSubstr(folder_.string()));
    EXPECT_TRUE(ended(process));
    EXPECT_THAT(registry_.all(), IsEmpty());
    EXPECT_THAT(clean_leftovers(registry_, clock_), IsEmpty());
}

TEST_F(RegistryTest, ProcessStartedJustBeforeItsOwnerDiedIsFoundByItsEnvironment) {
    auto& process = start(folder_.string());
    ASSERT_TRUE(registry_.write(record(dead())));
    ASSERT_THAT(clean_leftovers(registry_, clock_), SizeIs(1));
    EXPECT_TRUE(ended(process));
}

TEST_F(RegistryTest, ProcessWhoseNumberWasUsedAgainIsLeftAlone) {
    auto& process = start("elsewhere");
    auto left = record(dead());
    left.groups = {{process.id().pid, process.id().start_time - 1}};
    ASSERT_TRUE(registry_.write(left));
    EXPECT_THAT(clean_leftovers(registry_, clock_), IsEmpty());
    EXPECT_EQ(process.ended(), std::nullopt);
    EXPECT_THAT(registry_.all(), IsEmpty()) << "a record of nothing is dropped";
}

TEST_F(RegistryTest, StackOfALivingOwnerIsLeftAlone) {
    auto& process = start(folder_.string());
    auto mine = record(own_process());
    mine.groups = {process.id()};
    ASSERT_TRUE(registry_.write(mine));
    EXPECT_THAT(clean_leftovers(registry_, clock_), IsEmpty());
    EXPECT_EQ(process.ended(), std::nullopt);
    EXPECT_THAT(registry_.all(), SizeIs(1));
}

TEST_F(RegistryTest, KeptStackIsLeftAlone) {
    auto& process = start(folder_.string());
    auto kept = record(dead());
    kept.kept = true;
    kept.groups = {process.id()};
    ASSERT_TRUE(registry_.write(kept));
    EXPECT_THAT(clean_leftovers(registry_, clock_), IsEmpty());
    EXPECT_EQ(process.ended(), std::nullopt);
    EXPECT_THAT(registry_.all(), SizeIs(1));
}

TEST_F(RegistryTest, RecordOfAnotherBootIsDroppedAndItsNumbersMeanNothing) {
    auto& process = start("elsewhere");
    auto old = record(own_process());
    old.boot = "another-boot pid:[1]";
    old.groups = {process.id()};
    ASSERT_TRUE(registry_.write(old));
    EXPECT_FALSE(old.owner_lives());
    EXPECT_THAT(clean_leftovers(registry_, clock_), IsEmpty());
    EXPECT_EQ(process.ended(), std::nullopt);
    EXPECT_THAT(registry_.all(), IsEmpty());
}

TEST_F(RegistryTest, LitterOfADeadOwnerIsRemoved) {
    auto left = record(dead());
    left.litter = {temporary_.path() / "litter"};
    write(temporary_.path() / "litter" / "keylime" / "x.sock", "");
    ASSERT_TRUE(registry_.write(left));
    (void)clean_leftovers(registry_, clock_);
    EXPECT_FALSE(std::filesystem::exists(temporary_.path() / "litter"));
}

TEST_F(RegistryTest, SocketsOfDeadProcessesAreRemovedAndThoseOfTheLivingAreNot) {
    auto& alive = start("elsewhere");
    auto& zombie = start("elsewhere");
    zombie.signal_group(SIGKILL);  // and not waited for, as under an init process without manners
    for (int tries = 0; tries < 500 && is_running(zombie.id()); ++tries) {
        wait_for(std::chrono::milliseconds{10});
    }
    const auto socket = [&](const ServerProcess& process) {
        return temporary_.path() / "keylime" / fmt::format("shared_data.{}.sock", process.id().pid);
    };
    write(socket(alive), "");
    write(socket(zombie), "");
    remove_stale_sockets({alive.id(), zombie.id()}, temporary_.path());
    EXPECT_TRUE(std::filesystem::exists(socket(alive)));
    EXPECT_FALSE(std::filesystem::exists(socket(zombie)));
}

TEST_F(RegistryTest, LockIsHeldByOneAtATime) {
    auto lock = registry_.lock();
    const int other = ::open((registry_.folder() / "lock").c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_GE(other, 0);
    EXPECT_NE(::flock(other, LOCK_EX | LOCK_NB), 0);
    lock.reset();
    EXPECT_EQ(::flock(other, LOCK_EX | LOCK_NB), 0);
    ::close(other);
}

}  // namespace
}  // namespace pushsim::stack::test
