#include "agent/tpm/hash_algorithm.hpp"

#include <cstdlib>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>
#include <openssl/provider.h>

namespace pushsim::tpm {
namespace {

TEST(HashAlgorithm, NamesAreKeylimesAndReadBackAsNumbersDo) {
    for (const auto& [algorithm, name, id, size] :
         {std::tuple{HashAlgorithm::Sha1, "sha1", 0x0004, 20U},
          std::tuple{HashAlgorithm::Sha256, "sha256", 0x000B, 32U},
          std::tuple{HashAlgorithm::Sha384, "sha384", 0x000C, 48U},
          std::tuple{HashAlgorithm::Sha512, "sha512", 0x000D, 64U}}) {
        EXPECT_EQ(to_string(algorithm), name);
        EXPECT_EQ(hash_algorithm_from(name), algorithm);
        EXPECT_EQ(hash_algorithm_from(static_cast<std::uint16_t>(id)), algorithm);
        EXPECT_EQ(digest_size(algorithm), size);
        EXPECT_EQ(hash(algorithm, {}).size(), size);
    }
    EXPECT_EQ(hash_algorithm_from("SHA256"), std::nullopt);
    EXPECT_EQ(hash_algorithm_from(""), std::nullopt);
    EXPECT_EQ(hash_algorithm_from(std::uint16_t{0x0012}), std::nullopt);
    EXPECT_THROW((void)to_string(static_cast<HashAlgorithm>(0x12)), std::invalid_argument);
    EXPECT_THROW((void)hash(static_cast<HashAlgorithm>(0x12), {}), std::invalid_argument);
}

TEST(HashAlgorithm, HashesAsTheStandardSays) {
    // FIPS 180-4's examples for "abc".
    EXPECT_EQ(to_hex(hash(HashAlgorithm::Sha1, as_bytes("abc"))), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(to_hex(hash(HashAlgorithm::Sha256, as_bytes("abc"))),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(HashAlgorithmDeathTest, OneThatLibcryptoDoesNotOfferThrows) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");  // a new process, in which nothing is loaded yet
    const auto hash_without_providers = [] {
        OSSL_PROVIDER_load(nullptr, "null");
        try {
            (void)hash(HashAlgorithm::Sha256, as_bytes("abc"));
        } catch (const std::runtime_error& error) {
            std::_Exit(std::string(error.what()) == "libcrypto does not offer sha256" ? 0 : 2);
        }
        std::_Exit(1);
    };
    EXPECT_EXIT(hash_without_providers(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace pushsim::tpm
