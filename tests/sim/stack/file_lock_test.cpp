#include "sim/stack/file_lock.hpp"

#include <fstream>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/sim/stack/support.hpp"

namespace pushsim::stack {
namespace {

using ::testing::HasSubstr;

constexpr Duration kAtOnce{};
constexpr std::chrono::minutes kLong{5};

TEST(FileLock, IsHeldByOneAndTellsTheOthersByWhom) {
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "a.lock";
    auto held = FileLock::take(file, kAtOnce);
    ASSERT_TRUE(held) << held.error().text();
    std::string holder;
    const auto refused = FileLock::take(file, kAtOnce, {}, [&](const std::string& pid) { holder = pid; });
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::Config);
    EXPECT_THAT(refused.error().message, HasSubstr("cannot lock " + file.string()));
    EXPECT_EQ(holder, std::to_string(::getpid()));
    const FileLock moved(std::move(*held));
    EXPECT_FALSE(FileLock::take(file, kAtOnce));
}

TEST(FileLock, WaitingEndsWithTheHolderOrWhenAPersonAsks) {
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "a.lock";
    auto held = std::make_unique<Result<FileLock>>(FileLock::take(file, kAtOnce));
    EXPECT_FALSE(FileLock::take(file, kLong, [] { return true; }));
    std::thread other;
    const auto then = FileLock::take(file, kLong, {},
                                     [&](const std::string&) { other = std::thread([&] { held.reset(); }); });
    other.join();
    EXPECT_TRUE(then) << then.error().text();
}

TEST(FileLock, WhoWaitedForOneThatWasRemovedHoldsTheOneThatHasTheName) {
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "a.lock";
    auto held = std::make_unique<Result<FileLock>>(FileLock::take(file, kAtOnce));
    std::thread other;
    const auto then = FileLock::take(file, kLong, {}, [&](const std::string&) {
        other = std::thread([&] {
            (*held)->remove_file();
            held.reset();
        });
    });
    other.join();
    ASSERT_TRUE(then);
    EXPECT_FALSE(FileLock::take(file, kAtOnce)) << "or two would have it";
}

TEST(FileLock, ProcessThatIsKilledLetsGoOfIt) {
    const test::TemporaryFolder folder;
    const auto file = folder.path() / "a.lock";
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const auto held = FileLock::take(file, kAtOnce);
        const char octet = held ? 'y' : 'n';
        if (::write(ready[1], &octet, 1) == 1)
            for (;;)
                ::pause();
        ::_exit(1);
    }
    char octet = 0;
    ASSERT_EQ(::read(ready[0], &octet, 1), 1);
    ASSERT_EQ(octet, 'y');
    EXPECT_FALSE(FileLock::take(file, kAtOnce));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT_TRUE(FileLock::take(file, kAtOnce));
    ::close(ready[0]);
    ::close(ready[1]);
}

TEST(FileLock, TakenAloneItIsNotWaitedForAndTheErrorNamesWhoHasWhat) {
    const test::TemporaryFolder folder;
    const auto taken = take_alone(folder.path() / "a.lock", {}, "the pods are", "wait for its end");
    ASSERT_TRUE(taken) << taken.error().text();
    const auto second = take_alone(folder.path() / "a.lock", {}, "the pods are", "wait for its end");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::Config);
    EXPECT_EQ(second.error().message, fmt::format("the pods are in use by process {}", ::getpid()));
    EXPECT_EQ(second.error().mend, "wait for its end");
    EXPECT_EQ(take_alone("/nonexistent/a.lock", {}, "the pods are", "").error().kind, ErrorKind::System);
}

TEST(FileLock, LinkIsNotFollowedToWhatItWouldOverwrite) {
    const test::TemporaryFolder folder;
    test::write(folder.path() / "mine", "mine");
    std::filesystem::create_symlink(folder.path() / "mine", folder.path() / "a.lock");
    EXPECT_FALSE(FileLock::take(folder.path() / "a.lock", kAtOnce));
    EXPECT_EQ(test::read(folder.path() / "mine"), "mine");
}

TEST(FileLock, FolderThatIsNotThereIsNamed) {
    const auto none = FileLock::take("/nonexistent/a.lock", kAtOnce);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().kind, ErrorKind::System);
    EXPECT_THAT(none.error().message, HasSubstr("cannot lock /nonexistent/a.lock: No such file"));
}

}  // namespace
}  // namespace pushsim::stack
