#include "sim/stack/process.hpp"

#include <atomic>
#include <csignal>
#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/core/clock.hpp"
#include "tests/sim/stack/support.hpp"

namespace pushsim::stack::test {
namespace {

using testing::HasSubstr;

Program shell(const TemporaryFolder& folder, const std::string& script) {
    return {.command = {"/bin/sh", "-c", script},
            .environment = {{"PATH", "/usr/bin:/bin"}, {"MARK", folder.path().string()}},
            .folder = folder.path(),
            .log = folder.path() / "log"};
}

/// Ends the group whatever a test does.
struct Guard {
    ServerProcess& process;
    ~Guard() {
        while (!process.group_gone()) {
            process.signal_group(SIGKILL);
            wait_for(std::chrono::milliseconds{5}, process.descriptor());
        }
    }
};

void wait_ended(ServerProcess& process) {
    for (int tries = 0; tries < 1000 && !process.ended(); ++tries) {
        wait_for(std::chrono::milliseconds{100}, process.descriptor());
    }
}

TEST(Process, LeadsASessionOfItsOwnWithItsOutputInTheLog) {
    const TemporaryFolder folder;
    auto process = ServerProcess::start(shell(folder, "echo out; echo err >&2; cat; pwd; exit 3"));
    ASSERT_TRUE(process) << process.error().text();
    const Guard guard{*process};
    EXPECT_EQ(::getsid(process->id().pid), process->id().pid);
    wait_ended(*process);
    EXPECT_EQ(process->ended(), "exit status 3");
    EXPECT_EQ(read(folder.path() / "log"), "out\nerr\n" + folder.path().string() + "\n");
    EXPECT_TRUE(process->group_gone());
    EXPECT_FALSE(is_running(process->id()));
}

TEST(Process, EndBySignalIsNamed) {
    const TemporaryFolder folder;
    auto process = ServerProcess::start(shell(folder, "exec sleep 1000"));
    ASSERT_TRUE(process);
    const Guard guard{*process};
    EXPECT_EQ(process->ended(), std::nullopt);
    EXPECT_TRUE(is_running(process->id()));
    EXPECT_TRUE(signal_process(process->id(), SIGKILL));
    wait_ended(*process);
    EXPECT_THAT(process->ended().value_or("nothing"), HasSubstr("signal 9 (Killed)"));
}

TEST(Process, GroupIsNotGoneWhileAMemberOutlivesItsLeader) {
    const TemporaryFolder folder;
    auto process = ServerProcess::start(shell(folder, "sleep 1000 & exit 0"));
    ASSERT_TRUE(process);
    const Guard guard{*process};
    wait_ended(*process);
    EXPECT_FALSE(process->group_gone());
    EXPECT_EQ(group_members(process->id().pid).size(), 1U);
}

TEST(Process, IsFoundByItsEnvironment) {
    const TemporaryFolder folder;
    auto process = ServerProcess::start(shell(folder, "sleep 1000 & wait"));
    ASSERT_TRUE(process);
    const Guard guard{*process};
    for (int tries = 0; tries < 500 && group_members(process->id().pid).size() < 2; ++tries) {
        wait_for(std::chrono::milliseconds{10});
    }
    EXPECT_EQ(processes_with_environment("MARK", folder.path().string()).size(), 2U);
    EXPECT_TRUE(processes_with_environment("MARK", folder.path().string() + "x").empty());
    EXPECT_TRUE(processes_with_environment("ARK", folder.path().string()).empty());
}

TEST(Process, NumberOfAnotherProcessIsNotSignalled) {
    const TemporaryFolder folder;
    auto process = ServerProcess::start(shell(folder, "exec sleep 1000"));
    ASSERT_TRUE(process);
    const Guard guard{*process};
    // As if the number had been used again: the same number, another start.
    const ProcessId former{process->id().pid, process->id().start_time - 1};
    EXPECT_FALSE(is_running(former));
    EXPECT_FALSE(signal_process(former, SIGKILL));
    EXPECT_TRUE(end_processes({former}, std::chrono::milliseconds{50}, core::SystemClock{}));
    EXPECT_EQ(process->ended(), std::nullopt);
}

TEST(Process, EndingGoesFromPoliteToForcible) {
    const TemporaryFolder folder;
    auto process =
        ServerProcess::start(shell(folder, "trap '' TERM; echo deaf; while :; do sleep 0.05; done"));
    ASSERT_TRUE(process);
    const Guard guard{*process};
    for (int tries = 0; tries < 500 && read(folder.path() / "log").empty(); ++tries) {
        wait_for(std::chrono::milliseconds{10});
    }
    EXPECT_TRUE(end_processes({process->id()}, std::chrono::milliseconds{100}, core::SystemClock{}));
    wait_ended(*process);
    EXPECT_THAT(process->ended().value_or("nothing"), HasSubstr("signal 9"));
}

TEST(Process, ProgramThatIsNotThereIsNamed) {
    const TemporaryFolder folder;
    auto program = shell(folder, "");
    program.command = {"/no/such/program"};
    const auto process = ServerProcess::start(program);
    ASSERT_FALSE(process);
    EXPECT_EQ(process.error().kind, ErrorKind::System);
    EXPECT_THAT(process.error().message, HasSubstr("/no/such/program: No such file"));
}

std::atomic<int> handled{0};

extern "C" void handle_unless_put_off(int signal) {
    if (!SignalsHeld::put_off(signal)) ++handled;
}

TEST(SignalsHeld, HandlerOfAnotherThreadPutsASignalOffUntilItIsGone) {
    struct sigaction action {};
    struct sigaction before {};
    action.sa_handler = handle_unless_put_off;
    ::sigaction(SIGUSR1, &action, &before);
    handled = 0;
    ::raise(SIGUSR1);
    EXPECT_EQ(handled, 1) << "nobody holds it";

    std::promise<void> held;
    std::promise<void> let_go;
    std::thread holder([&] {
        const SignalsHeld here;
        held.set_value();
        let_go.get_future().wait();
    });
    held.get_future().wait();
    ::raise(SIGUSR1);
    EXPECT_EQ(handled, 1) << "it is put off";
    let_go.set_value();
    holder.join();
    for (int tries = 0; tries < 500 && handled < 2; ++tries)
        wait_for(std::chrono::milliseconds{10});
    EXPECT_EQ(handled, 2);
    ::sigaction(SIGUSR1, &before, nullptr);
}

TEST(Process, ShortProgramIsRunForItsOutput) {
    const auto output =
        run_program({"sh", "-c", "echo $WORD; echo noise >&2"}, {{"WORD", "yes"}}, std::chrono::seconds{20});
    ASSERT_TRUE(output) << output.error().text();
    EXPECT_EQ(*output, "yes\n");
    EXPECT_FALSE(run_program({"sh", "-c", "exit 4"}, {}, std::chrono::seconds{20}));
}

TEST(Process, ShortProgramThatIsNotShortIsEndedWhateverItDoesMeanwhile) {
    for (const char* script : {"exec sleep 1000", "exec >&-; exec sleep 1000",
                               "while :; do echo; sleep 0.01; done", "sleep 1000 & exit 0"}) {
        const auto hung = run_program({"sh", "-c", script}, {}, std::chrono::milliseconds{200});
        ASSERT_FALSE(hung) << script;
        EXPECT_THAT(hung.error().message, HasSubstr("did not end in time")) << script;
    }
}

TEST(Process, ShortProgramThatWritesWithoutEndIsEnded) {
    const auto endless = run_program({"cat", "/dev/zero"}, {}, std::chrono::hours{1});
    ASSERT_FALSE(endless);
    EXPECT_THAT(endless.error().message, HasSubstr("cat wrote more than"));
}

}  // namespace
}  // namespace pushsim::stack::test
