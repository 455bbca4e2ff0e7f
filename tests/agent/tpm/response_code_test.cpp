#include "agent/tpm/response_code.hpp"

#include <gtest/gtest.h>

namespace pushsim::tpm {
namespace {

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
