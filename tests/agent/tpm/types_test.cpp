#include "agent/tpm/types.hpp"

#include <gtest/gtest.h>

#include "agent/tpm/response_code.hpp"

namespace pushsim::tpm {
namespace {

TEST(HashAlgorithmName, IsKeylimesAndReadsBack) {
    for (const auto& [algorithm, name, size] :
         {std::tuple{HashAlgorithm::Sha1, "sha1", 20U}, std::tuple{HashAlgorithm::Sha256, "sha256", 32U},
          std::tuple{HashAlgorithm::Sha384, "sha384", 48U},
          std::tuple{HashAlgorithm::Sha512, "sha512", 64U}}) {
        EXPECT_EQ(to_string(algorithm), name);
        EXPECT_EQ(hash_algorithm_from(name), algorithm);
        EXPECT_EQ(digest_size(algorithm), size);
    }
    EXPECT_EQ(hash_algorithm_from("SHA256"), std::nullopt);
    EXPECT_EQ(hash_algorithm_from(""), std::nullopt);
    EXPECT_THROW((void)to_string(static_cast<HashAlgorithm>(0x12)), std::invalid_argument);
}

TEST(ResponseCode, IsDecodedWithItsNumber) {
    EXPECT_EQ(describe_response_code(0x18b), "tpm:handle(1):the handle is not correct for the use (0x18b)");
    EXPECT_EQ(tpm_code(0xC0922), 0x922U);
    EXPECT_EQ(tpm_code(0xA000A), 0xA000AU);
    EXPECT_TRUE(calls_for_resending(0x922));
    EXPECT_FALSE(calls_for_resending(0x921));
    EXPECT_FALSE(calls_for_resending(0));
}

}  // namespace
}  // namespace pushsim::tpm
