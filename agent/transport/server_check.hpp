#pragma once
// Whether a server's certificate is the one wanted, and in words why not.

#include <string>

struct ssl_st;
struct x509_store_ctx_st;

namespace pushsim::transport {

/// What was found wrong with the server's chain; lives as long as the SSL object it is attached to.
struct ServerCheck {
    std::string server_name;  ///< DNS name or IP address that must be among the certificate's SANs
    std::string refusal{};    ///< why the certificate was refused; empty if it was not
};

/// Has the handshake of `ssl` demand that name, in a SAN and never in the common name (RFC 9110, 4.3.4), and
/// note in `check` why it refused. Sends SNI for names (RFC 6066: not for addresses). False if OpenSSL
/// refuses the name.
bool expect_server(ssl_st* ssl, ServerCheck& check);

/// Why a verification failed, with the names of the certificate where `wanted` is not among them: for a
/// person, without the server's name.
std::string why_refused(x509_store_ctx_st* store, const std::string& wanted);

}  // namespace pushsim::transport
