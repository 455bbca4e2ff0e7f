#include "sim/pki/ek_authority.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "sim/pki/certificate.hpp"

namespace pushsim::pki {
namespace {

using ::testing::HasSubstr;

const WallTime kNow{std::chrono::seconds{1'790'000'000}};
constexpr std::size_t kLargestNvIndex = 2048;

Key key_of(const Bytes& der, Certificate& certificate) {
    const unsigned char* at = der.data();
    certificate.reset(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    return Key(certificate ? X509_get_pubkey(certificate.get()) : nullptr);
}

std::string public_pem(const EVP_PKEY* key) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
    PEM_write_bio_PUBKEY(bio.get(), key);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

int verify(X509* certificate, const std::string& ca_pem, WallTime now) {
    const std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store(X509_STORE_new(), X509_STORE_free);
    const Certificate ca = certificate_from_pem(ca_pem);
    X509_STORE_add_cert(store.get(), ca.get());
    const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> context(X509_STORE_CTX_new(),
                                                                                  X509_STORE_CTX_free);
    X509_STORE_CTX_init(context.get(), store.get(), certificate, nullptr);
    X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
    X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_time(parameters, std::chrono::system_clock::to_time_t(now));
    X509_verify_cert(context.get());
    return X509_STORE_CTX_get_error(context.get());
}

TEST(EkAuthority, ItsCertificatesAreOfTheKeyChainToItAndFitIntoNv) {
    const Key ek = make_key(KeyType::Rsa2048);
    const EkAuthority authority(kNow);
    const Bytes der = authority.issue(public_pem(ek.get()));
    EXPECT_LT(der.size(), kLargestNvIndex);
    Certificate certificate;
    const Key certified = key_of(der, certificate);
    ASSERT_NE(certified, nullptr);
    EXPECT_EQ(EVP_PKEY_eq(certified.get(), ek.get()), 1);
    const std::string ca = authority.credentials().certificate_pem;
    EXPECT_EQ(verify(certificate.get(), ca, kNow), X509_V_OK);
    EXPECT_EQ(verify(certificate.get(), ca, kNow + std::chrono::days{3000}), X509_V_OK);
    EXPECT_EQ(verify(certificate.get(), EkAuthority(kNow).credentials().certificate_pem, kNow),
              X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
    EXPECT_EQ(X509_get_key_usage(certificate.get()), static_cast<std::uint32_t>(KU_KEY_ENCIPHERMENT));
    EXPECT_EQ(X509_check_ca(certificate.get()), 0);
    char usage[32] = {};
    const std::unique_ptr<EXTENDED_KEY_USAGE, decltype(&EXTENDED_KEY_USAGE_free)> extended(
        static_cast<EXTENDED_KEY_USAGE*>(
            X509_get_ext_d2i(certificate.get(), NID_ext_key_usage, nullptr, nullptr)),
        EXTENDED_KEY_USAGE_free);
    ASSERT_EQ(sk_ASN1_OBJECT_num(extended.get()), 1);
    OBJ_obj2txt(usage, sizeof usage, sk_ASN1_OBJECT_value(extended.get(), 0), 1);
    EXPECT_STREQ(usage, "2.23.133.8.1");
}

TEST(EkAuthority, KeptOneIssuesAsBefore) {
    const EkAuthority first(kNow);
    const auto kept = EkAuthority::from(first.credentials());
    ASSERT_TRUE(kept) << kept.error().text();
    const Key ek = make_key(KeyType::Rsa2048);
    Certificate certificate;
    (void)key_of(kept->issue(public_pem(ek.get())), certificate);
    EXPECT_EQ(verify(certificate.get(), first.credentials().certificate_pem, kNow), X509_V_OK);
    const std::string pem = to_pem(certificate.get());
    EXPECT_TRUE(first.vouches(pem, public_pem(ek.get())));
    EXPECT_FALSE(first.vouches(pem, public_pem(make_key(KeyType::Rsa2048).get())));
    EXPECT_FALSE(EkAuthority(kNow).vouches(pem, public_pem(ek.get())));
    EXPECT_FALSE(first.vouches("", public_pem(ek.get())));
}

TEST(EkAuthority, WhatIsNoCertificateWithItsKeyIsRefused) {
    const Credentials one = EkAuthority(kNow).credentials(), other = EkAuthority(kNow).credentials();
    for (const Credentials& wrong :
         {Credentials{one.certificate_pem, other.key_pem}, Credentials{one.certificate_pem, "x"},
          Credentials{"", one.key_pem}, Credentials{one.key_pem, one.certificate_pem}}) {
        const auto refused = EkAuthority::from(wrong);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, ErrorKind::Parse);
        EXPECT_THAT(refused.error().message, HasSubstr("no certificate with its key"));
    }
    EXPECT_THROW((void)EkAuthority(kNow).issue("x"), std::runtime_error);
}

}  // namespace
}  // namespace pushsim::pki
