// Answers that come between: TPM_RC_RETRY, and PCRs that change while they are quoted.

#include <gmock/gmock.h>

#include "agent/tpm/response_code.hpp"
#include "tests/agent/tpm/openssl_check.hpp"
#include "tests/agent/tpm/proxy_tpm.hpp"
#include "tests/agent/tpm/tpm_under_test.hpp"

namespace pushsim::tpm {
namespace {

using testing::HasSubstr;

constexpr std::uint32_t quote_code = 0x158;
constexpr std::uint32_t retry = 0x922;

class ResendTest : public OnEveryTpm {
  protected:
    /// A TPM that answers the first `times` commands with `code` and counts all.
    ProxyTpm answering(std::uint32_t code, int times) {
        return {shared_tpm(), [this, code, times](ByteView command, Commands&) -> std::optional<Bytes> {
                    sent_.emplace_back(command.begin(), command.end());
                    if (static_cast<int>(sent_.size()) <= times) return only_code(code);
                    return std::nullopt;
                }};
    }
    std::vector<Bytes> sent_;
};
PUSHSIM_ON_EVERY_TPM(ResendTest);

TEST_P(ResendTest, RetryIsSentAgainWithTheSameOctets) {
    for (const std::uint32_t code : {retry, 0x908U, 0x90AU, 0x0C0000U | retry}) {
        sent_.clear();
        ProxyTpm tpm = answering(code, 3);
        const auto random = ask(tpm, [](Commands& commands) { return commands.get_random(16); });
        ASSERT_TRUE(random) << random.error().message;
        EXPECT_EQ(random->size(), 16U);
        ASSERT_EQ(sent_.size(), 4U) << std::hex << code;
        EXPECT_EQ(sent_.front(), sent_.back());
    }
}

TEST_P(ResendTest, ATpmThatAlwaysSaysRetryIsGivenUp) {
    ProxyTpm tpm = answering(retry, 1000);
    const auto random = ask(tpm, [](Commands& commands) { return commands.get_random(16); });
    ASSERT_FALSE(random);
    EXPECT_THAT(random.error().message, HasSubstr("TPM2_GetRandom: tpm:warn(2.0): "));
    EXPECT_THAT(random.error().message, HasSubstr("(0x922)"));
    EXPECT_EQ(sent_.size(), static_cast<std::size_t>(Commands::max_sendings));
}

TEST_P(ResendTest, OtherErrorsAreNotSentAgain) {
    ProxyTpm tpm = answering(0x101, 1000);
    const auto random = ask(tpm, [](Commands& commands) { return commands.get_random(16); });
    ASSERT_FALSE(random);
    EXPECT_THAT(random.error().mend, HasSubstr("power it off and on"));
    EXPECT_EQ(sent_.size(), 1U);
}

class ChangingPcrTest : public OnEveryTpm {
  protected:
    /// Keys whose TPM extends PCR 16 before each of the first `times` quotes.
    ProxyTpm extending(int times) {
        // The first use of the AK after TPM2_Startup may be answered with TPM_RC_RETRY and sent again.
        must(keys().certify(Bytes{1}));
        must(keys().release());
        return {shared_tpm(), [this, times](ByteView command, Commands& behind) -> std::optional<Bytes> {
                    if (command_code(command) == quote_code && ++quotes_ <= times)
                        must(behind.pcr_extend(16, {{HashAlgorithm::Sha256, Bytes(32, 1)}}));
                    return std::nullopt;
                }};
    }
    int quotes_ = 0;
};
PUSHSIM_ON_EVERY_TPM(ChangingPcrTest);

TEST_P(ChangingPcrTest, Quote_IsTakenAgainUntilItsValuesMatch) {
    ProxyTpm tpm = extending(4);
    auto keys = must(AttestationKeys::load(tpm, this->keys().saved()));
    const auto quote = keys.quote(Bytes{1}, HashAlgorithm::Sha256, {0, 16});
    must(keys.release());
    ASSERT_TRUE(quote) << quote.error().message;
    EXPECT_EQ(quotes_, 5);
    EXPECT_EQ(check::parse_attest(quote->message).pcr_digest, check::digest_of(quote->pcrs));
}

TEST_P(ChangingPcrTest, Quote_GivesUpAfterFiveAttempts) {
    ProxyTpm tpm = extending(5);
    auto keys = must(AttestationKeys::load(tpm, this->keys().saved()));
    const auto quote = keys.quote(Bytes{1}, HashAlgorithm::Sha256, {0, 16});
    must(keys.release());
    ASSERT_FALSE(quote);
    EXPECT_THAT(quote.error().message,
                HasSubstr("the PCRs changed between reading and quoting in each of 5"));
    EXPECT_EQ(quotes_, 5);
}

TEST_P(ChangingPcrTest, Quote_IgnoresPcrsThatAreNotQuoted) {
    ProxyTpm tpm = extending(1);
    auto keys = must(AttestationKeys::load(tpm, this->keys().saved()));
    EXPECT_TRUE(keys.quote(Bytes{1}, HashAlgorithm::Sha256, {0, 1}));
    must(keys.release());
    EXPECT_EQ(quotes_, 1);
}

}  // namespace
}  // namespace pushsim::tpm
