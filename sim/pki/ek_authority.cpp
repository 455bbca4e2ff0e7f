#include "sim/pki/ek_authority.hpp"

#include <ctime>
#include <stdexcept>
#include <utility>

#include "sim/pki/certificate.hpp"

namespace pushsim::pki {
namespace {

WallTime time_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) throw std::runtime_error("ASN1_TIME_to_tm");
    return std::chrono::time_point_cast<WallTime::duration>(
        std::chrono::system_clock::from_time_t(::timegm(&parts)));
}

}  // namespace

struct EkAuthority::Inner {
    Authority authority;
};

EkAuthority::EkAuthority(WallTime now)
    : EkAuthority(
          std::make_unique<Inner>(Inner{make_authority("pushsim test CA of TPMs", now, KeyType::EcP256)})) {}
EkAuthority::EkAuthority(std::unique_ptr<Inner> inner) : inner_(std::move(inner)) {}
EkAuthority::~EkAuthority() = default;
EkAuthority::EkAuthority(EkAuthority&&) noexcept = default;
EkAuthority& EkAuthority::operator=(EkAuthority&&) noexcept = default;

Result<EkAuthority> EkAuthority::from(const Credentials& kept) {
    auto authority = authority_from(kept);
    if (!authority)
        return fail(ErrorKind::Parse, "the CA of the EK certificates is no certificate with its key");
    return EkAuthority(std::make_unique<Inner>(Inner{std::move(*authority)}));
}

Credentials EkAuthority::credentials() const {
    return {inner_->authority.pem, to_pem(inner_->authority.key.get())};
}

Bytes EkAuthority::issue(const std::string& ek_public_pem) const {
    const Authority& ca = inner_->authority;
    const Key ek = public_key_from_pem(ek_public_pem);
    if (!ek) throw std::runtime_error("the EK is no public key in PEM");
    const Contents contents{.common_name = "pushsim virtual TPM",
                            .not_before = time_of(X509_get0_notBefore(ca.certificate.get())),
                            .not_after = time_of(X509_get0_notAfter(ca.certificate.get())),
                            .extended_usage = "2.23.133.8.1",  // tcg-kp-EKCertificate
                            .is_ek = true};
    return to_der(make_certificate(contents, ek.get(), ca.certificate.get(), ca.key.get()).get());
}

bool EkAuthority::vouches(const std::string& certificate_pem, const std::string& ek_public_pem) const {
    const Certificate certificate = certificate_from_pem(certificate_pem);
    const Key ek = public_key_from_pem(ek_public_pem);
    return certificate && ek && EVP_PKEY_eq(X509_get0_pubkey(certificate.get()), ek.get()) == 1 &&
           X509_verify(certificate.get(), inner_->authority.key.get()) == 1;
}

}  // namespace pushsim::pki
