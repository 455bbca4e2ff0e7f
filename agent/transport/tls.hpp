#pragma once
// Who an agent is and whom it trusts, for TLS.

#include <memory>
#include <string>
#include <vector>

#include "agent/base/result.hpp"

struct ssl_ctx_st;

namespace pushsim::transport {

/// Files or PEM texts; where both are given, both count (CAs) or it is an error (certificate, key).
struct TlsSettings {
    std::vector<std::string> ca_files = {};  ///< PEM files of trusted CAs
    std::string ca_pem = {};                 ///< PEM text of trusted CAs
    std::string certificate_file = {};  ///< client certificate and its chain, PEM, leaf first; empty for none
    std::string certificate_pem = {};
    std::string key_file = {};  ///< private key of the client certificate, PEM, not encrypted
    std::string key_pem = {};
};

/// One SSL_CTX, shared by any number of connections on any number of threads. Always: TLS 1.2 or newer, the
/// server's chain verified against the given CAs alone, ALPN http/1.1; sessions are continued by connections
/// that ask for it, each its own. There is no way to turn verification off.
class TlsIdentity {
  public:
    /// ErrorKind::Config, naming the file (or "ca_pem", …), for what cannot be read, holds no certificate or
    /// key, or does not fit together.
    static Result<std::shared_ptr<const TlsIdentity>> make(const TlsSettings& settings);

    ~TlsIdentity();
    TlsIdentity(const TlsIdentity&) = delete;
    TlsIdentity& operator=(const TlsIdentity&) = delete;

    ssl_ctx_st* context() const { return context_; }

  private:
    explicit TlsIdentity(ssl_ctx_st* context) : context_(context) {}

    ssl_ctx_st* context_;
};

}  // namespace pushsim::transport
