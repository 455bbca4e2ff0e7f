#include "sim/pki/pki.hpp"

#include <utility>

#include <openssl/x509v3.h>

#include "sim/pki/certificate.hpp"

namespace pushsim::pki {
namespace {

using std::chrono::days;

}  // namespace

struct TestPki::Inner {
    WallTime now;
    KeyType keys;
    Authority trusted;
    Authority foreign;
};

TestPki::TestPki(WallTime now, KeyType keys)
    : inner_(std::make_unique<Inner>(Inner{.now = now,
                                           .keys = keys,
                                           .trusted = make_authority("pushsim test CA", now, keys),
                                           .foreign = make_authority("pushsim foreign CA", now, keys)})) {}
TestPki::TestPki(std::unique_ptr<Inner> inner) : inner_(std::move(inner)) {}
TestPki::~TestPki() = default;
TestPki::TestPki(TestPki&&) noexcept = default;
TestPki& TestPki::operator=(TestPki&&) noexcept = default;

Result<TestPki> TestPki::from(const Credentials& ca, WallTime now, KeyType keys) {
    auto trusted = authority_from(ca);
    if (!trusted || X509_check_ca(trusted->certificate.get()) == 0)
        return fail(ErrorKind::Config, "that is no certificate of a CA with its key");
    std::time_t then = std::chrono::system_clock::to_time_t(now);
    if (X509_cmp_time(X509_get0_notAfter(trusted->certificate.get()), &then) < 0)
        return fail(ErrorKind::Config, "the CA has expired");
    return TestPki(
        std::make_unique<Inner>(Inner{.now = now,
                                      .keys = keys,
                                      .trusted = std::move(*trusted),
                                      .foreign = make_authority("pushsim foreign CA", now, keys)}));
}

Credentials TestPki::ca() const {
    return {inner_->trusted.pem, to_pem(inner_->trusted.key.get())};
}

const std::string& TestPki::ca_certificate_pem() const {
    return inner_->trusted.pem;
}

const std::string& TestPki::foreign_ca_certificate_pem() const {
    return inner_->foreign.pem;
}

Credentials TestPki::issue(CertificateKind kind, Role role, const Holder& holder) const {
    const WallTime now = inner_->now;
    Contents contents{.common_name = holder.common_name,
                      .dns = holder.dns,
                      .ip = holder.ip,
                      .not_before = now - days{30},
                      .not_after = now + days{365},
                      .extended_usage = role == Role::Server ? "serverAuth" : "clientAuth"};
    const Authority* issuer = &inner_->trusted;
    switch (kind) {
        case CertificateKind::Valid:
        case CertificateKind::Admin:
            break;
        case CertificateKind::Expired:
            contents.not_after = now - days{1};
            break;
        case CertificateKind::NotYetValid:
            contents.not_before = now + days{1};
            break;
        case CertificateKind::WrongCa:
            issuer = &inner_->foreign;
            break;
        case CertificateKind::SelfSigned:
            issuer = nullptr;
            break;
        case CertificateKind::WrongName:
            contents.dns = {"wrong-name.invalid"};
            contents.ip = {"192.0.2.1"};
            break;
        case CertificateKind::NoSan:
            contents.dns.clear();
            contents.ip.clear();
            break;
        case CertificateKind::WrongUsage:
            contents.extended_usage = role == Role::Server ? "clientAuth" : "serverAuth";
            break;
    }
    const Key key = make_key(inner_->keys);
    const Certificate certificate =
        issuer == nullptr
            ? make_certificate(contents, key.get(), nullptr, nullptr)
            : make_certificate(contents, key.get(), issuer->certificate.get(), issuer->key.get());
    return {to_pem(certificate.get()), to_pem(key.get())};
}

}  // namespace pushsim::pki
