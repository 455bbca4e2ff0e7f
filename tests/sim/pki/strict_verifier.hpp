#pragma once
// Certificates as a strict verifier sees them: OpenSSL's chain building, by hand, without a connection.

#include <chrono>
#include <memory>
#include <string>

#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "sim/pki/pki.hpp"

namespace pushsim::pki::test {

struct Free {
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(BIO* bio) const { BIO_free(bio); }
    void operator()(X509_STORE* store) const { X509_STORE_free(store); }
    void operator()(X509_STORE_CTX* context) const { X509_STORE_CTX_free(context); }
};

inline std::unique_ptr<X509, Free> read_certificate(const std::string& pem) {
    const std::unique_ptr<BIO, Free> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    return std::unique_ptr<X509, Free>(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

inline std::unique_ptr<EVP_PKEY, Free> read_key(const std::string& pem) {
    const std::unique_ptr<BIO, Free> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    return std::unique_ptr<EVP_PKEY, Free>(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
}

/// X509_V_OK or the error, verifying strictly at `now` for the role and, if not empty, the name.
inline int verify(const std::string& ca, const std::string& certificate, Role role, WallTime now,
                  const std::string& host, const std::string& ip = "") {
    const std::unique_ptr<X509_STORE, Free> store(X509_STORE_new());
    X509_STORE_add_cert(store.get(), read_certificate(ca).get());
    const auto leaf = read_certificate(certificate);
    const std::unique_ptr<X509_STORE_CTX, Free> context(X509_STORE_CTX_new());
    X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), nullptr);
    X509_STORE_CTX_set_default(context.get(), role == Role::Server ? "ssl_server" : "ssl_client");
    X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
    X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_auth_level(parameters, 2);
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    X509_VERIFY_PARAM_set_time(parameters, std::chrono::system_clock::to_time_t(now));
    if (!host.empty()) X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), 0);
    if (!ip.empty()) X509_VERIFY_PARAM_set1_ip_asc(parameters, ip.c_str());
    X509_verify_cert(context.get());
    return X509_STORE_CTX_get_error(context.get());
}

}  // namespace pushsim::pki::test
