#include <gmock/gmock.h>

#include "agent/tpm/attestation_keys.hpp"
#include "tests/agent/tpm/openssl_check.hpp"
#include "tests/agent/tpm/tpm_under_test.hpp"

namespace pushsim::tpm {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const Bytes challenge = {1, 2, 3, 4, 5, 6, 7, 8};

class PersistentKeys : public OnEveryTpm {
  protected:
    /// A TPM with persistent keys that was powered off and on.
    void prepare(AkParent parent) {
        auto keys = must(AttestationKeys::provision(tpm_->tpm(), parent));
        made_ = keys.describe();
        must(keys.make_persistent());
        EXPECT_EQ(keys.saved().ak.public_area, made_.ak_public);
        EXPECT_THAT(loaded(), IsEmpty());
        must(keys.quote(challenge, HashAlgorithm::Sha256, {0}));
        tpm_->power_cycle(PowerOff::OrderlyClear);
    }
    std::vector<Handle> loaded() {
        return must(ask(tpm_->tpm(), [](Commands& c) { return c.handles(handle::first_transient); }));
    }
    void expect_as_made(AttestationKeys& keys) {
        EXPECT_EQ(keys.describe().ek_public, made_.ek_public);
        EXPECT_EQ(keys.describe().ak_public, made_.ak_public);
        const auto quote = must(keys.quote(challenge, HashAlgorithm::Sha256, {0, 7}));
        EXPECT_TRUE(check::verifies(made_.ak_public, quote.message, quote.signature));
        const Bytes secret(32, 'P');
        const auto credential =
            check::make_credential(made_.ek_public, check::key_name(made_.ak_public), secret);
        EXPECT_EQ(must(keys.activate_credential(credential.id_object, credential.encrypted_secret)), secret);
        const auto certification = must(keys.certify(challenge));
        EXPECT_TRUE(check::verifies(made_.ak_public, certification.message, certification.signature));
        EXPECT_THAT(loaded(), IsEmpty());
    }
    std::unique_ptr<TpmUnderTest> tpm_ = TpmUnderTest::make(GetParam());
    Description made_;
};
PUSHSIM_ON_EVERY_TPM(PersistentKeys);

TEST_P(PersistentKeys, PrimaryAk_IsThereAfterAPowerCycleAndDoesAllThatOneOfItsSeedDoes) {
    prepare(AkParent::None);
    auto keys = must(AttestationKeys::persistent(tpm_->tpm()));
    expect_as_made(keys);
    must(keys.release());
    expect_as_made(keys);
}

TEST_P(PersistentKeys, ChildAk_IsThereAfterAPowerCycleWithoutItsPrivateArea) {
    prepare(AkParent::Ek);
    auto keys = must(AttestationKeys::persistent(tpm_->tpm()));
    EXPECT_EQ(keys.saved().ak.public_area, made_.ak_public);
    EXPECT_THAT(keys.saved().ak.private_area, IsEmpty());
    expect_as_made(keys);
}

TEST_P(PersistentKeys, OfATpmThatHasNoneAreAnError) {
    const auto none = AttestationKeys::persistent(tpm_->tpm());
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error().message, HasSubstr("the persistent attestation keys: "));
    EXPECT_THAT(none.error().message, HasSubstr("TPM2_ReadPublic of 0x81010001: tpm:handle(1)"));
}

TEST_P(PersistentKeys, AreNotPutWhereOthersAre) {
    prepare(AkParent::None);
    auto second = must(AttestationKeys::provision(tpm_->tpm(), AkParent::None));
    const auto refused = second.make_persistent();
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("TPM2_EvictControl"));
    must(second.release());
}

TEST(PersistentKeysInProcess, GoOnOverAPowerCycleThatNobodyToldThemOf) {
    VirtualTpm tpm(host());
    must(tpm.power_on());
    auto keys = must(AttestationKeys::provision(tpm, AkParent::None));
    must(keys.make_persistent());
    must(tpm.power_off());
    must(tpm.power_on());
    const auto quote = must(keys.quote(challenge, HashAlgorithm::Sha256, {0}));
    EXPECT_TRUE(check::verifies(keys.describe().ak_public, quote.message, quote.signature));
    EXPECT_THAT(must(ask(tpm, [](Commands& c) { return c.handles(handle::first_transient); })), IsEmpty());
}

}  // namespace
}  // namespace pushsim::tpm
