#include "agent/tpm/public_key_pem.hpp"

#include <algorithm>
#include <stdexcept>

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <rapidcheck.h>

#include "agent/base/owned.hpp"
#include "agent/tpm/marshal.hpp"

namespace pushsim::tpm {
namespace {

TEST(PublicKeyPem, IsWhatOpenSslWritesOfTheKey) {
    EVP_PKEY* key = EVP_RSA_gen(2048);
    BIGNUM* modulus = nullptr;
    ASSERT_EQ(EVP_PKEY_get_bn_param(key, "n", &modulus), 1);
    // What is read of a TPM2B_PUBLIC is its end: the modulus.
    Bytes area(60, 0xee);
    area.resize(60 + 256);
    BN_bn2binpad(modulus, area.data() + 60, 256);

    BIO* text = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(text, key);
    char* pem = nullptr;
    const long size = BIO_get_mem_data(text, &pem);
    EXPECT_EQ(public_key_pem(area), std::string(pem, static_cast<std::size_t>(size)));
    EXPECT_THROW(public_key_pem(Bytes(10, 0)), std::invalid_argument);
    BIO_free(text);
    BN_free(modulus);
    EVP_PKEY_free(key);
}

/// TPM2B_PUBLIC of a P-256 signing key, its coordinates without leading zeros, as a TPM may give them.
Bytes ecc_area(Bytes x, Bytes y) {
    TPM2B_PUBLIC area{};
    TPMT_PUBLIC& key = area.publicArea;
    key.type = TPM2_ALG_ECC;
    key.nameAlg = TPM2_ALG_SHA256;
    key.parameters.eccDetail.symmetric.algorithm = TPM2_ALG_NULL;
    key.parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
    key.parameters.eccDetail.curveID = TPM2_ECC_NIST_P256;
    key.parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
    const auto put = [](const Bytes& octets, TPM2B_ECC_PARAMETER& into) {
        const auto first = std::ranges::find_if(octets, [](std::uint8_t octet) { return octet != 0; });
        std::copy(first, octets.end(), into.buffer);
        into.size = static_cast<UINT16>(octets.end() - first);
    };
    put(x, key.unique.ecc.x);
    put(y, key.unique.ecc.y);
    return marshal(area, Tss2_MU_TPM2B_PUBLIC_Marshal);
}

TEST(PublicKeyPem, OfAnyEccKeyIsWhatOpenSslWritesOfIt) {
    EXPECT_TRUE(rc::check("PEM of a P-256 key", [] {
        // One in 128 of such points has a coordinate that begins with a zero.
        for (int i = 0; i < 20; ++i) {
            const Owned<EVP_PKEY, EVP_PKEY_free> key(EVP_EC_gen("P-256"));
            Bytes point(65);
            std::size_t size = point.size();
            RC_ASSERT(EVP_PKEY_get_octet_string_param(key.get(), "pub", point.data(), size, &size) == 1);
            const Owned<BIO, BIO_free> text(BIO_new(BIO_s_mem()));
            PEM_write_bio_PUBKEY(text.get(), key.get());
            char* pem = nullptr;
            const long length = BIO_get_mem_data(text.get(), &pem);
            const Bytes area =
                ecc_area({point.begin() + 1, point.begin() + 33}, {point.begin() + 33, point.end()});
            RC_ASSERT(public_key_pem(area) == std::string(pem, static_cast<std::size_t>(length)));
        }
    }));
}

TEST(PublicKeyPem, OfNoPointOfTheCurveIsAnError) {
    const Bytes area = ecc_area(Bytes(32, 1), Bytes(32, 2));
    EXPECT_THROW(public_key_pem(area), std::runtime_error);
    for (std::size_t size = 0; size < area.size(); ++size)
        EXPECT_THROW(public_key_pem(ByteView(area).first(size)), std::invalid_argument) << size;
    Bytes other_curve = area;
    other_curve[15] = TPM2_ECC_NIST_P384;
    EXPECT_THROW(public_key_pem(other_curve), std::invalid_argument);
}

}  // namespace
}  // namespace pushsim::tpm
