#include "agent/tpm/attestation_keys.hpp"

#include <gmock/gmock.h>

#include "agent/tpm/external_tpm.hpp"
#include "agent/tpm/public_key_pem.hpp"
#include "tests/agent/tpm/openssl_check.hpp"
#include "tests/agent/tpm/tpm_under_test.hpp"

namespace pushsim::tpm {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Bytes challenge = {0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 1, 2, 3, 4, 5, 6, 7, 8};
const Bytes other_challenge = {9, 9, 9};

class AttestationKeysTest : public OnEveryTpm {};
PUSHSIM_ON_EVERY_TPM(AttestationKeysTest);

TEST_P(AttestationKeysTest, Describe_EkIsTemplateL1) {
    const auto ek = check::parse_public(keys().describe().ek_public);
    EXPECT_EQ(ek.name_algorithm, 0x000B);
    EXPECT_EQ(ek.attributes, 0x000300B2U);
    EXPECT_EQ(to_hex(ek.policy), "837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa");
    EXPECT_EQ(ek.symmetric, 0x0006);
    EXPECT_EQ(ek.symmetric_bits, 128);
    EXPECT_EQ(ek.symmetric_mode, 0x0043);
    EXPECT_EQ(ek.scheme, 0x0010);
    EXPECT_EQ(ek.key_bits, 2048);
    EXPECT_EQ(ek.exponent, 0U);
    EXPECT_EQ(ek.modulus.size(), 256U);
}

TEST_P(AttestationKeysTest, Describe_AkIsARestrictedRsassaSha256Key) {
    const auto ak = check::parse_public(keys().describe().ak_public);
    EXPECT_EQ(ak.name_algorithm, 0x000B);
    EXPECT_EQ(ak.attributes, 0x00050072U);
    EXPECT_TRUE(ak.policy.empty());
    EXPECT_EQ(ak.symmetric, 0x0010);
    EXPECT_EQ(ak.scheme, 0x0014);
    EXPECT_EQ(ak.scheme_hash, 0x000B);
    EXPECT_EQ(ak.key_bits, 2048);
    EXPECT_EQ(ak.modulus.size(), 256U);
}

TEST_P(AttestationKeysTest, Describe_OffersKeylimesNamesAndTheBanks) {
    const Description& description = keys().describe();
    EXPECT_THAT(description.hash_algorithms, ElementsAre("sha1", "sha256", "sha384", "sha512"));
    EXPECT_THAT(description.signature_schemes, ElementsAre("ecdsa", "ecschnorr", "rsapss", "rsassa"));
    ASSERT_EQ(description.available_pcrs.size(), 4U);
    for (const auto& [bank, pcrs] : description.available_pcrs) {
        ASSERT_EQ(pcrs.size(), 24U) << bank;
        EXPECT_EQ(pcrs.front(), 0);
        EXPECT_EQ(pcrs.back(), 23);
    }
    EXPECT_EQ(description.ek_certificate, "");
}

TEST_P(AttestationKeysTest, Quote_SignatureVerifiesWithOpenSsl) {
    const auto quote = must(keys().quote(challenge, HashAlgorithm::Sha256, {0, 7, 10}));
    const Bytes& ak = keys().describe().ak_public;
    EXPECT_TRUE(check::verifies(ak, quote.message, quote.signature));
    Bytes altered = quote.message;
    altered.back() ^= 1;
    EXPECT_FALSE(check::verifies(ak, altered, quote.signature));
}

TEST_P(AttestationKeysTest, Quote_SaysWhatWasAskedAndItsValuesMatch) {
    must(shared_tpm().run([](Commands& commands) {
        return commands.pcr_extend(10, {{HashAlgorithm::Sha256, Bytes(32, 0xAB)}});
    }));
    for (const auto bank :
         {HashAlgorithm::Sha1, HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512}) {
        const std::vector<int> pcrs = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 16, 23};
        const auto quote = must(keys().quote(challenge, bank, pcrs));
        const auto attest = check::parse_attest(quote.message);
        EXPECT_EQ(attest.magic, 0xFF544347U);
        EXPECT_EQ(attest.type, 0x8018);
        EXPECT_EQ(attest.extra_data, challenge);
        EXPECT_EQ(attest.bank, static_cast<std::uint16_t>(bank));
        EXPECT_EQ(attest.pcrs, pcrs);
        EXPECT_EQ(quote.bank, bank);
        ASSERT_EQ(quote.pcrs.size(), pcrs.size());
        EXPECT_EQ(attest.pcr_digest, check::digest_of(quote.pcrs));
        EXPECT_EQ(quote.pcrs.at(10).size(), digest_size(bank));
        EXPECT_EQ(quote.clock,
                  (ClockInfo{attest.clock, attest.reset_count, attest.restart_count, attest.safe}));
        EXPECT_GT(quote.clock.clock, 0U);
    }
}

TEST_P(AttestationKeysTest, Quote_WithTheAkInTheDataPcrHoldsItsPemDigestEachTime) {
    const Bytes& ak = keys().describe().ak_public;
    const std::string pem = public_key_pem(ak);
    must(shared_tpm().run([](Commands& commands) {
        return commands.pcr_extend(data_pcr, {{HashAlgorithm::Sha256, Bytes(32, 0xCD)}});
    }));
    for (const std::vector<int>& asked : {std::vector<int>{0, 7}, std::vector<int>{0, 7, data_pcr}}) {
        const auto quote = must(keys().quote(challenge, HashAlgorithm::Sha256, asked, DataPcr::HoldsAk));
        const auto attest = check::parse_attest(quote.message);
        EXPECT_THAT(attest.pcrs, ElementsAre(0, 7, data_pcr));
        EXPECT_EQ(attest.pcr_digest, check::digest_of(quote.pcrs));
        Bytes extended(32, 0);
        const Bytes digest = check::digest(HashAlgorithm::Sha256, as_bytes(pem));
        extended.insert(extended.end(), digest.begin(), digest.end());
        EXPECT_EQ(quote.pcrs.at(data_pcr), check::digest(HashAlgorithm::Sha256, extended));
    }
}

TEST_P(AttestationKeysTest, Quote_OfNoPcrsIsPossible) {
    const auto quote = must(keys().quote(challenge, HashAlgorithm::Sha256, {}));
    EXPECT_TRUE(quote.pcrs.empty());
    EXPECT_TRUE(check::verifies(keys().describe().ak_public, quote.message, quote.signature));
}

TEST_P(AttestationKeysTest, Quote_OfAPcrThatDoesNotExistIsAnError) {
    const auto quote = keys().quote(challenge, HashAlgorithm::Sha256, {24});
    ASSERT_FALSE(quote);
    EXPECT_EQ(quote.error().kind, ErrorKind::Tpm);
    EXPECT_THAT(quote.error().message, HasSubstr("there is no PCR 24"));
}

TEST_P(AttestationKeysTest, Quote_WithATooLongChallengeIsAnError) {
    const auto quote = keys().quote(Bytes(200, 1), HashAlgorithm::Sha256, {0});
    ASSERT_FALSE(quote);
    EXPECT_THAT(quote.error().message, HasSubstr("TPM2_Quote: qualifying data: 200 octets"));
}

TEST_P(AttestationKeysTest, Certify_ProvesPossessionOfTheAk) {
    const auto certification = must(keys().certify(challenge));
    const Bytes& ak = keys().describe().ak_public;
    EXPECT_TRUE(check::verifies(ak, certification.message, certification.signature));
    const auto attest = check::parse_attest(certification.message);
    EXPECT_EQ(attest.magic, 0xFF544347U);
    EXPECT_EQ(attest.type, 0x8017);
    EXPECT_EQ(attest.extra_data, challenge);
    EXPECT_EQ(attest.name, check::key_name(ak));
    EXPECT_EQ(attest.qualified_name, attest.qualified_signer);
}

TEST_P(AttestationKeysTest, ActivateCredential_RecoversTheSecretOfTheRegistrarsScheme) {
    const Description& description = keys().describe();
    const Bytes secret(32, 'S');
    const auto credential =
        check::make_credential(description.ek_public, check::key_name(description.ak_public), secret);
    EXPECT_EQ(must(keys().activate_credential(credential.id_object, credential.encrypted_secret)), secret);
}

TEST_P(AttestationKeysTest, ActivateCredential_ForAnotherAkIsRefusedAndLeavesNoSession) {
    const Description& description = keys().describe();
    Bytes wrong_name = check::key_name(description.ak_public);
    wrong_name.back() ^= 1;
    const auto credential = check::make_credential(description.ek_public, wrong_name, Bytes(32, 'S'));
    const auto secret = keys().activate_credential(credential.id_object, credential.encrypted_secret);
    ASSERT_FALSE(secret);
    EXPECT_THAT(secret.error().message, HasSubstr("TPM2_ActivateCredential of 0x8"));
    EXPECT_THAT(secret.error().message, HasSubstr("tpm:parameter(1):integrity check failed (0x1df)"));
    EXPECT_THAT(must(ask(shared_tpm(), [](Commands& c) { return c.handles(handle::first_loaded_session); })),
                testing::IsEmpty());
}

TEST_P(AttestationKeysTest, Release_FlushesAndTheNextUseLoadsTheSameKeys) {
    const Description before = keys().describe();
    must(keys().release());
    EXPECT_THAT(must(ask(shared_tpm(), [](Commands& c) { return c.handles(handle::first_transient); })),
                testing::IsEmpty());
    const auto quote = must(keys().quote(other_challenge, HashAlgorithm::Sha256, {0}));
    EXPECT_TRUE(check::verifies(before.ak_public, quote.message, quote.signature));
    EXPECT_EQ(keys().describe().ak_public, before.ak_public);
    must(keys().release());
    const Bytes secret(32, 'T');
    const auto credential =
        check::make_credential(before.ek_public, check::key_name(before.ak_public), secret);
    EXPECT_EQ(must(keys().activate_credential(credential.id_object, credential.encrypted_secret)), secret);
}

static_assert(!std::is_copy_constructible_v<AttestationKeys> && !std::is_copy_assignable_v<AttestationKeys>);

TEST_P(AttestationKeysTest, Moved_LeavesNoHandlesBehind) {
    must(keys().release());  // room for others
    auto before = must(AttestationKeys::load(shared_tpm(), keys().saved()));
    AttestationKeys after(std::move(before));
    must(before.release());
    EXPECT_THAT(must(ask(shared_tpm(), [](Commands& c) { return c.handles(handle::first_transient); })),
                testing::SizeIs(2));
    must(after.quote(challenge, HashAlgorithm::Sha256, {0}));
    must(after.release());
}

TEST_P(AttestationKeysTest, ChildAk_WorksLikeTheRustAgentsAndSurvivesAPowerCycle) {
    auto under_test = TpmUnderTest::make(GetParam());
    auto keys = must(AttestationKeys::provision(under_test->tpm()));
    const SavedAk saved = keys.saved();
    const Description before = keys.describe();
    EXPECT_EQ(saved.parent, AkParent::Ek);
    EXPECT_EQ(check::parse_public(before.ak_public).attributes, 0x00050072U);

    under_test->power_cycle(PowerOff::OrderlyClear);
    auto again = must(AttestationKeys::load(under_test->tpm(), saved));
    EXPECT_EQ(again.describe().ek_public, before.ek_public);
    EXPECT_EQ(again.describe().ak_public, before.ak_public);
    const auto certification = must(again.certify(challenge));
    EXPECT_TRUE(check::verifies(before.ak_public, certification.message, certification.signature));
    const Bytes secret(32, 'C');
    const auto credential =
        check::make_credential(before.ek_public, check::key_name(before.ak_public), secret);
    EXPECT_EQ(must(again.activate_credential(credential.id_object, credential.encrypted_secret)), secret);

    // The saved AK is of no use to another TPM, and the failed attempt leaves nothing loaded there.
    auto other = TpmUnderTest::make(GetParam());
    const auto stranger = AttestationKeys::load(other->tpm(), saved);
    ASSERT_FALSE(stranger);
    EXPECT_THAT(stranger.error().message, HasSubstr("loading saved attestation keys"));
    EXPECT_THAT(stranger.error().message, HasSubstr("TPM2_Load of 0x80000000: tpm:parameter(1):integrity"));
    EXPECT_THAT(must(ask(other->tpm(), [](Commands& c) { return c.handles(handle::first_transient); })),
                testing::IsEmpty());
}

TEST_P(AttestationKeysTest, PrimaryAk_IsMadeAgainFromTheSeedAndNotInAnotherTpm) {
    auto under_test = TpmUnderTest::make(GetParam());
    auto keys = must(AttestationKeys::provision(under_test->tpm(), AkParent::None));
    const SavedAk saved = keys.saved();
    under_test->power_cycle(PowerOff::OrderlyClear);
    auto again = must(AttestationKeys::load(under_test->tpm(), saved));
    EXPECT_EQ(again.describe().ak_public, keys.describe().ak_public);

    must(this->keys().release());  // room for the stranger's keys
    const auto stranger = AttestationKeys::load(shared_tpm(), saved);
    ASSERT_FALSE(stranger);
    EXPECT_THAT(stranger.error().message, HasSubstr("belongs to another TPM"));
}

}  // namespace
}  // namespace pushsim::tpm
