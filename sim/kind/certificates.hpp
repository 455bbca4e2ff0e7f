#pragma once
// The certificates of the two Kind clusters, as files and as Kubernetes Secrets. The key of the CA stays
// here.

#include <filesystem>
#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"

namespace pushsim::kind {

/// Where make_certificates() put them, in one folder (0700).
struct CertificateFiles {
    std::filesystem::path ca;  ///< ca/ca.crt, beside its key ca.key (0600)
    /// verifier, registrar and tenant, each with ca.crt, tls.crt and tls.key, as its Secret has them.
    std::filesystem::path verifier;
    std::filesystem::path registrar;
    std::filesystem::path tenant;
    std::filesystem::path infra_secrets;  ///< Secrets verifier-tls, registrar-tls, tenant-tls (0600)
    std::filesystem::path agents_secret;  ///< Secret keylime-ca: ca.crt alone
    bool ca_is_new = false;               ///< who trusted the one before does not trust these
};

/// ErrorKind::Config for one that is neither a host name nor an IP address.
Result<void> check_names(const std::vector<std::string>& names);

/// Certificates for both servers and the tenant: new ones at each call, of the CA that the folder has; only
/// without one that is made, too. Servers have all names by which clusters of Kind and this machine call
/// them, and `more`, host names or IP addresses, such as the address of a cluster's gateway.
/// ErrorKind::Config for a name that is none, or a CA that can issue nothing (expired, not its key): remove
/// the folder, and whoever trusts it is to be given the new one; System, naming the file.
Result<CertificateFiles> make_certificates(const std::filesystem::path& folder,
                                           const std::vector<std::string>& more, WallTime now);

/// Of what renew_certificate() made.
struct RenewedCertificate {
    std::filesystem::path secrets;  ///< CertificateFiles::infra_secrets
    std::string serial;             ///< upper-case hexadecimal
};

/// A new certificate of the same CA for `server` (verifier, registrar) in a folder of make_certificates(),
/// for the names that it had. Errors as there.
Result<RenewedCertificate> renew_certificate(const std::filesystem::path& folder, const std::string& server,
                                             WallTime now);

}  // namespace pushsim::kind
