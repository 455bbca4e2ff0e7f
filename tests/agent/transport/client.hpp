#pragma once
// A loop on the system's clock, and exchanges that wait for their outcome.

#include <memory>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>

#include "agent/transport/connection.hpp"
#include "sim/core/clock.hpp"
#include "test_server.hpp"

namespace pushsim::transport {

/// For the names of parametrised tests.
inline void PrintTo(Scheme scheme, std::ostream* out) {
    *out << (scheme == Scheme::Http ? "http" : "https");
}

}  // namespace pushsim::transport

namespace pushsim::transport::testing {

/// The one CA of this test binary.
inline const pki::TestPki& test_pki() {
    static const pki::TestPki pki(core::SystemClock().wall_now());
    return pki;
}

inline pki::Credentials server_credentials(pki::CertificateKind kind = pki::CertificateKind::Valid) {
    return test_pki().issue(kind, pki::Role::Server, {"test server", {"localhost"}, {"127.0.0.1"}});
}

inline ServerTls server_tls(pki::CertificateKind kind = pki::CertificateKind::Valid) {
    return {.credentials = server_credentials(kind)};
}

inline std::shared_ptr<const TlsIdentity> trusting_identity() {
    static const auto identity = TlsIdentity::make({.ca_pem = test_pki().ca_certificate_pem()}).value();
    return identity;
}

inline HttpRequest get(const std::string& target = "/") {
    return {"GET", target, {{"accept", "*/*"}}, ""};
}

inline HttpRequest post(std::string body) {
    return {"POST", "/v3.0/sessions", {{"content-type", "application/json"}}, std::move(body)};
}

class Client {
  public:
    core::SystemClock clock;
    EventLoop loop{clock};

    static Endpoint plain(const TestServer& server) {
        return {.scheme = Scheme::Http, .host = "127.0.0.1", .port = server.port()};
    }
    static Endpoint tls(const TestServer& server) {
        return {.scheme = Scheme::Https, .host = "127.0.0.1", .port = server.port()};
    }

    /// The outcome; throws if there is none after 20 s, far beyond every deadline in these tests.
    Outcome exchange(Connection& connection, const HttpRequest& request,
                     const ExchangeOptions& options = {}) {
        std::optional<Outcome> outcome;
        connection.send(request, options, [&](Outcome came) { outcome = std::move(came); });
        if (!loop.run_until([&] { return outcome.has_value(); }, std::chrono::seconds{20})) {
            throw std::runtime_error("no outcome");
        }
        return *std::move(outcome);
    }

    /// One exchange on a connection of its own.
    Outcome once(const Endpoint& endpoint, const HttpRequest& request = get(),
                 const ExchangeOptions& options = {},
                 std::shared_ptr<const TlsIdentity> identity = trusting_identity()) {
        Connection connection(loop, endpoint, std::move(identity));
        return exchange(connection, request, options);
    }
};

/// The failure's word, or "answer 200", for comparisons that show what came.
inline std::string word(const Outcome& outcome) {
    return outcome.response ? "answer " + std::to_string(outcome.response->status)
                            : to_string(outcome.failure->kind);
}

inline std::string message(const Outcome& outcome) {
    return outcome.failure ? outcome.failure->message : "no failure";
}

}  // namespace pushsim::transport::testing
