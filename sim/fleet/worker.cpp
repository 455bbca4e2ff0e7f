#include "sim/fleet/worker.hpp"

#include "sim/stack/process.hpp"

namespace pushsim::fleet {

Worker::Worker(Post post) : post_(std::move(post)) {
    const stack::SignalsHeld for_the_main_thread;
    thread_ = std::thread([this] { work(); });
}

Worker::~Worker() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void Worker::enqueue(JobLines::Line line, Task task) {
    {
        const std::lock_guard lock(mutex_);
        waiting_.push(line, std::move(task));
    }
    wake_.notify_one();
}

std::size_t Worker::pending() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size() + (working_ ? 1 : 0);
}

void Worker::drop_waiting() {
    JobLines dropped(most_in_a_row);  // what a task holds may need the lock when it goes
    const std::lock_guard lock(mutex_);
    std::swap(dropped, waiting_);
}

void Worker::work() {
    for (;;) {
        Task task;
        {
            std::unique_lock lock(mutex_);
            working_ = false;
            wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
            if (stopping_) return;
            task = waiting_.pop();
            working_ = true;
        }
        task();
    }
}

}  // namespace pushsim::fleet
