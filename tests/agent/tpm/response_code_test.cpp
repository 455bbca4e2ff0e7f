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

TEST(ResponseCode, TellsOfLostObjectsAndSessions) {
    for (const std::uint32_t code : {0x100U, 0x910U, 0x916U, 0x918U, 0x91EU, 0xC0910U})
        EXPECT_TRUE(says_lost(code)) << std::hex << code;
    for (const std::uint32_t code : {0U, 0x101U, 0x18BU, 0x907U, 0x922U, 0xA000AU})
        EXPECT_FALSE(says_lost(code)) << std::hex << code;
}

}  // namespace
}  // namespace pushsim::tpm
