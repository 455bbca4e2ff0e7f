#pragma once
// HTTP for the tenant's calls and for probes: one exchange at a time, verified by SAN alone, bounded in all.

#include <filesystem>
#include <memory>
#include <optional>

#include "agent/base/http.hpp"
#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "agent/transport/exchange.hpp"
#include "sim/stack/address.hpp"

namespace pushsim::stack {

/// What was sent and what came of it, for the history.
struct Call {
    HttpRequest request;
    transport::Outcome outcome;
};

/// The answer of a call, or ErrorKind::Transport naming method, target, server and failure.
Result<HttpResponse> response_of(const Call& call, const HostPort& server);

/// ErrorKind::Stack: the server ("verifier") does not answer, why, and the way out.
Error no_answer(const std::string& server, const HostPort& where, const transport::Failure& failure);

struct TlsIdentity {
    std::filesystem::path ca_file;
    std::filesystem::path certificate;  ///< empty: none is shown
    std::filesystem::path key;
    bool verify_server = true;
};

/// Keeps one connection alive. Not thread-safe.
class AdminClient {
  public:
    /// `tls` absent: plain HTTP. `limit` bounds each exchange from connecting to the last octet.
    AdminClient(HostPort server, std::optional<TlsIdentity> tls, const Clock& clock,
                Duration limit = std::chrono::seconds{30});
    ~AdminClient();
    AdminClient(AdminClient&&) noexcept;
    AdminClient& operator=(AdminClient&&) noexcept;

    Call exchange(const HttpRequest& request);
    /// Ends the exchange under way, and every later one at once, with FailureKind::Cancelled. May be called
    /// from another thread.
    void cut();
    const HostPort& server() const;

  private:
    struct Inner;
    std::unique_ptr<Inner> inner_;
};

}  // namespace pushsim::stack
