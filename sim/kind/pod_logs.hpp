#pragma once
// Logs of the cluster's servers, brought into files of ours as they are written, over pods' ends.

#include <atomic>
#include <filesystem>
#include <functional>
#include <list>
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
class PodLogs {
  public:
    struct Options {
        /// A command that follows the log of a pod's container; `how` is for `kubectl logs`.
        std::function<std::vector<std::string>(const Pod&, const std::string& how)> command;
        std::vector<std::pair<std::string, std::string>> environment;
        std::filesystem::path errors;
        /// Whether that container still runs, as far as is known: then its log goes on after an end of the
        /// command. Called with a lock of ours.
        std::function<bool(const Pod&)> runs;
        const Clock& clock;
    };
    explicit PodLogs(Options options) : options_(std::move(options)) {}
    ~PodLogs();
    PodLogs(const PodLogs&) = delete;
    PodLogs& operator=(const PodLogs&) = delete;

    /// What the pod's container writes is added to `file`, all of it, or (`from_now`) what it writes from now
    /// on. Nothing where that container is followed already; one that was goes on where it ended.
    void follow(const Pod& pod, const std::filesystem::path& file, bool from_now);

  private:
    struct Followed {
        bool now = false;
        std::string how;  ///< it goes on
    };
    void work(const Pod& pod, const std::filesystem::path& file, std::string how,
              std::optional<WallTime> last);

    const Options options_;
    std::atomic<bool> stopping_ = false;
    std::mutex mutex_;
    std::map<std::string, Followed> followed_;  ///< by container
    std::list<std::thread> threads_;
};

}  // namespace pushsim::kind
