#pragma once
// One request and what came of it.

#include <optional>
#include <string>

#include "agent/base/http.hpp"
#include "agent/base/time.hpp"

namespace pushsim::transport {

/// Why no complete answer came. The words are those of histories and reports.
enum class FailureKind {
    ConnectRefused,  ///< nobody listens there
    ConnectFailed,   ///< any other failure to connect (no route, source address not ours, no descriptors)
    Certificate,     ///< the server's certificate or host name did not verify
    Tls,             ///< any other failure of the handshake or of the TLS layer
    Timeout,         ///< the deadline of the exchange passed
    Closed,          ///< the peer closed before the answer was complete
    Reset,           ///< the peer reset the connection
    Malformed,       ///< the answer is not HTTP/1.1
    TooLarge,        ///< header or body over its bound
    Cancelled,       ///< we gave up ourselves
};
const char* to_string(FailureKind kind);  ///< "connect_refused", "timeout", …

struct Failure {
    FailureKind kind;
    std::string message;  ///< names the peer and what was seen, for a person
};

/// Durations of the phases of one exchange; absent where the phase did not happen (connection re-used,
/// failure).
struct Timings {
    Instant start{};                  ///< when the exchange was handed to the transport
    std::optional<Duration> connect;  ///< TCP, with the addresses that were tried before
    std::optional<Duration> tls;      ///< handshake
    std::optional<Duration> send;     ///< first to last octet written
    std::optional<Duration> wait;     ///< last octet written to first octet read
    std::optional<Duration> receive;  ///< first to last octet read
    Duration total{};
};

struct Outcome {
    std::optional<HttpResponse> response;  ///< set: a complete answer came; else `failure` says why not
    std::optional<Failure> failure;
    Timings timings;
    bool reused_connection = false;
    bool resumed_session = false;  ///< the TLS handshake of this exchange continued an earlier session
};

}  // namespace pushsim::transport
