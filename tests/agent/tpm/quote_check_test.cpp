#include "agent/tpm/quote_check.hpp"

#include <gmock/gmock.h>

#include "tests/agent/tpm/tpm_under_test.hpp"

namespace pushsim::tpm {
namespace {

const Bytes challenge = {1, 2, 3, 4, 5, 6, 7, 8};

class QuoteCheck : public testing::Test {
  protected:
    std::string wrong(const Quote& quote, const Bytes& asked = challenge) {
        const auto checked = check_quote(quote, asked, keys_.describe().ak_public);
        return checked ? "" : checked.error().message;
    }
    AttestationKeys& keys_ = provisioned(Where::InProcess).keys;
    Quote quote_ = must(keys_.quote(challenge, HashAlgorithm::Sha256, {0, 7}));
};

TEST_F(QuoteCheck, HoldsOfWhatTheTpmGave) {
    EXPECT_EQ(wrong(quote_), "");
}

TEST_F(QuoteCheck, SaysWhatDoesNotHold) {
    EXPECT_EQ(wrong(quote_, {1, 2, 3}), "the quote is over another challenge");
    Quote other = quote_;
    other.pcrs[7].back() ^= 1;
    EXPECT_EQ(wrong(other), "the quote is over other PCR values");
    other = quote_;
    other.pcrs.erase(0);
    EXPECT_EQ(wrong(other), "the quote is over other PCR values");
    other = quote_;
    other.message.back() ^= 1;
    EXPECT_EQ(wrong(other), "the quote is not signed by that key");
    other = quote_;
    other.signature.back() ^= 1;
    EXPECT_EQ(wrong(other), "the quote is not signed by that key");
    other = quote_;
    other.message.pop_back();
    EXPECT_THAT(wrong(other), testing::HasSubstr("TPMS_ATTEST: "));
    other = quote_;
    other.signature.resize(10);
    EXPECT_THAT(wrong(other), testing::HasSubstr("TPMT_SIGNATURE: "));
    const auto certification = must(keys_.certify(challenge));
    other.message = certification.message;
    other.signature = certification.signature;
    EXPECT_EQ(wrong(other), "the quote is none that a TPM made");
    EXPECT_FALSE(check_quote(quote_, challenge, keys_.describe().ek_public));
}

}  // namespace
}  // namespace pushsim::tpm
