#include "agent/tpm/public_key_pem.hpp"

#include <stdexcept>

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

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

}  // namespace
}  // namespace pushsim::tpm
