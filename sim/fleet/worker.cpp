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

void Worker::enqueue(Task task) {
    {
        const std::lock_guard lock(mutex_);
        queue_.push_back(std::move(task));
    }
    wake_.notify_one();
}

void Worker::drop_waiting() {
    std::deque<Task> dropped;  // what a task holds may need the lock when it goes
    const std::lock_guard lock(mutex_);
    dropped.swap(queue_);
}

void Worker::work() {
    for (;;) {
        Task task;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
            if (stopping_) return;
            task = std::move(queue_.front());
            queue_.pop_front();
        }
        task();
    }
}

}  // namespace pushsim::fleet
