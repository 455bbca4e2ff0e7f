#pragma once
// X.509 certificates with OpenSSL, one level below the kinds. Internal to sim/pki.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "agent/base/bytes.hpp"
#include "agent/base/time.hpp"
#include "sim/pki/pki.hpp"

namespace pushsim::pki {

struct FreeKey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeCertificate {
    void operator()(X509* certificate) const { X509_free(certificate); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using Certificate = std::unique_ptr<X509, FreeCertificate>;

/// What goes into a certificate (RFC 5280).
struct Contents {
    std::string common_name;
    std::vector<std::string> dns{};
    std::vector<std::string> ip{};
    WallTime not_before{};
    WallTime not_after{};
    bool is_ca = false;
    std::string extended_usage{};  ///< "serverAuth", "clientAuth" or an OID; empty for CAs
    bool is_ek = false;            ///< usage and names as in TCG EK Credential Profile 2.x, 3.2
};

/// A key, and a certificate that it has signed itself.
struct Authority {
    Key key;
    Certificate certificate;
    std::string pem;
};

/// All of these throw std::runtime_error with OpenSSL's reason where it fails.
Key make_key(KeyType type);
/// `issuer` null: signed by its own key.
/// Valid from 60 days before `now` to 10 years after.
Authority make_authority(const std::string& name, WallTime now, KeyType keys);
/// What was made earlier, of its certificate and key in PEM; nothing where they do not belong together.
std::optional<Authority> authority_from(const Credentials& kept);
Certificate make_certificate(const Contents& contents, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key);
std::string to_pem(const X509* certificate);
std::string to_pem(const EVP_PKEY* key);
Bytes to_der(const X509* certificate);
// Null for what is none.
Certificate certificate_from_pem(const std::string& pem);
Key private_key_from_pem(const std::string& pem);
Key public_key_from_pem(const std::string& pem);

}  // namespace pushsim::pki
