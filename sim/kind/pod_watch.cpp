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
    return running_ && options_.clock.now() - started_ >= std::chrono::seconds{3};
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

void PodWatch::work() {
    const auto stopping = [this] {
        const std::lock_guard lock(mutex_);
        return stopping_;
    };
    while (!stopping()) {
        auto talker = stack::Talker::start(
            {.command = options_.command, .environment = options_.environment, .errors = options_.errors});
        if (talker) {
            {
                const std::lock_guard lock(mutex_);
                pods_.clear();  // it begins with all there are
                started_ = options_.clock.now();
                running_ = true;
            }
            stack::Lines lines;
            while (!stopping()) {
                const auto text = talker->read(milliseconds{100});
                if (!text) break;
                const auto whole = lines.feed(*text);
                if (!whole) break;
                for (const std::string& line : *whole)
                    take(line);
            }
        }
        std::unique_lock lock(mutex_);
        running_ = false;
        if (!stopping_) changed_.wait_for(lock, milliseconds{500});
    }
}

}  // namespace pushsim::kind
