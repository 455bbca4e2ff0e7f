#pragma once
// The CA of a maker of TPMs: certificates of their EKs.

#include <memory>
#include <string>

#include "agent/base/bytes.hpp"
#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/pki/pki.hpp"

namespace pushsim::pki {

/// Throws std::runtime_error where OpenSSL fails. Not thread-safe.
class EkAuthority {
  public:
    /// A new one, valid from 60 days before `now` to 10 years after.
    explicit EkAuthority(WallTime now);
    /// One that was kept; ErrorKind::Parse where that is no certificate with its key.
    static Result<EkAuthority> from(const Credentials& kept);
    ~EkAuthority();
    EkAuthority(EkAuthority&&) noexcept;
    EkAuthority& operator=(EkAuthority&&) noexcept;

    /// To be kept: with its key.
    Credentials credentials() const;

    /// DER of a certificate of that RSA key (TCG EK Credential Profile 2.x, 3.2), valid as long as the CA's
    /// is.
    Bytes issue(const std::string& ek_public_pem) const;

    /// Whether that certificate (PEM) is of that key, and signed by this authority.
    bool vouches(const std::string& certificate_pem, const std::string& ek_public_pem) const;

  private:
    struct Inner;
    explicit EkAuthority(std::unique_ptr<Inner> inner);
    std::unique_ptr<Inner> inner_;
};

}  // namespace pushsim::pki
