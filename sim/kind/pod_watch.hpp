#pragma once
// The cluster's pods as they are now, told by one kubectl that goes on.

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agent/base/time.hpp"
#include "sim/kind/pods.hpp"

namespace pushsim::kind {

/// Safe to use from any thread.
class PodWatch {
  public:
    struct Options {
        std::vector<std::string>
            command;  ///< writes the lines of parse_pod_event(); started anew when it ends
        std::vector<std::pair<std::string, std::string>> environment;
        std::filesystem::path errors;
        std::function<void(const Pod&)> seen;  ///< from its own thread, at each change
        const Clock& clock;
    };
    explicit PodWatch(Options options);
    ~PodWatch();
    PodWatch(const PodWatch&) = delete;
    PodWatch& operator=(const PodWatch&) = delete;

    /// That are there, of one server.
    std::vector<Pod> of(const std::string& server) const;
    /// Whether what it does not know is not there: false for three seconds after each start of its program.
    bool settled() const;
    /// Until something changes, at most so long.
    void wait(Duration at_most) const;

  private:
    void work();
    void take(const std::string& line);

    const Options options_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::map<std::string, Pod> pods_;  ///< by uid
    Instant started_{};
    bool running_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace pushsim::kind
