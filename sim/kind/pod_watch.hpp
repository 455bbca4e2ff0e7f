#pragma once
// The cluster's pods as they are now: one kubectl lists them, and another that goes on tells what changes.

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
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
        std::vector<std::string> list;  ///< writes the text of parse_pod_list()
        /// Writes the lines of parse_pod_event(), from that version on; when it ends all are listed anew.
        std::function<std::vector<std::string>(const std::string& version)> watch;
        std::vector<std::pair<std::string, std::string>> environment;
        std::filesystem::path errors;
        std::function<void(const Pod&)> seen;  ///< from its own thread, at each list and change
    };
    explicit PodWatch(Options options);
    ~PodWatch();
    PodWatch(const PodWatch&) = delete;
    PodWatch& operator=(const PodWatch&) = delete;

    /// That are there, of one server; while it is not settled those that were.
    std::vector<Pod> of(const std::string& server) const;
    /// Whether what it knows is what there is: false until they are listed, and again when they have to be.
    bool settled() const;
    /// Until something changes, at most so long.
    void wait(Duration at_most) const;

  private:
    void work();
    bool stopping() const;
    /// What is taken from there on; nothing where they could not be listed.
    std::optional<std::string> list();
    void watch_from(const std::string& version);
    void take(const std::string& line);

    const Options options_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::map<std::string, Pod> pods_;  ///< by uid
    bool settled_ = false;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace pushsim::kind
