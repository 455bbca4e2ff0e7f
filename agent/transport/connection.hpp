#pragma once
// One agent's connection to one server: HTTP/1.1 over TCP or TLS, kept alive between exchanges.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "agent/base/http.hpp"
#include "agent/transport/endpoint.hpp"
#include "agent/transport/exchange.hpp"
#include "agent/transport/loop.hpp"
#include "agent/transport/tls.hpp"

namespace pushsim::transport {

class Exchanger;

struct ExchangeOptions {
    /// For the whole: connect, handshake, request and answer.
    Duration deadline = std::chrono::seconds{30};
    /// Status lines and headers, those of interim (1xx) answers included.
    std::size_t max_header_bytes = std::size_t{64} * 1024;
    /// 1 MiB + 3 × the request's body when absent: the verifier echoes evidence.
    std::optional<std::size_t> max_body_bytes = {};
};

struct ConnectionOptions {
    /// Whether it is kept for further exchanges. If not, it is closed in order after each answer.
    bool keep_alive = true;
    /// Whether a new socket continues the TLS session of the one before, where the server takes it: no
    /// certificate is shown then, for the one that was verified still counts.
    bool resume_sessions = false;
};

/// Opens a socket with the first exchange and whenever there is none; keeps it where both sides allow. For
/// the loop's thread alone.
///
/// A request is never sent twice. If the server has closed the idle connection by the time of send(), a new
/// one is opened; if it closes later, the outcome is Closed or Reset with `reused_connection` set, and the
/// caller, who knows whether a repetition does harm, decides.
class Connection {
  public:
    using Done = std::function<void(Outcome)>;

    /// Resolves `endpoint` (see resolve(): a name without addresses blocks here); where that fails every
    /// exchange ends with ConnectFailed. The loop must outlive the connection. `identity` may be null for
    /// http. Throws std::invalid_argument for https without identity.
    Connection(EventLoop& loop, const Endpoint& endpoint, std::shared_ptr<const TlsIdentity> identity,
               const ConnectionOptions& options = {});
    /// Closes. An exchange under way is dropped, its `done` never called.
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Begins an exchange; `done` is called exactly once, from the loop, never from within send(). It may
    /// send again or destroy the connection. Throws std::logic_error while another exchange is under way and
    /// std::invalid_argument for a request that is no HTTP (line breaks in it).
    void send(const HttpRequest& request, const ExchangeOptions& options, Done done);

    /// Ends the exchange under way with Cancelled (`done` is called from the loop) and its connection.
    void cancel();
    /// Ends the exchange under way, and its connection, at once: what came of it, Cancelled unless its end
    /// stood already, and `done` is never called. Nothing where there is none.
    std::optional<Outcome> give_up();
    /// Closes an idle connection in order (TLS close_notify, FIN); an exchange under way is cancelled. The
    /// next send() opens a new one.
    void close();

    bool busy() const;                       ///< an exchange is under way
    bool connected() const;                  ///< there is a socket, ready or being made
    std::uint64_t connections_made() const;  ///< how often a connection (with TLS: a handshake) succeeded

  private:
    std::shared_ptr<Exchanger> exchanger_;
};

}  // namespace pushsim::transport
