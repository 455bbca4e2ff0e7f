#pragma once
// What can be done to one server of the cluster while a scenario is played.

#include <functional>
#include <set>
#include <string>

#include "agent/base/result.hpp"
#include "sim/kind/run_traces.hpp"
#include "sim/kind/server_pods.hpp"
#include "sim/stack/acts.hpp"

namespace pushsim::kind {

/// One thread acts.
class ServerActs {
  public:
    /// `renew_certificate` puts a new one into the Secret of that server, and says what the history should.
    struct Options {
        ServerPods& pods;
        const Clock& clock;
        bool postgresql = false;
        std::function<Result<std::string>(const std::string& server)> renew_certificate;
    };
    explicit ServerActs(Options options) : options_(std::move(options)), pods_(options_.pods) {}

    /// `stop` scales to 0; `kill` is SIGKILL to all processes, and the pod deleted with grace 0, its workload
    /// scaled to 0; `start` scales to 1; `restart` is a roll-out; `pause` is SIGSTOP to all processes of the
    /// container but its first, which the kernel does not stop from inside; `cut_off` drops what comes to the
    /// node for the server's ports; `renew_certificate` changes the Secret and is a roll-out. Says how it
    /// went. ErrorKind::Usage where the server is not in a state for it; Stack, Interrupted.
    Result<std::string> act(stack::ServerAct what, stack::ServerName server);

    /// Whatever of it is cut off can be reached again; also what a run has left that was killed.
    Result<void> reconnect_all() const;

  private:
    Result<void> signal(const Pod& pod, const std::string& what) const;
    Result<std::string> stop(const std::string& server, const Pod& pod);
    Result<std::string> kill(const std::string& server, const Pod& pod);
    Result<std::string> start(const std::string& server);
    Result<std::string> restart(const std::string& server, const Pod& pod);
    Result<std::string> pause(const std::string& server, const Pod& pod);
    Result<std::string> resume(const std::string& server, const Pod& pod);
    Result<std::string> cut_off(const std::string& server);
    Result<std::string> reconnect(const std::string& server);
    Command on_node() const;
    Result<void> scale(const std::string& server, int replicas) const;

    const Options options_;
    ServerPods& pods_;
    std::set<std::string> cut_off_;
};

}  // namespace pushsim::kind
