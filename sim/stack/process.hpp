#pragma once
// Server processes, each the leader of a session and process group of its own, and what /proc knows of them.

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"

namespace pushsim::stack {

/// A process that is meant, not just its number, which the system uses again.
struct ProcessId {
    pid_t pid = 0;
    std::uint64_t start_time = 0;  ///< /proc/PID/stat, field 22: clock ticks since boot

    bool operator==(const ProcessId&) const = default;
};

/// The process that has this number now; nothing if none has. A zombie counts as a process.
std::optional<ProcessId> process_now(pid_t pid);
/// The same process still exists and is not a zombie.
bool is_running(const ProcessId& process);
/// This boot of this machine and this space of process numbers; a ProcessId means nothing in another.
std::string boot_identity();
ProcessId own_process();

/// Signals to this thread wait while one of these lives; threads made meanwhile never get any. So a signal
/// handler never finds a process that was started and is not known to it yet. A handler that another thread
/// runs asks put_off().
class SignalsHeld {
  public:
    SignalsHeld();
    ~SignalsHeld();
    SignalsHeld(const SignalsHeld&) = delete;
    SignalsHeld& operator=(const SignalsHeld&) = delete;

    /// True where one of these lives in any thread; then `signal` is raised again when the last is gone. For
    /// signal handlers: async-signal-safe.
    static bool put_off(int signal);

  private:
    sigset_t before_{};
};

/// Of a process that was sent SIGSTOP: it runs nothing more of its program. It is stopped, or it waits
/// uninterruptibly in the kernel (as after vfork(), for a child that is stopped itself) and stops before it
/// leaves it.
bool is_stopped(const ProcessId& process);
/// Living processes of a group.
std::vector<ProcessId> group_members(pid_t group);
/// Living children of a process, in whatever group they are.
std::vector<ProcessId> children_of(pid_t parent);
/// Living processes whose environment has NAME=VALUE and which we may look at.
std::vector<ProcessId> processes_with_environment(const std::string& name, const std::string& value);

/// Signals a process without a race against its number being used again. False if it is gone.
bool signal_process(const ProcessId& process, int signal);

/// A person asked to stop; called between short waits.
using StopAsked = std::function<bool()>;

/// Waits without burning CPU; ends early when `descriptor` (e.g. a pidfd; -1 for none) becomes readable.
void wait_for(Duration duration, int descriptor = -1);

/// A file that we may run.
bool is_program(const std::filesystem::path& file);
/// Where a program is: the first that may be run in the folders of PATH.
std::optional<std::filesystem::path> in_path(const std::string& program);

/// The variables of our environment.
std::vector<std::pair<std::string, std::string>> own_environment();

struct Program {
    std::vector<std::string> command;                              ///< program (absolute path) and arguments
    std::vector<std::pair<std::string, std::string>> environment;  ///< all of it
    std::filesystem::path folder;                                  ///< working directory
    std::filesystem::path log;                                     ///< standard output and error, appended
    int talk = -1;  ///< a socket of ours in place of standard input and output
};

/// A child of ours that leads a process group. The destructor does not end it.
class ServerProcess {
  public:
    /// In a session of its own, standard input /dev/null or `talk`, default signal handling.
    /// ErrorKind::System.
    static Result<ServerProcess> start(const Program& program);

    ServerProcess(ServerProcess&& other) noexcept;
    ServerProcess& operator=(ServerProcess&& other) noexcept;
    ~ServerProcess();

    const ProcessId& id() const { return id_; }
    /// Readable when the leader ends.
    int descriptor() const { return descriptor_; }
    /// How the leader ended ("exit status 1", "signal 9 (Killed)"); nothing while it lives. One system call.
    std::optional<std::string> ended();
    /// To every process of the group.
    void signal_group(int signal) const;
    /// No process of the group is left; the leader has been waited for.
    bool group_gone();

  private:
    ServerProcess(ProcessId id, int descriptor) : id_(id), descriptor_(descriptor) {}
    ProcessId id_;
    int descriptor_ = -1;
    bool reaped_ = false;
    std::string how_;
};

/// SIGTERM to all, also to those that are stopped, SIGKILL to what is left after `patience`; returns when all
/// are gone. False if a process outlived SIGKILL by 2 s.
bool end_processes(const std::vector<ProcessId>& processes, Duration patience, const Clock& clock);

/// What a short program wrote to standard output; its errors go to /dev/null. ErrorKind::System if it cannot
/// be run, fails, has not ended and closed its output after `limit`, or writes more than 1 MiB; its process
/// group is then killed.
Result<std::string> run_program(const std::vector<std::string>& command,
                                const std::vector<std::pair<std::string, std::string>>& extra_environment,
                                Duration limit);

}  // namespace pushsim::stack
