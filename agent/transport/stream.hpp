#pragma once
// A connected socket with or without TLS, non-blocking. Internal to transport.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "agent/base/result.hpp"
#include "agent/transport/exchange.hpp"
#include "agent/transport/resumption.hpp"
#include "agent/transport/server_check.hpp"
#include "agent/transport/tls.hpp"

namespace pushsim::transport {

/// What one attempt to read, write or shake hands came to.
struct Step {
    enum class Status {
        Done,       ///< `octets` were moved (or the handshake is done)
        WantRead,   ///< again when the socket is readable
        WantWrite,  ///< again when it is writable
        Closed,     ///< the peer closed its side in order
        Failed,     ///< failure() says why
    };
    Status status;
    std::size_t octets = 0;
};

/// Owns the socket. Never raises SIGPIPE, never blocks.
class Stream {
  public:
    /// A socket on the way to `address` (numeric). ConnectRefused or ConnectFailed where that fails at once.
    /// `source` is empty for the system's choice.
    static tl::expected<std::unique_ptr<Stream>, Failure> connect(const std::string& address,
                                                                  std::uint16_t port,
                                                                  const std::string& source);
    explicit Stream(int fd) : fd_(fd) {}
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    int fd() const { return fd_; }

    /// Once the socket is writable: Done, or Failed with ConnectRefused or ConnectFailed.
    Step finish_connect();

    /// TLS from here on. The identity must outlive the stream, and so must `resumption`, which has only seen
    /// servers of that name; null: no session is continued. Failed (Tls) for a name OpenSSL cannot check.
    Step start_tls(const TlsIdentity& identity, const std::string& server_name,
                   Resumption* resumption = nullptr);
    Step handshake();
    /// The handshake, which is done, continued an earlier session.
    bool resumed() const { return resumed_; }

    /// Takes in one TLS record at most. One that holds no data is WantRead, and the socket may well be
    /// readable still: nobody can keep the caller here by sending them without end.
    Step read(std::span<char> buffer);
    Step write(std::string_view octets);

    /// Whether an idle connection can carry another request: the peer has neither closed it nor sent
    /// anything, save a few TLS records without data.
    bool quiet();
    /// Gives back OpenSSL's buffers while nothing is under way. By itself it keeps one for writing when it
    /// has taken in a session ticket, until the next request (ssl3_setup_buffers() in its state machine).
    void rest();
    /// Says goodbye (close_notify) if that does not block.
    void say_goodbye();

    /// Why the last step failed; the message does not name the peer.
    const Failure& failure() const { return failure_; }

  private:
    struct FreeSsl {
        void operator()(ssl_st* ssl) const;
    };

    Step fail(FailureKind kind, std::string message);
    Step fail_errno(int error, const char* doing);
    Step ssl_step(int returned, const char* doing);

    int fd_;
    int last_errno_ = 0;  // of the last socket call beneath TLS
    bool shaken_ = false;
    bool resumed_ = false;
    Resumption* resumption_ = nullptr;
    ServerCheck check_{};
    std::unique_ptr<ssl_st, FreeSsl> ssl_;
    Failure failure_{FailureKind::Closed, ""};
};

}  // namespace pushsim::transport
