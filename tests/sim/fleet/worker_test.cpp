#include "sim/fleet/worker.hpp"

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "agent/transport/loop.hpp"
#include "sim/core/clock.hpp"

namespace pushsim::fleet {
namespace {

TEST(Worker, ResultsComeBackToTheLoopInTheOrderOfSubmission) {
    const core::SystemClock clock;
    transport::EventLoop loop(clock);
    Worker worker([&loop](Worker::Task task) { loop.post(std::move(task)); });
    const auto loop_thread = std::this_thread::get_id();
    std::vector<int> results;
    for (int i = 0; i < 100; ++i) {
        worker.submit([i] { return i; },
                      [&](int result) {
                          EXPECT_EQ(std::this_thread::get_id(), loop_thread);
                          results.push_back(result);
                      });
    }
    ASSERT_TRUE(loop.run_until([&] { return results.size() == 100; }, std::chrono::seconds{30}));
    for (int i = 0; i < 100; ++i)
        EXPECT_EQ(results[static_cast<std::size_t>(i)], i);
}

TEST(Worker, EndsWithTheJobThatRunsAndNeverCallsDoneOfThoseThatWait) {
    std::promise<void> begun, may_end;
    std::atomic<int> posted = 0, ran = 0;
    std::thread ender;
    {
        Worker worker([&](const Worker::Task&) { ++posted; });
        worker.submit(
            [&] {
                begun.set_value();
                may_end.get_future().wait();
                return ++ran;
            },
            [](int) {});
        begun.get_future().wait();
        for (int i = 0; i < 1000; ++i) {
            worker.submit([&] { return ++ran; }, [](int) {});
        }
        ender = std::thread([&] { may_end.set_value(); });
    }
    ender.join();
    EXPECT_GE(ran, 1);
    EXPECT_EQ(ran, posted) << "each job that ran has posted its result, none of the others has";
}

}  // namespace
}  // namespace pushsim::fleet
