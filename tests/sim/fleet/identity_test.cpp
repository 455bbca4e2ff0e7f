#include <set>
#include <string>

#include <arpa/inet.h>
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

TEST(OwnAddress, IsOfTheLoopbackNetworkAndOfOneAgentAlone) {
    EXPECT_EQ(own_address(0), "127.64.0.1");
    EXPECT_EQ(own_address(253), "127.64.0.254");
    EXPECT_EQ(own_address(254), "127.64.1.1");
    std::set<std::string> all;
    for (int overall = 0; overall < 100'000; ++overall) {
        const std::string address = own_address(overall);
        in_addr parsed{};
        ASSERT_EQ(::inet_pton(AF_INET, address.c_str(), &parsed), 1) << address;
        EXPECT_EQ(ntohl(parsed.s_addr) >> 24, 127U) << address;
        EXPECT_TRUE(all.insert(address).second) << address;
    }
}

}  // namespace
}  // namespace pushsim::fleet
