#pragma once
// The real registrar and verifier, on loopback, with SQLite or a PostgreSQL of their own: written, started,
// watched, acted on, stopped.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/pki/pki.hpp"
#include "sim/stack/acts.hpp"
#include "sim/stack/address.hpp"
#include "sim/stack/config.hpp"
#include "sim/stack/install.hpp"
#include "sim/stack/ports.hpp"
#include "sim/stack/process.hpp"
#include "sim/stack/registry.hpp"
#include "sim/stack/running_stack.hpp"

namespace pushsim::stack {

/// Whose certificates the servers show.
enum class Certificates {
    Own,      ///< a CA of sim/pki; both servers start at the same time
    Keylime,  ///< Keylime's `tls_dir = generate`; the registrar starts after the verifier
};

/// Where the servers keep what they know.
enum class Databases {
    Sqlite,      ///< files in run/
    Postgresql,  ///< a cluster of the stack's own, in /tmp; it is gone with the stack
};

/// Told the process groups of the servers that run: right after each is started, when one is gone, and (none)
/// when all are or live on for others; in the thread that does it, while SignalsHeld. For whoever must be
/// able to kill them at any instant.
using GroupsChanged = std::function<void(std::span<const pid_t> groups)>;

struct LocalStackOptions {
    KeylimeInstall keylime;
    /// The stack's folder, made (0700) when missing: etc/, run/, xdg/, tls/, verifier.log, registrar.log,
    /// database.log. What an earlier stack left in it is kept: SQLite's databases are used again, logs are
    /// appended to; our own CA is made anew each time.
    std::filesystem::path folder;
    Options verifier;  ///< Keylime's names and texts; a `tls_dir` here wins over `certificates`
    Options registrar;
    std::optional<Certificates> certificates;                               ///< not asked for: Own
    pki::CertificateKind server_certificate = pki::CertificateKind::Valid;  ///< with Certificates::Own
    /// Processes of the verifier that serve requests, in place of `max_workers`. More than there are
    /// processors need a changed start, which the address names.
    std::optional<int> workers;
    Databases databases = Databases::Sqlite;          ///< a `database_url` in the options wins over it
    AskedPorts ports;                                 ///< also taken from `port`, `tls_port` in the options
    Duration start_limit = std::chrono::seconds{60};  ///< also of each server that is started again
    StopAsked stop_asked;                             ///< checked while starting; then ErrorKind::Interrupted
    GroupsChanged groups_changed;
};

/// Owns the servers' process groups. While one thread is in act(), others may call act(), poll(), address(),
/// folder(), pid() and cut_acts(), and one may call stop() or kill(), which cut it short; the rest is for one
/// thread.
class LocalStack : public RunningStack {
  public:
    /// Returns when both servers live, say in their own logs that they listen, and answer. Nothing is left
    /// running after an error: ErrorKind::Config (files, options), Stack (a server died, with the cause from
    /// its log and the way out), System, Interrupted.
    static Result<std::unique_ptr<LocalStack>> start(const LocalStackOptions& options,
                                                     const Registry& registry, const Clock& clock);

    /// Stops, unless kept.
    ~LocalStack() override;

    const StackAddress& address() const override;
    const std::filesystem::path& folder() const;
    /// From the call of start() to ready.
    Duration start_time() const;
    /// Process id of a server's group leader; nothing while it does not run.
    std::optional<pid_t> pid(ServerName server);

    /// Does it to one server, and returns when it is done: seconds for most; acts come one after the other. A
    /// server that is stopped, killed or paused stays so until it is started or resumed, or the stack ends.
    /// ErrorKind::Usage where the server is not in a state for it, or there is none of that name; Stack, with
    /// the server's log, where it does not come up again or had died by itself before; Interrupted when a
    /// person asks to stop, or cut_acts() or stop() is called, meanwhile.
    Result<void> act(ServerAct what, ServerName server);
    Result<std::string> act_on(ServerAct what, ServerName server) override;

    /// For who waits for act() and has no time: it ends soon, and none is begun any more.
    void cut_acts() override;

    /// Nothing while the servers live that nobody has stopped; else ErrorKind::Stack: which died, how, and
    /// what its log said last. Cheap enough to call ten times a second.
    std::optional<Error> poll() override;

    /// SIGTERM to each group, SIGKILL after 12 s or as soon as `hurry` says so (a second Ctrl-C); returns
    /// when no process is left. Idempotent. ErrorKind::System if a process could not be ended.
    Result<void> stop(const StopAsked& hurry = {});
    /// As stop(), without patience: SIGKILL at once.
    Result<void> kill();

    /// The stack lives on when this object and this process end (`pushsim stack up`).
    Result<void> keep();

  private:
    struct Inner;
    explicit LocalStack(std::unique_ptr<Inner> inner);
    std::unique_ptr<Inner> inner_;
};

}  // namespace pushsim::stack
