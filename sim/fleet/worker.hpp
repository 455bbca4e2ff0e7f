#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace pushsim::fleet {

/// One thread for work that must not run on the network loop: TPM commands, the tenant's blocking calls.
/// Jobs run in the order of submission; each result is handed to the loop, where its `done` is called.
class Worker {
  public:
    using Task = std::function<void()>;
    /// `post` takes a task from any thread and runs it on the loop's thread.
    using Post = std::function<void(Task)>;

    explicit Worker(Post post);
    /// Finishes the job that is running, then drops those that wait; their `done` is never called.
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// `job` runs on the worker and must not throw; `done(result)` runs on the loop.
    template <typename Job, typename Done>
    void submit(Job job, Done done) {
        enqueue([this, job = std::move(job), done = std::move(done)] {
            auto result = std::make_shared<decltype(job())>(job());
            post_([done, result] { done(std::move(*result)); });
        });
    }

    /// Their `done` is never called.
    void drop_waiting();

  private:
    void enqueue(Task task);
    void work();

    Post post_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Task> queue_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace pushsim::fleet
