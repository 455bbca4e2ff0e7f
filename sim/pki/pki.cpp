#include "sim/pki/pki.hpp"

#include <array>
#include <utility>

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/x509v3.h>

#include "sim/pki/certificate.hpp"

namespace pushsim::pki {
namespace {

using std::chrono::days;

struct FreeNames {
    void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

std::string text_of(const ASN1_STRING* value) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
            static_cast<std::size_t>(ASN1_STRING_length(value))};
}

/// Whom a certificate of issue() is for.
Holder holder_of(const X509* certificate) {
    Holder holder;
    std::array<char, 256> name{};
    if (X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(),
                                  static_cast<int>(name.size())) > 0)
        holder.common_name = name.data();
    const std::unique_ptr<GENERAL_NAMES, FreeNames> names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
        int type = 0;
        const auto* value = static_cast<const ASN1_STRING*>(
            GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type));
        if (type == GEN_DNS) holder.dns.push_back(text_of(value));
        if (type != GEN_IPADD) continue;
        const std::string octets = text_of(value);
        std::array<char, INET6_ADDRSTRLEN> text{};
        if (::inet_ntop(octets.size() == 4 ? AF_INET : AF_INET6, octets.data(), text.data(), text.size()) !=
            nullptr)
            holder.ip.emplace_back(text.data());
    }
    return holder;
}

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

Result<Credentials> TestPki::renew(const std::string& certificate_pem) const {
    const Certificate certificate = certificate_from_pem(certificate_pem);
    if (!certificate) return fail(ErrorKind::Config, "there is no certificate to renew");
    return issue(CertificateKind::Valid, Role::Server, holder_of(certificate.get()));
}

std::string serial_of(const std::string& certificate_pem) {
    const Certificate certificate = certificate_from_pem(certificate_pem);
    if (!certificate) return "";
    const std::unique_ptr<BIGNUM, decltype(&BN_free)> number(
        ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate.get()), nullptr), &BN_free);
    const std::unique_ptr<char, void (*)(char*)> text(BN_bn2hex(number.get()),
                                                      [](char* hex) { OPENSSL_free(hex); });
    return text.get();
}

}  // namespace pushsim::pki
