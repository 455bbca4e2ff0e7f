// AKs of every kind, with the EK that goes with them.

#include <tuple>

#include <gmock/gmock.h>

#include "agent/tpm/attestation_keys.hpp"
#include "tests/agent/tpm/openssl_check.hpp"
#include "tests/agent/tpm/tpm_under_test.hpp"

namespace pushsim::tpm {
namespace {

const Bytes challenge = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
constexpr std::uint16_t rsa = 0x0001, ecc = 0x0023;

std::string name_of_kind(const AkAlgorithms& algorithms) {
    const std::string scheme = algorithms.scheme == SignatureScheme::Ecdsa    ? "Ecdsa"
                               : algorithms.scheme == SignatureScheme::Rsapss ? "Rsapss"
                                                                              : "Rsassa";
    return scheme + (algorithms.hash == HashAlgorithm::Sha384 ? "Sha384" : "Sha256");
}

/// On libtpms in this process, and on a swtpm.
class AkAlgorithmsTest : public testing::TestWithParam<std::tuple<Where, AkAlgorithms>> {
  protected:
    const AkAlgorithms& algorithms() { return std::get<AkAlgorithms>(GetParam()); }
    std::unique_ptr<TpmUnderTest> tpm_ = TpmUnderTest::make(std::get<Where>(GetParam()));
    AttestationKeys keys_ = must(AttestationKeys::provision(tpm_->tpm(), AkParent::Ek, algorithms()));
    const Bytes ak_ = keys_.describe().ak_public;
};

INSTANTIATE_TEST_SUITE_P(
    Tpm, AkAlgorithmsTest,
    testing::Combine(
        testing::Values(Where::InProcess, Where::Swtpm),
        testing::Values(AkAlgorithms{KeyAlgorithm::Rsa2048, SignatureScheme::Rsassa, HashAlgorithm::Sha256},
                        AkAlgorithms{KeyAlgorithm::Rsa2048, SignatureScheme::Rsassa, HashAlgorithm::Sha384},
                        AkAlgorithms{KeyAlgorithm::Rsa2048, SignatureScheme::Rsapss, HashAlgorithm::Sha256},
                        AkAlgorithms{KeyAlgorithm::Rsa2048, SignatureScheme::Rsapss, HashAlgorithm::Sha384},
                        AkAlgorithms{KeyAlgorithm::EccP256, SignatureScheme::Ecdsa, HashAlgorithm::Sha256},
                        AkAlgorithms{KeyAlgorithm::EccP256, SignatureScheme::Ecdsa, HashAlgorithm::Sha384})),
    [](const auto& test) {
        return (std::get<Where>(test.param) == Where::Swtpm ? "Swtpm" : "InProcess") +
               name_of_kind(std::get<AkAlgorithms>(test.param));
    });

TEST_P(AkAlgorithmsTest, AkIsWhatWasAskedAndItsEkOfTheSameFamily) {
    const std::uint16_t family = algorithms().key == KeyAlgorithm::EccP256 ? ecc : rsa;
    const auto ak = check::parse_public(ak_);
    EXPECT_EQ(ak.type, family);
    EXPECT_EQ(ak.attributes, 0x00050072U);
    EXPECT_TRUE(ak.policy.empty());
    EXPECT_EQ(ak.symmetric, 0x0010);
    EXPECT_EQ(ak.scheme, static_cast<std::uint16_t>(algorithms().scheme));
    EXPECT_EQ(ak.scheme_hash, static_cast<std::uint16_t>(algorithms().hash));
    EXPECT_EQ(ak.name_algorithm, static_cast<std::uint16_t>(algorithms().hash));

    const auto ek = check::parse_public(keys_.describe().ek_public);
    EXPECT_EQ(ek.type, family);
    EXPECT_EQ(ek.attributes, 0x000300B2U);
    EXPECT_EQ(ek.name_algorithm, 0x000B);
    EXPECT_EQ(to_hex(ek.policy), "837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa");
    EXPECT_EQ(ek.symmetric, 0x0006);
    EXPECT_EQ(ek.symmetric_bits, 128);
    EXPECT_EQ(ek.symmetric_mode, 0x0043);
    EXPECT_EQ(ek.scheme, 0x0010);
}

TEST_P(AkAlgorithmsTest, QuotesVerifyWithOpenSsl) {
    const auto quote = must(keys_.quote(challenge, algorithms().hash, {0, 7, 10}));
    EXPECT_TRUE(check::verifies(ak_, quote.message, quote.signature));
    EXPECT_EQ(check::parse_attest(quote.message).extra_data, challenge);
    EXPECT_EQ(check::parse_attest(quote.message).pcr_digest, check::digest_of(quote.pcrs, algorithms().hash));
    Bytes altered = quote.message;
    altered.back() ^= 1;
    EXPECT_FALSE(check::verifies(ak_, altered, quote.signature));
}

TEST_P(AkAlgorithmsTest, QuotesOfAnotherKeyAreOfTheSameKindAndDoNotVerify) {
    const auto quote =
        must(keys_.quote(challenge, algorithms().hash, {7}, DataPcr::Untouched, Signer::AnotherKey));
    EXPECT_FALSE(check::verifies(ak_, quote.message, quote.signature));
    const auto own = must(keys_.quote(challenge, algorithms().hash, {7}));
    EXPECT_TRUE(std::equal(own.signature.begin(), own.signature.begin() + 4, quote.signature.begin()));
}

TEST_P(AkAlgorithmsTest, QuotesHoldTheAkInTheDataPcr) {
    const auto quote = must(keys_.quote(challenge, algorithms().hash, {7}, DataPcr::HoldsAk));
    EXPECT_TRUE(check::verifies(ak_, quote.message, quote.signature));
    EXPECT_NE(quote.pcrs.at(data_pcr), Bytes(digest_size(algorithms().hash), 0));
}

TEST_P(AkAlgorithmsTest, CertifiesItself) {
    const auto certification = must(keys_.certify(challenge));
    EXPECT_TRUE(check::verifies(ak_, certification.message, certification.signature));
    const auto attest = check::parse_attest(certification.message);
    EXPECT_EQ(attest.extra_data, challenge);
    EXPECT_EQ(attest.name, check::key_name(ak_));
}

TEST_P(AkAlgorithmsTest, CredentialsForItAreActivated) {
    const Bytes secret(32, 'S');
    const auto credential = check::make_credential(keys_.describe().ek_public, check::key_name(ak_), secret);
    EXPECT_EQ(must(keys_.activate_credential(credential.id_object, credential.encrypted_secret)), secret);
    Bytes wrong_name = check::key_name(ak_);
    wrong_name.back() ^= 1;
    const auto other = check::make_credential(keys_.describe().ek_public, wrong_name, secret);
    EXPECT_FALSE(keys_.activate_credential(other.id_object, other.encrypted_secret));
}

TEST_P(AkAlgorithmsTest, IsThereAgainAfterAPowerCycle) {
    const SavedAk saved = keys_.saved();
    tpm_->power_cycle(PowerOff::OrderlyClear);
    auto again = must(AttestationKeys::load(tpm_->tpm(), saved));
    EXPECT_EQ(again.describe().ek_public, keys_.describe().ek_public);
    const auto quote = must(again.quote(challenge, algorithms().hash, {0}));
    EXPECT_TRUE(check::verifies(ak_, quote.message, quote.signature));
}

TEST(AkAlgorithms, PrimaryAksAreOfAnyKind) {
    auto tpm = TpmUnderTest::make(Where::InProcess);
    const AkAlgorithms kind{KeyAlgorithm::EccP256, SignatureScheme::Ecdsa, HashAlgorithm::Sha384};
    auto keys = must(AttestationKeys::provision(tpm->tpm(), AkParent::None, kind));
    const Bytes ak = keys.describe().ak_public;
    must(keys.release());
    const auto quote = must(keys.quote(challenge, kind.hash, {0}));
    EXPECT_EQ(keys.describe().ak_public, ak);
    EXPECT_TRUE(check::verifies(ak, quote.message, quote.signature));
}

TEST(AkAlgorithms, ASchemeThatIsNotForTheKeyIsRefusedByTheTpm) {
    auto tpm = TpmUnderTest::make(Where::InProcess);
    const AkAlgorithms none{KeyAlgorithm::EccP256, SignatureScheme::Rsapss, HashAlgorithm::Sha256};
    const auto keys = AttestationKeys::provision(tpm->tpm(), AkParent::Ek, none);
    ASSERT_FALSE(keys);
    EXPECT_THAT(keys.error().message, testing::HasSubstr("TPM2_Create"));
}

}  // namespace
}  // namespace pushsim::tpm
