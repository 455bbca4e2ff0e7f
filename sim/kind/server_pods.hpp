#pragma once
// The pods of the cluster's servers: asked of and told to kubectl, watched, awaited, their logs brought here.

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/kind/infra.hpp"
#include "sim/kind/named_cluster.hpp"
#include "sim/kind/pod_logs.hpp"
#include "sim/kind/pod_watch.hpp"
#include "sim/kind/tools.hpp"

namespace pushsim::kind {

/// For a pod to end: its grace is 15 s.
inline constexpr std::chrono::seconds gone_limit{60};

/// "5.3 s".
std::string in_seconds(Duration duration);

/// A server as acts have left it.
struct ServerNow {
    enum class State { Unknown, Up, Down, Paused };
    State state = State::Unknown;
    Pod pod = {};  ///< where it is Up or Paused
};

/// Servers are called by the name of their container: verifier, registrar, postgresql. One thread at a time
/// calls what changes something or waits; any may look, and cut().
class ServerPods {
  public:
    struct Options {
        InfraState state;
        Tools tools;
        stack::StackAddress address;  ///< where the node's ports are
        const Clock& clock;
        stack::StopAsked stop_asked;
    };
    explicit ServerPods(Options options);
    ~ServerPods();
    ServerPods(const ServerPods&) = delete;
    ServerPods& operator=(const ServerPods&) = delete;

    // kubectl.

    /// The words that run kubectl for as long as it goes on.
    std::vector<std::string> command(std::vector<std::string> words) const;
    const std::vector<std::pair<std::string, std::string>>& environment() const { return environment_; }
    /// In the namespace of the servers; what it printed. ErrorKind::Stack, Interrupted.
    Result<std::string> kubectl(std::vector<std::string> words) const;
    /// The node's, by which others reach it; none of a database.
    std::vector<std::string> ports_of(const std::string& server) const;
    /// A command on the cluster's node. As kubectl().
    Result<std::string> on_node(const std::vector<std::string>& command) const;

    /// What waits ends soon, with ErrorKind::Interrupted, until uncut(); as where a person asks to stop.
    void cut() { cut_ = true; }
    void uncut() { cut_ = false; }
    bool is_cut() const { return cut_; }
    /// While it is there nothing is cut, for what has to be put back.
    class Patiently {
      public:
        explicit Patiently(ServerPods& pods) : pods_(pods) { pods_.patient_ = true; }
        ~Patiently() { pods_.patient_ = false; }
        Patiently(const Patiently&) = delete;
        Patiently& operator=(const Patiently&) = delete;

      private:
        ServerPods& pods_;
    };

    // Pods, once they are watched.

    /// Returns when those that are there are known. ErrorKind::Stack, Interrupted.
    Result<void> watch();
    std::vector<Pod> of(const std::string& server) const { return watch_->of(server); }
    bool is_there(const Pod& pod) const;
    /// Whether what is told is what there is.
    bool settled() const { return watch_->settled(); }
    /// Until something changes, a moment at most. ErrorKind::Interrupted.
    Result<void> wait() const;
    /// Deleted with grace 0. Its end is not awaited: what its volumes need takes ten seconds and more.
    Result<void> forget(const Pod& pod) const;
    /// Until its container has ended, in order; then the pod goes. ErrorKind::Stack, Interrupted.
    Result<void> wait_ended(const Pod& pod) const;
    /// After something that starts it, until a pod that is none of `before` is ready and the node's port
    /// leads to it. How long each took since `began`. ErrorKind::Stack (with its pod, why, and the way out),
    /// Interrupted.
    Result<std::string> wait_up(const std::string& server, const std::vector<Pod>& before, Instant began);

    ServerNow now(const std::string& server) const;
    void set(const std::string& server, ServerNow::State state);

    // Logs.

    /// Of all servers into `folder`, which is made, in place of the folder before: what pods write from now
    /// on, or
    /// (`all`) what each has written. ErrorKind::System.
    Result<void> log_into(const std::filesystem::path& folder, bool all);
    bool logs() const;
    /// Empty where none is kept.
    std::filesystem::path log_file(const std::string& server) const;
    std::string end_of_log(const std::string& server) const;

  private:
    bool stop_wanted() const;
    void follow(const Pod& pod);
    Result<Pod> wait_ready(const std::string& server, const std::vector<Pod>& before) const;
    Error why_not_ready(const std::string& server, const std::optional<Pod>& last) const;
    Result<void> wait_answers(const std::string& server) const;

    const Options options_;
    const std::vector<std::pair<std::string, std::string>> environment_;
    const NamedCluster cluster_;
    std::atomic<bool> cut_ = false;
    std::atomic<bool> patient_ = false;

    mutable std::mutex mutex_;  ///< for moments: what follows
    std::map<std::string, ServerNow> servers_;
    std::filesystem::path folder_;  ///< of the logs; empty: none are kept
    bool from_now_ = false;

    std::unique_ptr<PodWatch> watch_;  ///< its thread uses what stands above, and the logs
    std::unique_ptr<PodLogs> logs_;    ///< its threads use the watch
};

}  // namespace pushsim::kind
