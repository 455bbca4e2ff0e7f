#pragma once
// The servers of a local stack: started, watched, acted on, ended. Used by LocalStack alone.

#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/stack/acts.hpp"
#include "sim/stack/local_stack.hpp"
#include "sim/stack/registry.hpp"
#include "sim/stack/server.hpp"

namespace pushsim::stack {

/// What servers need of their stack.
struct Surroundings {
    const Registry& registry;
    const Clock& clock;
    std::filesystem::path runtime;  ///< where their managers have their sockets
    Duration start_limit;           ///< of each start anew
    StopAsked stop_asked;
    GroupsChanged groups_changed;
};

/// Keeps `record.groups` as they are, in the registry too. One thread starts and ends them; act() may come
/// from any thread, one after the other; poll() from any thread, and is never behind an act for long.
class Servers {
  public:
    Servers(StackRecord& record, Surroundings surroundings)
        : record_(record), around_(std::move(surroundings)) {}

    /// Starts its process and makes it known; does not wait until it is ready.
    Result<void> launch(ServerName name, Program program);
    /// Runs a program that ends, which prepares `name`. ErrorKind::Stack with its log where it fails.
    Result<void> prepare(ServerName name, const Program& program, Instant limit);
    /// Waits for all that were launched. ErrorKind::Stack (one died, or its port was taken), Interrupted.
    Result<void> wait_ready(Instant limit);
    /// One of them said that somebody else has its port.
    bool lost_a_port();
    /// As Server::api_version() of the registrar.
    const std::string& api_version() const;

    /// ErrorKind::Usage where it is not in a state for that; Stack where it does not come up, or died before
    /// by itself; Interrupted after cut().
    Result<void> act(ServerAct act, ServerName name);
    /// The first that died by itself.
    std::optional<Error> poll();
    /// Number of its leader's process; nothing while it does not run.
    std::optional<pid_t> pid(ServerName name);

    /// An act that is under way ends soon, ErrorKind::Interrupted, and none is begun any more.
    void cut() { ending_ = true; }
    /// As cut(); ends all, and lets none be started again. SIGKILL after `patience`, or as soon as `hurry`
    /// says so.
    Result<void> end(Duration patience, const StopAsked& hurry = {});
    /// As end(), but they may be launched again.
    Result<void> end_to_start_anew(Duration patience, const StopAsked& hurry = {});
    /// They live on, for others to end; the record says so.
    Result<void> let_go();

  private:
    struct Slot {
        Program program;  ///< with which it is started again
        /// None while it does not run. Whoever acts on it takes it out, so that nobody else touches it.
        std::optional<Server> server;
        bool paused = false;
    };

    Result<Server> start_process(ServerName name, const Program& program);
    Result<void> wait_ready(const std::vector<Server*>& wanted, Instant limit);
    /// Gone when it returns, and known to nobody any more.
    Result<void> end_one(Slot& slot, Server server, Duration patience);
    void forget(const std::vector<ProcessId>& processes);
    Result<void> tell();

    bool stop_wanted() const { return ending_ || (around_.stop_asked && around_.stop_asked()); }
    /// The server in `slot`, which runs; call with `state_` locked. ErrorKind::Usage, Stack.
    static Result<Server*> running(Slot& slot, ServerName name);

    Result<void> take_down(Slot& slot, ServerName name, Duration patience);
    Result<void> bring_up(Slot& slot, ServerName name);
    Result<void> pause(Slot& slot, ServerName name);
    Result<void> resume(Slot& slot, ServerName name);

    StackRecord& record_;
    const Surroundings around_;
    std::mutex acting_;  ///< for as long as an act lasts
    std::mutex state_;   ///< for moments: `slots_`, `record_.groups`
    std::map<ServerName, Slot> slots_;
    std::atomic<bool> ending_ = false;
};

}  // namespace pushsim::stack
