#include "agent/transport/loop.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <system_error>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace pushsim::transport {
namespace {

constexpr EventLoop::Watch kWakeWatch = 0;
constexpr std::size_t kEventsPerRound = 256;

[[noreturn]] void throw_errno(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

/// epoll_wait with the precision of the clock; where the kernel has no epoll_pwait2 (before 5.11),
/// milliseconds, rounded up so that a timer is never early.
int wait_for_events(int epoll, std::array<epoll_event, kEventsPerRound>& events, Duration wait) {
    const auto count = static_cast<int>(events.size());
    static std::atomic<bool> has_pwait2{true};
    if (has_pwait2.load(std::memory_order_relaxed)) {
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wait);
        timespec limit{};
        limit.tv_sec = seconds.count();
        limit.tv_nsec = (wait - seconds).count();
        const int ready = ::epoll_pwait2(epoll, events.data(), count, &limit, nullptr);
        if (ready >= 0 || errno != ENOSYS) return ready;
        has_pwait2 = false;
    }
    const auto millis = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
    return ::epoll_wait(epoll, events.data(), count, static_cast<int>(millis));
}

EventLoop::Watch name_of(std::size_t slot, std::uint32_t generation) {
    return static_cast<EventLoop::Watch>(generation) << 32 | slot;
}

std::size_t slot_of(EventLoop::Watch watch) {
    return watch & 0xffffffffU;
}

}  // namespace

EventLoop::EventLoop(const Clock& clock) : clock_(clock) {
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0) throw_errno("epoll_create1");
    wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = kWakeWatch;
    if (wake_ < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) != 0) {
        const int error = errno;
        if (wake_ >= 0) ::close(wake_);
        ::close(epoll_);
        throw std::system_error(error, std::generic_category(), "eventfd of an event loop");
    }
}

EventLoop::~EventLoop() {
    ::close(wake_);
    ::close(epoll_);
}

EventLoop::Timer EventLoop::at(Instant due, Task task) {
    const Timer timer{due, next_timer_++};
    timers_.emplace(timer, std::move(task));
    return timer;
}

void EventLoop::cancel(const Timer& timer) {
    timers_.erase(timer);
}

void EventLoop::post(Task task) {
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        first = posted_.empty();
        posted_.push_back(std::move(task));
    }
    if (first) wake();
}

void EventLoop::stop() {
    stop_ = true;
    wake();
}

void EventLoop::wake() {
    const std::uint64_t one = 1;
    // The only failure is a full counter, and then the loop is awake already.
    [[maybe_unused]] const auto written = ::write(wake_, &one, sizeof one);
}

void EventLoop::run_once(Duration max_wait) {
    Duration wait_at_most = std::max(max_wait, Duration::zero());
    if (!timers_.empty()) {
        const Duration left = timers_.begin()->first.due - clock_.now();
        wait_at_most = std::clamp(left, Duration::zero(), wait_at_most);
    }
    if (!ready_.empty()) wait_at_most = Duration::zero();
    wait(wait_at_most);
    run_timers();
    run_posted();
}

bool EventLoop::run_until(const std::function<bool()>& done, Duration at_most) {
    const Instant start = clock_.now();
    for (;;) {
        if (done()) return true;
        if (stop_.exchange(false)) return false;
        Duration left = std::chrono::seconds{60};
        if (at_most != Duration::max()) {
            left = std::min(left, start + at_most - clock_.now());
            if (left <= Duration::zero()) return false;
        }
        run_once(left);
    }
}

void EventLoop::run() {
    run_until([] { return false; });
}

void EventLoop::wait(Duration max_wait) {
    // A wait of a minute is as good as for ever here: callers wait in rounds.
    std::array<epoll_event, kEventsPerRound> events;  // NOLINT(*-member-init): filled by the kernel
    const int ready = wait_for_events(epoll_, events, std::min<Duration>(max_wait, std::chrono::seconds{60}));
    if (ready < 0 && errno != EINTR) throw_errno("epoll_wait");
    for (int i = 0; i < ready; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.u64 == kWakeWatch) {
            std::uint64_t count = 0;
            [[maybe_unused]] const auto octets = ::read(wake_, &count, sizeof count);
            continue;
        }
        if (const Slot* slot = find(event.data.u64)) {
            const auto on_ready = slot->on_ready;  // a copy: the callback may unwatch itself
            on_ready(event.events);
        }
    }
}

void EventLoop::run_timers() {
    // Timers set by timers wait for the next round, so that descriptors get their turn.
    const Instant now = clock_.now();
    std::vector<Timer> due;
    for (auto timer = timers_.begin(); timer != timers_.end() && timer->first.due <= now; ++timer)
        due.push_back(timer->first);
    for (const Timer& timer : due) {
        const auto taken = timers_.extract(timer);
        if (!taken.empty()) taken.mapped()();  // else one before it cancelled it
    }
}

void EventLoop::run_posted() {
    {
        const std::lock_guard lock(mutex_);
        for (Task& task : posted_)
            ready_.push_back(std::move(task));
        posted_.clear();
    }
    for (std::size_t left = ready_.size(); left > 0; --left) {
        const Task task = std::move(ready_.front());
        ready_.pop_front();
        task();
    }
}

EventLoop::Watch EventLoop::watch(int fd, std::uint32_t events, std::function<void(std::uint32_t)> on_ready) {
    std::size_t index = slots_.size();
    if (free_slots_.empty()) {
        slots_.emplace_back();
    } else {
        index = free_slots_.back();
        free_slots_.pop_back();
    }
    Slot& slot = slots_[index];
    ++slot.generation;  // never 0, so that no name is 0
    epoll_event event{};
    event.events = events;
    event.data.u64 = name_of(index, slot.generation);
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
        const int error = errno;
        free_slots_.push_back(static_cast<std::uint32_t>(index));
        throw std::system_error(error, std::generic_category(), "epoll_ctl: watch");
    }
    slot.fd = fd;
    slot.on_ready = std::move(on_ready);
    return event.data.u64;
}

void EventLoop::change(Watch watch, std::uint32_t events) {
    const Slot* slot = find(watch);
    if (slot == nullptr) return;
    epoll_event event{};
    event.events = events;
    event.data.u64 = watch;
    if (::epoll_ctl(epoll_, EPOLL_CTL_MOD, slot->fd, &event) != 0) throw_errno("epoll_ctl: change");
}

void EventLoop::unwatch(Watch watch) {
    Slot* slot = find(watch);
    if (slot == nullptr) return;
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, slot->fd, nullptr);
    slot->fd = -1;
    slot->on_ready = nullptr;
    free_slots_.push_back(static_cast<std::uint32_t>(slot_of(watch)));
}

EventLoop::Slot* EventLoop::find(Watch watch) {
    const std::size_t index = slot_of(watch);
    if (watch == 0 || index >= slots_.size()) return nullptr;
    Slot& slot = slots_[index];
    return slot.fd >= 0 && name_of(index, slot.generation) == watch ? &slot : nullptr;
}

}  // namespace pushsim::transport
