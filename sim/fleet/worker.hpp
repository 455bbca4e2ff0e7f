#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "sim/fleet/job_lines.hpp"

namespace pushsim::fleet {

/// One thread for work that must not run on the network loop: TPM commands, the tenant's blocking calls.
/// Jobs run in the order of submission, or by lines (JobLines); each result is handed to the loop, where its
/// `done` is called.
class Worker {
  public:
    using Task = JobLines::Job;
    /// `post` takes a task from any thread and runs it on the loop's thread.
    using Post = std::function<void(Task)>;

    explicit Worker(Post post);
    /// Finishes the job that is running, then drops those that wait; their `done` is never called.
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// Others wait while so many jobs of one line run in a row.
    static constexpr std::size_t most_in_a_row = 8;

    /// `job` runs on the worker and must not throw; `done(result)` runs on the loop.
    template <typename Job, typename Done>
    void submit(JobLines::Line line, Job job, Done done) {
        enqueue(line, [this, job = std::move(job), done = std::move(done)] {
            auto result = std::make_shared<decltype(job())>(job());
            post_([done, result] { done(std::move(*result)); });
        });
    }
    template <typename Job, typename Done>
    void submit(Job job, Done done) {
        submit(nullptr, std::move(job), std::move(done));
    }

    /// How many jobs are under way or wait.
    std::size_t pending() const;

    /// Their `done` is never called.
    void drop_waiting();

  private:
    void enqueue(JobLines::Line line, Task task);
    void work();

    Post post_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    JobLines waiting_{most_in_a_row};
    bool working_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace pushsim::fleet
