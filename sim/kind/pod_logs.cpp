#include "sim/kind/pod_logs.hpp"

#include <fstream>

#include "sim/stack/talker.hpp"

namespace pushsim::kind {

using std::chrono::milliseconds;

PodLogs::~PodLogs() {
    stopping_ = true;
    for (std::thread& thread : threads_)
        thread.join();
}

void PodLogs::follow(const Pod& pod, const std::filesystem::path& file, bool from_now) {
    const std::lock_guard lock(mutex_);
    Followed& one = followed_[pod.container];
    if (one.now) return;
    one.now = true;
    if (one.how.empty()) one.how = from_now ? "--tail=0" : "--tail=-1";
    // Where nothing has come what is written from here on is wanted all the same.
    const auto last = one.how == "--tail=0" ? std::optional(options_.clock.wall_now()) : std::nullopt;
    const stack::SignalsHeld for_other_threads;
    threads_.emplace_back([this, pod, file, how = one.how, last] { work(pod, file, how, last); });
}

void PodLogs::work(const Pod& pod, const std::filesystem::path& file, std::string how,
                   std::optional<WallTime> last) {
    std::ofstream out(file, std::ios::binary | std::ios::app);
    while (!stopping_) {
        auto talker = stack::Talker::start({.command = options_.command(pod, how),
                                            .environment = options_.environment,
                                            .errors = options_.errors});
        while (talker && !stopping_) {
            const auto text = talker->read(milliseconds{100});
            if (!text) break;
            if (text->empty()) continue;
            last = options_.clock.wall_now();
            out << *text << std::flush;
        }
        // The API server ended it, or it could not begin. A line may come twice, none is lost.
        if (last) how = "--since-time=" + to_rfc3339(*last - std::chrono::seconds{1});
        {
            const std::lock_guard lock(mutex_);
            if (stopping_ || !options_.runs(pod)) {
                followed_[pod.container] = {.now = false, .how = how};
                return;
            }
        }
        stack::wait_for(milliseconds{500});
    }
}

}  // namespace pushsim::kind
