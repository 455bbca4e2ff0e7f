#pragma once
// One server of a local stack while it starts and runs. Used by Servers alone.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/stack/acts.hpp"
#include "sim/stack/address.hpp"
#include "sim/stack/admin_client.hpp"
#include "sim/stack/process.hpp"

namespace pushsim::stack {

class Server {
  public:
    static Result<Server> start(ServerName name, const Program& program);

    ServerName name() const { return name_; }
    /// Its leader.
    const ProcessId& id() const { return process_.id(); }
    /// Readable when the leader ends.
    int descriptor() const { return process_.descriptor(); }

    /// To all of its processes. A database gets no SIGTERM but SIGINT: it would wait for its clients.
    void signal(int signal);
    /// How its leader ended; nothing while it lives.
    std::optional<std::string> ended() { return process_.ended(); }
    /// None of its processes is left; the leader has been waited for.
    bool gone();
    /// Those that live.
    std::vector<ProcessId> processes() const;
    /// Those of them that lead groups of their own, without the leader: all that PostgreSQL starts.
    std::vector<ProcessId> other_leaders() const;

    /// Nothing while its leader lives; else which server died, how, why, and the way out. `when` stands in
    /// the message.
    std::optional<Error> check_alive(const std::string& when);
    /// Its own log says that it listens, and it answers GET /version. The log first: another stack may answer
    /// on that port.
    bool is_ready(const StackAddress& address, const Clock& clock);
    /// The error of a server that lives, but was not ready after `waited`.
    Error not_ready(Duration waited) const;
    /// Its own log says that somebody else has its port; dead or not, it will not listen.
    bool lost_its_port() const;
    /// The error of such a one that lives.
    std::optional<Error> check_port() const;
    /// What the registrar and we speak (protocol::choose_registrar_version); "2.6" until it answered.
    const std::string& api_version() const { return api_version_; }

  private:
    Server(ServerName name, ServerProcess process, std::filesystem::path log, std::uint64_t log_start)
        : name_(name), process_(std::move(process)), log_(std::move(log)), log_start_(log_start) {}
    /// What it has written since it was started; only the end of it where that is long.
    std::string own_log() const;

    ServerName name_;
    ServerProcess process_;
    std::filesystem::path log_;
    std::uint64_t log_start_;
    std::vector<ProcessId> signalled_;  ///< other leaders, which may outlive the leader
    bool listening_ = false;
    std::string api_version_ = "2.6";
    std::string last_probe_;
};

}  // namespace pushsim::stack
