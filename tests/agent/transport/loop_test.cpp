#include "agent/transport/loop.hpp"

#include <array>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim/core/clock.hpp"

namespace pushsim::transport {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Loop : public ::testing::Test {
  public:
    core::SystemClock clock;
    EventLoop loop{clock};
};

/// With time that stands still; rounds do not wait.
class LoopInSimulatedTime : public ::testing::Test {
  public:
    void round() { loop.run_once(Duration::zero()); }
    core::SimulatedClock clock;
    EventLoop loop{clock};
    std::vector<int> seen;
};

TEST_F(LoopInSimulatedTime, TimersFireWhenTheyAreDueInTheirOrder) {
    loop.after(seconds{2}, [&] { seen.push_back(2); });
    loop.after(seconds{1}, [&] { seen.push_back(1); });
    loop.after(seconds{2}, [&] { seen.push_back(3); });
    round();
    EXPECT_TRUE(seen.empty());
    clock.advance(seconds{1});
    round();
    EXPECT_EQ(seen, std::vector<int>({1}));
    clock.advance(seconds{5});
    round();
    round();
    EXPECT_EQ(seen, std::vector<int>({1, 2, 3}));
}

TEST_F(LoopInSimulatedTime, CancelledTimerDoesNotFire) {
    const auto first = loop.after(seconds{1}, [&] { seen.push_back(1); });
    EventLoop::Timer second;
    loop.after(seconds{1}, [&] { loop.cancel(second); });
    second = loop.after(seconds{1}, [&] { seen.push_back(2); });
    loop.cancel(first);
    loop.cancel(first);
    loop.cancel(EventLoop::Timer{});
    clock.advance(seconds{1});
    round();
    EXPECT_TRUE(seen.empty());
}

TEST_F(LoopInSimulatedTime, TimerSetByATimerWaitsForTheNextRound) {
    loop.after(seconds{0}, [&] {
        seen.push_back(1);
        loop.after(seconds{0}, [&] { seen.push_back(2); });
    });
    round();
    EXPECT_EQ(seen, std::vector<int>({1}));
    round();
    EXPECT_EQ(seen, std::vector<int>({1, 2}));
}

TEST_F(LoopInSimulatedTime, TimerSetByATimerWaitsEvenWhereItIsOverdue) {
    clock.advance(seconds{10});
    loop.after(seconds{0}, [&] {
        seen.push_back(1);
        loop.at(clock.now() - seconds{5}, [&] { seen.push_back(2); });
    });
    round();
    EXPECT_EQ(seen, std::vector<int>({1}));
    round();
    EXPECT_EQ(seen, std::vector<int>({1, 2}));
}

TEST_F(LoopInSimulatedTime, PostedWorkRunsInOrderAndNotWithinPost) {
    loop.post([&] {
        seen.push_back(1);
        loop.post([&] { seen.push_back(3); });
    });
    loop.post([&] { seen.push_back(2); });
    EXPECT_TRUE(seen.empty());
    round();
    EXPECT_EQ(seen, std::vector<int>({1, 2}));
    round();
    EXPECT_EQ(seen, std::vector<int>({1, 2, 3}));
}

TEST_F(LoopInSimulatedTime, ExceptionLeavesTheOtherWorkInPlace) {
    loop.post([] { throw std::runtime_error("a bug"); });
    loop.post([&] { seen.push_back(1); });
    EXPECT_THROW(round(), std::runtime_error);
    round();
    EXPECT_EQ(seen, std::vector<int>({1}));
}

TEST_F(Loop, TimerIsNeverEarly) {
    const Instant due = clock.now() + std::chrono::microseconds{1500};
    Instant fired{};
    loop.at(due, [&] { fired = clock.now(); });
    ASSERT_TRUE(loop.run_until([&] { return fired != Instant{}; }, seconds{10}));
    EXPECT_GE(fired, due);
}

TEST_F(Loop, RunUntilGivesUpInTime) {
    const Instant start = clock.now();
    EXPECT_FALSE(loop.run_until([] { return false; }, milliseconds{20}));
    EXPECT_GE(clock.now() - start, milliseconds{20});
}

TEST_F(Loop, StopFromAnotherThreadEndsRun) {
    std::thread other([&] { loop.stop(); });
    loop.run();
    other.join();
    // A later run is not ended by it.
    bool fired = false;
    loop.after(milliseconds{1}, [&] { fired = true; });
    EXPECT_TRUE(loop.run_until([&] { return fired; }, seconds{10}));
}

TEST_F(Loop, PostFromManyThreadsLosesNothing) {
    constexpr int kThreads = 4, kEach = 2000;
    int count = 0;  // of the loop's thread alone
    std::vector<int> last(kThreads, -1);
    bool in_order = true;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&, thread] {
            for (int i = 0; i < kEach; ++i) {
                loop.post([&, thread, i] {
                    in_order = in_order && i == last[static_cast<std::size_t>(thread)] + 1;
                    last[static_cast<std::size_t>(thread)] = i;
                    ++count;
                });
            }
        });
    }
    EXPECT_TRUE(loop.run_until([&] { return count == kThreads * kEach; }, seconds{30}));
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_TRUE(in_order);
}

TEST_F(Loop, UnwatchedDescriptorIsSilentEvenWithinItsRound) {
    std::array<int, 2> a{}, b{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, a.data()), 0);
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, b.data()), 0);
    EventLoop::Watch first = 0, second = 0;
    int calls = 0;
    const auto once = [&](std::uint32_t) {  // whichever comes first silences both
        ++calls;
        loop.unwatch(first);
        loop.unwatch(second);
        // A slot used again must not inherit the event that is still queued.
        first = loop.watch(a[1], EPOLLIN, [&](std::uint32_t) { calls += 100; });
    };
    first = loop.watch(a[0], EPOLLIN, once);
    second = loop.watch(b[0], EPOLLIN, once);
    ASSERT_EQ(::write(a[1], "x", 1), 1);
    ASSERT_EQ(::write(b[1], "x", 1), 1);
    loop.run_once(seconds{1});
    loop.run_once(Duration::zero());
    EXPECT_EQ(calls, 1);
    for (const int fd : {a[0], a[1], b[0], b[1]})
        ::close(fd);
}

}  // namespace
}  // namespace pushsim::transport
