#pragma once
// One thread's event loop: descriptors (epoll), timers, and work handed over by other threads.

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "agent/base/time.hpp"

namespace pushsim::transport {

/// Everything runs on the thread that calls run(), run_until() or run_once(), and all members are for that
/// thread, save post() and stop(), which any thread may call. An exception out of a callback leaves through
/// run*(); the loop stays usable. Throws std::system_error where the system has no descriptor for it.
class EventLoop {
  public:
    using Task = std::function<void()>;
    /// Names a timer for cancel(). A default one names none.
    struct Timer {
        Instant due{};
        std::uint64_t number = 0;
        friend auto operator<=>(const Timer&, const Timer&) = default;
    };

    /// The clock decides when timers are due and must outlive the loop. With a clock that stands still a
    /// timer fires in the first round after it was advanced.
    explicit EventLoop(const Clock& clock);
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    const Clock& clock() const { return clock_; }

    /// Calls `task` once, in the first round at or after `due`; timers of the same instant in the order set.
    Timer at(Instant due, Task task);
    Timer after(Duration delay, Task task) { return at(clock_.now() + delay, std::move(task)); }
    /// No effect on a timer that has fired or was cancelled.
    void cancel(const Timer& timer);

    /// Thread-safe: has `task` called on the loop's thread in its next round, in the order posted. Work that
    /// was not yet called when the loop ends is dropped.
    void post(Task task);

    /// One round: waits until there is something to do, at most `max_wait`, and does it. Also returns early
    /// when a signal arrived, so that a caller's flag is seen.
    void run_once(Duration max_wait);
    /// Rounds until `done()` holds (true) or stop() was called or `at_most` has passed (false).
    bool run_until(const std::function<bool()>& done, Duration at_most = Duration::max());
    /// Rounds until stop().
    void run();
    /// Thread-safe: ends the run() or run_until() under way, or the next one if none is.
    void stop();

    // For what lives on the loop (Connection, tests' servers): descriptors.

    using Watch = std::uint64_t;  ///< names a watched descriptor; 0 names none
    /// Level triggered: calls `on_ready(events)` while any of `events` (EPOLLIN, EPOLLOUT, EPOLLRDHUP) holds,
    /// and for EPOLLHUP and EPOLLERR. The callback may unwatch itself and others.
    Watch watch(int fd, std::uint32_t events, std::function<void(std::uint32_t)> on_ready);
    void change(Watch watch, std::uint32_t events);
    /// To be called before the descriptor is closed. No callback comes after.
    void unwatch(Watch watch);

  private:
    struct Slot {
        int fd = -1;
        std::uint32_t generation = 0;
        std::function<void(std::uint32_t)> on_ready;
    };

    void wait(Duration max_wait);
    void run_timers();
    void run_posted();
    Slot* find(Watch watch);
    void wake();

    const Clock& clock_;
    int epoll_ = -1;
    int wake_ = -1;
    std::map<Timer, Task> timers_;
    std::uint64_t next_timer_ = 1;
    std::deque<Slot> slots_;  // a deque: a slot stays where it is while its callback makes others
    std::vector<std::uint32_t> free_slots_;
    std::deque<Task> ready_;  // posted, taken over by the loop's thread
    std::atomic<bool> stop_{false};
    std::mutex mutex_;
    std::vector<Task> posted_;  // guarded by mutex_
};

}  // namespace pushsim::transport
