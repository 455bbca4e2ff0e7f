// What a power cycle keeps and what it costs.

#include <gmock/gmock.h>

#include "agent/tpm/templates.hpp"
#include "tests/agent/tpm/openssl_check.hpp"
#include "tests/agent/tpm/tpm_under_test.hpp"

namespace pushsim::tpm {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint32_t lockout_counter = 0x0000020E;  // TPM_PT_LOCKOUT_COUNTER
const Bytes challenge = {1, 2, 3};

class PowerTest : public OnEveryTpm {
  protected:
    void extend(int pcr) {
        must(tpm_->tpm().run([&](Commands& commands) {
            return commands.pcr_extend(pcr, {{HashAlgorithm::Sha256, Bytes(32, 7)}});
        }));
    }
    Bytes read(int pcr) {
        return must(ask(tpm_->tpm(), [&](Commands& c) { return c.pcr_read(HashAlgorithm::Sha256, {pcr}); }))
            .at(pcr);
    }
    std::uint32_t failed_tries() {
        return must(ask(tpm_->tpm(), [](Commands& c) { return c.property(lockout_counter); }));
    }
    /// A quote by the AK as a primary: a key without noDA.
    Result<Bytes> quote() {
        return ask(tpm_->tpm(), [](Commands& commands) -> Result<Bytes> {
            const auto ak = must(commands.create_primary(handle::endorsement, ak_template()));
            auto quoted = commands.quote(ak.handle, challenge, HashAlgorithm::Sha256, {0});
            must(commands.flush_context(ak.handle));
            if (!quoted) return fail(quoted.error());
            return quoted->message;
        });
    }
    check::Attest attest() { return check::parse_attest(must(quote())); }

    std::unique_ptr<TpmUnderTest> tpm_ = TpmUnderTest::make(GetParam());
};
PUSHSIM_ON_EVERY_TPM(PowerTest);

TEST_P(PowerTest, OrderlyClear_ResetsPcrsAndTransientObjects) {
    const auto before = attest();
    must(ask(tpm_->tpm(), [](Commands& c) { return c.create_primary(handle::endorsement, ak_template()); }));
    extend(10);
    tpm_->power_cycle(PowerOff::OrderlyClear);
    EXPECT_THAT(read(10), Each(0));
    EXPECT_THAT(must(ask(tpm_->tpm(), [](Commands& c) { return c.handles(handle::first_transient); })),
                IsEmpty());
    // The counters of an attestation by a key outside the platform hierarchy are obfuscated by a constant of
    // the key: differences hold.
    const auto after = attest();
    EXPECT_EQ(after.reset_count - before.reset_count, 1U);
    EXPECT_EQ(after.restart_count, before.restart_count);
}

TEST_P(PowerTest, OrderlyState_ResumesWithThePcrs) {
    const auto before = attest();
    extend(10);
    extend(16);
    const Bytes kept = read(10);
    tpm_->power_cycle(PowerOff::OrderlyState, StartupType::State);
    EXPECT_EQ(read(10), kept);
    EXPECT_THAT(read(16), Each(0));
    const auto after = attest();
    EXPECT_EQ(after.reset_count, before.reset_count);
    EXPECT_EQ(after.restart_count - before.restart_count, 1U);
}

TEST_P(PowerTest, OrderlyState_MayStartClear) {
    extend(10);
    tpm_->power_cycle(PowerOff::OrderlyState, StartupType::Clear);
    EXPECT_THAT(read(10), Each(0));
}

TEST_P(PowerTest, FourOrderlyCycles_LeaveTheKeysUsable) {
    for (int cycle = 0; cycle < 4; ++cycle) {
        attest();
        tpm_->power_cycle(PowerOff::OrderlyClear);
        EXPECT_EQ(failed_tries(), 0U);
    }
    attest();
}

TEST_P(PowerTest, ThreeLosses_LockTheKeysUntilTheLockoutIsReset) {
    for (std::uint32_t cycle = 1; cycle <= 3; ++cycle) {
        attest();
        tpm_->power_cycle(PowerOff::Loss);
        EXPECT_EQ(failed_tries(), cycle);
    }
    const auto locked = quote();
    ASSERT_FALSE(locked);
    EXPECT_THAT(locked.error().message, HasSubstr("TPM2_Quote of 0x8"));
    EXPECT_THAT(locked.error().message, HasSubstr("(0x921)"));
    EXPECT_THAT(locked.error().mend, HasSubstr("TPM2_DictionaryAttackLockReset"));
    must(tpm_->tpm().run([](Commands& commands) { return commands.dictionary_attack_lock_reset(); }));
    EXPECT_EQ(failed_tries(), 0U);
    EXPECT_TRUE(quote());
}

TEST_P(PowerTest, FourthLoss_WithAResetAfterEachIsNoLockout) {
    for (int cycle = 0; cycle < 4; ++cycle) {
        attest();
        tpm_->power_cycle(PowerOff::Loss);
        must(tpm_->tpm().run([](Commands& commands) { return commands.dictionary_attack_lock_reset(); }));
    }
    attest();
}

}  // namespace
}  // namespace pushsim::tpm
