#include "sim/kind/pod_watch.hpp"

#include "sim/stack/talker.hpp"

namespace pushsim::kind {

using std::chrono::milliseconds;

PodWatch::PodWatch(Options options) : options_(std::move(options)) {
    const stack::SignalsHeld for_other_threads;
    thread_ = std::thread([this] { work(); });
}

PodWatch::~PodWatch() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

std::vector<Pod> PodWatch::of(const std::string& server) const {
    const std::lock_guard lock(mutex_);
    std::vector<Pod> found;
    for (const auto& [uid, pod] : pods_) {
        if (pod.server == server) found.push_back(pod);
    }
    return found;
}

bool PodWatch::settled() const {
    const std::lock_guard lock(mutex_);
    return settled_;
}

void PodWatch::wait(Duration at_most) const {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, at_most);
}

void PodWatch::take(const std::string& line) {
    const auto event = parse_pod_event(line);
    if (!event) return;
    {
        const std::lock_guard lock(mutex_);
        if (event->gone) {
            pods_.erase(event->pod.uid);
        } else {
            pods_[event->pod.uid] = event->pod;
        }
    }
    changed_.notify_all();
    if (!event->gone) options_.seen(event->pod);
}

bool PodWatch::stopping() const {
    const std::lock_guard lock(mutex_);
    return stopping_;
}

std::optional<std::string> PodWatch::list() {
    auto talker = stack::Talker::start(
        {.command = options_.list, .environment = options_.environment, .errors = options_.errors});
    if (!talker) return std::nullopt;
    std::string said;
    while (const auto text = talker->read(milliseconds{100})) {
        if (stopping()) return std::nullopt;
        said += *text;
    }
    const auto all = parse_pod_list(said);
    if (!all) return std::nullopt;
    {
        const std::lock_guard lock(mutex_);
        pods_.clear();
        for (const Pod& pod : all->pods)
            pods_[pod.uid] = pod;
        settled_ = true;
    }
    changed_.notify_all();
    for (const Pod& pod : all->pods)
        options_.seen(pod);
    return all->version;
}

void PodWatch::watch_from(const std::string& version) {
    auto talker = stack::Talker::start(
        {.command = options_.watch(version), .environment = options_.environment, .errors = options_.errors});
    if (!talker) return;
    stack::Lines lines;
    while (!stopping()) {
        const auto text = talker->read(milliseconds{100});
        if (!text) return;
        const auto whole = lines.feed(*text);
        if (!whole) return;
        for (const std::string& line : *whole)
            take(line);
    }
}

void PodWatch::work() {
    while (!stopping()) {
        if (const auto version = list()) watch_from(*version);
        std::unique_lock lock(mutex_);
        settled_ = false;
        if (!stopping_) changed_.wait_for(lock, milliseconds{500});
    }
}

}  // namespace pushsim::kind
