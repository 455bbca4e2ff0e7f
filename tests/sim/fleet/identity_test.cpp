#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "sim/fleet/play.hpp"

namespace pushsim::fleet {
namespace {

TEST(HashEk, IsTheSha256OfThePublicKeysPemText) {
    EVP_PKEY* key = EVP_RSA_gen(2048);
    BIGNUM* modulus = nullptr;
    ASSERT_EQ(EVP_PKEY_get_bn_param(key, "n", &modulus), 1);
    // What hash_ek reads of a TPM2B_PUBLIC is its end: the modulus.
    Bytes ek_public(60, 0xee);
    ek_public.resize(60 + 256);
    BN_bn2binpad(modulus, ek_public.data() + 60, 256);

    BIO* text = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(text, key);
    char* pem = nullptr;
    const long size = BIO_get_mem_data(text, &pem);
    Bytes digest(32);
    EVP_Digest(pem, static_cast<std::size_t>(size), digest.data(), nullptr, EVP_sha256(), nullptr);
    EXPECT_EQ(hash_ek(ek_public), to_hex(digest));
    EXPECT_THROW(hash_ek(Bytes(10, 0)), std::invalid_argument);
    BIO_free(text);
    BN_free(modulus);
    EVP_PKEY_free(key);
}

}  // namespace
}  // namespace pushsim::fleet
