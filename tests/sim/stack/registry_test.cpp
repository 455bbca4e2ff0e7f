#include "sim/stack/registry.hpp"

#include <csignal>

#include <fcntl.h>
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include "sim/stack/control.hpp"
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

    ServerProcess& start(const std::string& id,
                         const std::vector<std::string>& command = {"/bin/sleep", "1000"}) {
        started_.reserve(8);  // references stay good
        auto process = ServerProcess::start({.command = command,
                                             .environment = {{kFolderVariable, folder_.string()},
                                                             {kIdVariable, id},
                                                             {"PATH", "/usr/bin:/bin"}},
                                             .folder = temporary_.path(),
                                             .log = temporary_.path() / "log"});
        if (!process) throw std::runtime_error(process.error().text());
        started_.push_back(std::move(*process));
        return started_.back();
    }

    StackRecord record(const ProcessId& owner) const {
        StackRecord record;
        record.folder = folder_;
        record.id = id_;
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

    /// A kept stack of another container that shares this registry.
    StackRecord elsewhere() const {
        StackRecord kept = record(dead());
        kept.boot = kept.boot.substr(0, kept.boot.find(' ')) + " pid:[1]";
        kept.kept = true;
        return kept;
    }

    TemporaryFolder temporary_;
    std::string id_ = temporary_.path().filename();  // as unique as a random one
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
    written.address.keylime_origin = "/k/7.14.3/bin/keylime_verifier";
    written.address.changed_start = "with more workers";
    written.address.verifier_log = "/s/verifier.log";
    written.address.verify_server = false;
    ASSERT_TRUE(registry_.write(written));
    const auto got = registry_.find(folder_);
    ASSERT_TRUE(got);
    EXPECT_EQ(to_json_text(*got), to_json_text(written));
    EXPECT_EQ(got->groups, written.groups);
    EXPECT_EQ(got->address.registrar_tls.port, 41812);
    EXPECT_EQ(got->address.ca_file, written.address.ca_file);
    EXPECT_EQ(got->address.keylime_origin, "/k/7.14.3/bin/keylime_verifier");
    EXPECT_EQ(got->address.changed_start, "with more workers");
    EXPECT_EQ(got->address.verifier_database, std::nullopt);
    EXPECT_THAT(registry_.all(), SizeIs(1));
    registry_.remove(folder_);
    EXPECT_THAT(registry_.all(), IsEmpty());
}

TEST(CanonicalPath, IsAbsoluteAlsoWhereNothingIsThereYet) {
    EXPECT_EQ(canonical_path("no-such-folder/x"), std::filesystem::current_path() / "no-such-folder/x");
}

TEST_F(RegistryTest, DamagedRecordIsNoRecord) {
    write(registry_.folder() / "half.json", R"({"format": 2, "folder": "/x)");
    write(registry_.folder() / "other.json", R"({"format": 99})");
    EXPECT_THAT(registry_.all(), IsEmpty());
    const auto parsed = parse_record(R"({"format": 2, "folder": "/x"})");
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().kind, ErrorKind::Parse);
    EXPECT_THAT(parsed.error().message, HasSubstr("id"));
}

TEST_F(RegistryTest, FolderThatCannotBeMadeIsNamedWithTheWayOut) {
    write(temporary_.path() / "file", "");
    const auto registry = Registry::open(temporary_.path() / "file" / "stacks");
    ASSERT_FALSE(registry);
    EXPECT_EQ(registry.error().kind, ErrorKind::System);
    EXPECT_THAT(registry.error().mend, HasSubstr("XDG_STATE_HOME"));
}

TEST_F(RegistryTest, GroupOfADeadOwnerIsEnded) {
    auto& process = start("another");
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
    auto& process = start(id_);
    ASSERT_TRUE(registry_.write(record(dead())));
    ASSERT_THAT(clean_leftovers(registry_, clock_), SizeIs(1));
    EXPECT_TRUE(ended(process));
}

TEST_F(RegistryTest, ProcessOfAnotherStackInAFolderOfThatNameIsLeftAlone) {
    auto& process = start("another");
    ASSERT_TRUE(registry_.write(record(dead())));
    EXPECT_THAT(clean_leftovers(registry_, clock_), IsEmpty());
    EXPECT_EQ(process.ended(), std::nullopt);
}

TEST_F(RegistryTest, ProcessThatAnEndingOneStartsIsEndedToo) {
    // As Tornado's parent starts a worker anew that ended by a signal.
    auto& process = start(
        id_, {"/bin/sh", "-c", "trap 'sleep 1000 & exit 0' TERM; echo set; while :; do sleep 0.02; done"});
    for (int tries = 0; tries < 500 && read(temporary_.path() / "log").empty(); ++tries) {
        wait_for(std::chrono::milliseconds{10});
    }
    ASSERT_TRUE(registry_.write(record(dead())));
    const auto cleaned = clean_leftovers(registry_, clock_);
    ASSERT_THAT(cleaned, SizeIs(1));
    EXPECT_TRUE(ended(process));
    EXPECT_THAT(processes_with_environment(kIdVariable, id_), IsEmpty());
    EXPECT_THAT(registry_.all(), IsEmpty());
}

TEST_F(RegistryTest, StackOfAnotherContainerIsLeftAloneByAllThatEndsStacks) {
    ASSERT_TRUE(registry_.write(elsewhere()));
    const auto named = stack_down(registry_, folder_, clock_);
    ASSERT_FALSE(named);
    EXPECT_THAT(named.error().message, HasSubstr("another container"));
    const auto all = stack_down(registry_, std::nullopt, clock_);
    ASSERT_TRUE(all);
    EXPECT_THAT(*all, IsEmpty());
    EXPECT_THAT(stack_clean(registry_, clock_).leftovers, IsEmpty());
    EXPECT_THAT(clean_leftovers(registry_, clock_), IsEmpty());
    ASSERT_THAT(registry_.all(), SizeIs(1));
    EXPECT_EQ(stack_status(registry_, clock_).front().word(), "in another container");
}

TEST_F(RegistryTest, FolderOfAStackOfAnotherContainerIsNotRemovedByClean) {
    auto kept = elsewhere();
    kept.folder = kept_folder(registry_, "default");
    std::filesystem::create_directories(kept.folder);
    std::filesystem::create_directories(kept_folder(registry_, "forgotten"));
    ASSERT_TRUE(registry_.write(kept));
    EXPECT_THAT(stack_clean(registry_, clock_).removed_folders,
                testing::ElementsAre(kept_folder(registry_, "forgotten")));
    EXPECT_TRUE(std::filesystem::exists(kept.folder));
}

TEST_F(RegistryTest, ProcessWhoseNumberWasUsedAgainIsLeftAlone) {
    auto& process = start("another");
    auto left = record(dead());
    left.groups = {{process.id().pid, process.id().start_time - 1}};
    ASSERT_TRUE(registry_.write(left));
    EXPECT_THAT(clean_leftovers(registry_, clock_), IsEmpty());
    EXPECT_EQ(process.ended(), std::nullopt);
    EXPECT_THAT(registry_.all(), IsEmpty()) << "a record of nothing is dropped";
}

TEST_F(RegistryTest, StackOfALivingOwnerIsLeftAlone) {
    auto& process = start(id_);
    auto mine = record(own_process());
    mine.groups = {process.id()};
    ASSERT_TRUE(registry_.write(mine));
    EXPECT_THAT(clean_leftovers(registry_, clock_), IsEmpty());
    EXPECT_EQ(process.ended(), std::nullopt);
    EXPECT_THAT(registry_.all(), SizeIs(1));
}

TEST_F(RegistryTest, KeptStackIsLeftAlone) {
    auto& process = start(id_);
    auto kept = record(dead());
    kept.kept = true;
    kept.groups = {process.id()};
    ASSERT_TRUE(registry_.write(kept));
    EXPECT_THAT(clean_leftovers(registry_, clock_), IsEmpty());
    EXPECT_EQ(process.ended(), std::nullopt);
    EXPECT_THAT(registry_.all(), SizeIs(1));
}

TEST_F(RegistryTest, RecordOfAnotherBootIsDroppedAndItsNumbersMeanNothing) {
    auto& process = start("another");
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
    auto& alive = start("another");
    auto& zombie = start("another");
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
