// Virtual TPMs and the host that executes them.

#include "agent/tpm/tpm_host.hpp"

#include <filesystem>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <unistd.h>

#include "tests/agent/tpm/openssl_check.hpp"
#include "tests/agent/tpm/tpm_under_test.hpp"

namespace pushsim::tpm {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint32_t lockout_counter = 0x0000020E;  // TPM_PT_LOCKOUT_COUNTER
const Bytes challenge = {1, 2, 3};

Result<void> extend(Tpm& tpm, int pcr, std::uint8_t with) {
    return tpm.run([&](Commands& commands) {
        return commands.pcr_extend(pcr, {{HashAlgorithm::Sha256, Bytes(32, with)}});
    });
}
Bytes read(Tpm& tpm, int pcr) {
    return must(ask(tpm, [&](Commands& c) { return c.pcr_read(HashAlgorithm::Sha256, {pcr}); })).at(pcr);
}
Bytes random(Tpm& tpm) {
    return must(ask(tpm, [](Commands& c) { return c.get_random(32); }));
}

struct Powered {
    explicit Powered(TpmHost& host) : tpm(host) { must(tpm.power_on()); }
    Powered(TpmHost& host, Bytes permanent) : tpm(host, std::move(permanent)) { must(tpm.power_on()); }
    VirtualTpm tpm;
};

class HostTest : public testing::TestWithParam<Swapping> {
  protected:
    static TpmHost& host() { return tpm::host(GetParam()); }
};
class VirtualTpmTest : public HostTest {};
const auto both_ways = testing::Values(Swapping::Segment, Swapping::Blobs);
std::string way(const testing::TestParamInfo<Swapping>& info) {
    return info.param == Swapping::Segment ? "BySegment" : "ByBlobs";
}
INSTANTIATE_TEST_SUITE_P(Tpm, HostTest, both_ways, way);
INSTANTIATE_TEST_SUITE_P(Tpm, VirtualTpmTest, both_ways, way);

/// The working folder while it lives.
class EmptyWorkingFolder {
  public:
    EmptyWorkingFolder() {
        std::string folder = (std::filesystem::temp_directory_path() / "pushsim-tpm-XXXXXX").string();
        if (::mkdtemp(folder.data()) == nullptr)
            throw std::runtime_error("cannot make a folder in " + folder);
        std::filesystem::current_path(folder);
        folder_ = folder;
    }
    ~EmptyWorkingFolder() {
        std::filesystem::current_path(before_);
        std::filesystem::remove_all(folder_);
    }
    EmptyWorkingFolder(const EmptyWorkingFolder&) = delete;
    EmptyWorkingFolder& operator=(const EmptyWorkingFolder&) = delete;

  private:
    std::filesystem::path before_ = std::filesystem::current_path();
    std::filesystem::path folder_;
};

TEST_P(HostTest, ABurstInsideABurstIsABugAndLeavesTheHostUsable) {
    Powered a(host());
    Powered b(host());
    EXPECT_THROW((void)a.tpm.run([&](Commands&) { return extend(b.tpm, 0, 1); }), std::logic_error);
    EXPECT_TRUE(extend(b.tpm, 0, 1));
    EXPECT_TRUE(extend(a.tpm, 0, 1));
}

TEST_P(HostTest, RunsOnAnotherThreadToo) {
    Powered a(host());
    Powered b(host());
    must(extend(a.tpm, 3, 1));
    Bytes value;
    std::thread worker([&] {
        must(extend(b.tpm, 3, 2));
        must(extend(a.tpm, 3, 1));
        value = read(a.tpm, 3);
    });
    worker.join();
    EXPECT_EQ(read(a.tpm, 3), value);
    EXPECT_NE(read(b.tpm, 3), value);
}

TEST_P(HostTest, WritesNoFileAndSaysNothing) {
    const EmptyWorkingFolder folder;
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    {
        Powered a(host());
        Powered b(host());
        must(AttestationKeys::provision(a.tpm, AkParent::None));
        must(extend(b.tpm, 0, 1));
        must(a.tpm.power_off());
        must(a.tpm.power_on());
        a.tpm.fail_nv_writes(true);
        (void)a.tpm.run([](Commands& c) { return c.dictionary_attack_lock_reset(); });
        must(b.tpm.power_off(PowerOff::Loss));
        VirtualTpm damaged(host(), Bytes(100, 0xAA));
        EXPECT_FALSE(damaged.power_on());
    }
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
    EXPECT_TRUE(std::filesystem::is_empty(std::filesystem::current_path()));
}

TEST_P(VirtualTpmTest, TwoInterleaved_HaveDifferentKeysAndPcrs) {
    Powered a(host());
    Powered b(host());
    auto keys_a = must(AttestationKeys::provision(a.tpm, AkParent::None));
    auto keys_b = must(AttestationKeys::provision(b.tpm, AkParent::None));
    EXPECT_NE(keys_a.describe().ek_public, keys_b.describe().ek_public);
    EXPECT_NE(keys_a.describe().ak_public, keys_b.describe().ak_public);
    const auto swaps_before = host().swaps();
    for (std::uint8_t round = 0; round < 3; ++round) {
        must(extend(a.tpm, 10, round));
        must(extend(b.tpm, 10, static_cast<std::uint8_t>(round + 100)));
        const auto quote_a = must(keys_a.quote(challenge, HashAlgorithm::Sha256, {10}));
        const auto quote_b = must(keys_b.quote(challenge, HashAlgorithm::Sha256, {10}));
        EXPECT_TRUE(check::verifies(keys_a.describe().ak_public, quote_a.message, quote_a.signature));
        EXPECT_TRUE(check::verifies(keys_b.describe().ak_public, quote_b.message, quote_b.signature));
        EXPECT_FALSE(check::verifies(keys_b.describe().ak_public, quote_a.message, quote_a.signature));
        EXPECT_NE(quote_a.pcrs, quote_b.pcrs);
    }
    EXPECT_EQ(host().swaps() - swaps_before, 12U);
}

TEST_P(VirtualTpmTest, Swap_KeepsPcrsObjectsSessionsAndCounters) {
    Powered a(host());
    Powered b(host());
    auto keys = must(AttestationKeys::provision(a.tpm, AkParent::None));
    must(extend(a.tpm, 10, 1));
    const Bytes pcr = read(a.tpm, 10);
    const Handle session = must(ask(a.tpm, [](Commands& c) -> Result<Handle> {
        auto started = c.start_policy_session();
        if (started) must(c.policy_secret(handle::endorsement, *started));
        return started;
    }));
    const auto objects = must(ask(a.tpm, [](Commands& c) { return c.handles(handle::first_transient); }));
    const auto before = check::parse_attest(must(keys.quote(challenge, HashAlgorithm::Sha256, {10})).message);
    for (int i = 0; i < 5; ++i) {
        must(extend(b.tpm, 0, 1));
        must(extend(a.tpm, 0, 1));
    }

    EXPECT_EQ(read(a.tpm, 10), pcr);
    EXPECT_EQ(must(ask(a.tpm, [](Commands& c) { return c.handles(handle::first_transient); })), objects);
    EXPECT_EQ(objects.size(), 2U);
    const auto after = check::parse_attest(must(keys.quote(challenge, HashAlgorithm::Sha256, {10})).message);
    EXPECT_EQ(after.reset_count, before.reset_count);
    EXPECT_EQ(after.restart_count, before.restart_count);
    EXPECT_EQ(must(ask(a.tpm, [](Commands& c) { return c.property(lockout_counter); })), 0U);
    // The policy session still has its digest: it authorises the EK.
    const Bytes secret(32, 'P');
    const auto credential =
        check::make_credential(keys.describe().ek_public, check::key_name(keys.describe().ak_public), secret);
    const auto recovered = ask(a.tpm, [&](Commands& c) {
        return c.activate_credential(objects[1], objects[0], session, credential.id_object,
                                     credential.encrypted_secret);
    });
    EXPECT_EQ(must(recovered), secret);
}

TEST_P(VirtualTpmTest, RandomNumbersNeverRepeatOverSwapsAndPowerCycles) {
    Powered a(host());
    Powered b(host());
    std::set<Bytes> seen;
    int drawn = 0;
    const auto draw = [&] {
        seen.insert(random(a.tpm));
        ++drawn;
        (void)random(b.tpm);
    };
    for (int i = 0; i < 5; ++i)
        draw();
    // Lost while swapped out, and just after it was swapped in: no stale volatile state may come back.
    must(extend(a.tpm, 10, 1));
    (void)random(b.tpm);
    must(a.tpm.power_off(PowerOff::Loss));
    must(a.tpm.power_on());
    EXPECT_THAT(read(a.tpm, 10), Each(0));
    draw();
    must(extend(a.tpm, 10, 1));
    must(a.tpm.power_off(PowerOff::Loss));
    must(a.tpm.power_on());
    EXPECT_THAT(read(a.tpm, 10), Each(0));
    draw();
    EXPECT_EQ(seen.size(), static_cast<std::size_t>(drawn));
}

TEST_P(VirtualTpmTest, Off_TakesNoCommandsAndSaysWhy) {
    VirtualTpm tpm(host());
    EXPECT_FALSE(tpm.powered());
    EXPECT_EQ(extend(tpm, 0, 1).error().message, "the virtual TPM is off: it was not powered on");
    must(tpm.power_on());
    EXPECT_TRUE(tpm.powered());
    EXPECT_EQ(tpm.power_on().error().message, "the virtual TPM is on already");
    must(tpm.power_off());
    EXPECT_EQ(extend(tpm, 0, 1).error().message, "the virtual TPM is off: it was powered off");
    EXPECT_FALSE(tpm.power_off());
}

TEST_P(VirtualTpmTest, ResumeWithoutOrderlyState_IsRefusedAndAClearStartWorks) {
    Powered a(host());
    must(a.tpm.power_off(PowerOff::Loss));
    const auto resumed = a.tpm.power_on(StartupType::State);
    ASSERT_FALSE(resumed);
    EXPECT_THAT(resumed.error().message, HasSubstr("TPM2_Startup: tpm:parameter(1):"));
    EXPECT_THAT(resumed.error().message, HasSubstr("(0x1c4)"));
    EXPECT_FALSE(a.tpm.powered());
    must(a.tpm.power_on(StartupType::Clear));
    EXPECT_TRUE(extend(a.tpm, 0, 1));
}

TEST_P(VirtualTpmTest, Keys_AreLoadedAgainByThemselvesAfterAPowerCycle) {
    Powered a(host());
    auto keys = must(AttestationKeys::provision(a.tpm));
    const Bytes ak = keys.describe().ak_public;
    must(a.tpm.power_off());
    EXPECT_TRUE(keys.release()) << "nothing is loaded any more";
    EXPECT_FALSE(keys.certify(challenge));
    must(a.tpm.power_on());
    // Something else takes the handles the keys had.
    must(ask(a.tpm, [](Commands& c) { return c.start_policy_session(); }));
    const auto certification = must(keys.certify(challenge));
    EXPECT_TRUE(check::verifies(ak, certification.message, certification.signature));
    EXPECT_EQ(keys.describe().ak_public, ak);
}

TEST_P(VirtualTpmTest, PermanentState_IsTheSameTpmElsewhere) {
    Powered a(host());
    EXPECT_THAT(VirtualTpm(host()).permanent_state(), IsEmpty());
    auto keys = must(AttestationKeys::provision(a.tpm));
    must(a.tpm.power_off());
    Powered copy(host(), a.tpm.permanent_state());
    const auto again = must(AttestationKeys::load(copy.tpm, keys.saved()));
    EXPECT_EQ(again.describe().ek_public, keys.describe().ek_public);
    EXPECT_EQ(again.describe().ak_public, keys.describe().ak_public);
    must(a.tpm.power_on());
    EXPECT_NE(random(a.tpm), random(copy.tpm)) << "it reseeds at TPM2_Startup(CLEAR)";
}

TEST_P(VirtualTpmTest, Suspended_GoesOnElsewhereAsIfNothingHadHappened) {
    Powered a(host());
    auto keys = must(AttestationKeys::provision(a.tpm, AkParent::None));
    must(extend(a.tpm, 10, 1));
    must(extend(a.tpm, 16, 1));
    const Bytes pcr = read(a.tpm, 10);
    const Bytes debug = read(a.tpm, 16);
    const auto before = check::parse_attest(must(keys.quote(challenge, HashAlgorithm::Sha256, {10})).message);

    must(keys.release());

    VirtualTpm b(host(), must(a.tpm.suspend()));
    EXPECT_TRUE(b.powered());
    EXPECT_EQ(read(b, 10), pcr);
    EXPECT_EQ(read(b, 16), debug) << "which no power cycle keeps";
    auto same = must(AttestationKeys::load(b, keys.saved()));
    EXPECT_EQ(same.describe().ak_public, keys.describe().ak_public);
    const auto after = check::parse_attest(must(same.quote(challenge, HashAlgorithm::Sha256, {10})).message);
    EXPECT_EQ(after.reset_count, before.reset_count);
    EXPECT_EQ(after.restart_count, before.restart_count);

    EXPECT_FALSE(a.tpm.powered());
    const auto gone = extend(a.tpm, 10, 1);
    ASSERT_FALSE(gone);
    EXPECT_THAT(gone.error().message, HasSubstr("the virtual TPM is off: it was suspended"));
    EXPECT_FALSE(a.tpm.suspend()) << "there is nothing left of it here";
}

TEST_P(VirtualTpmTest, DamagedVolatileState_IsAnErrorAndHarmsNoOther) {
    Powered a(host());
    Powered b(host());
    must(extend(a.tpm, 0, 1));
    const Bytes before = read(a.tpm, 0);
    SuspendedTpm damaged = must(b.tpm.suspend());
    damaged.volatile_state.resize(damaged.volatile_state.size() / 2);
    VirtualTpm resumed(host(), std::move(damaged));
    const auto used = extend(resumed, 0, 1);
    ASSERT_FALSE(used) << "it is in failure mode";
    EXPECT_THAT(used.error().message, HasSubstr("(0x101)"));
    EXPECT_EQ(read(a.tpm, 0), before);
}

TEST_P(VirtualTpmTest, DamagedPermanentState_IsAnErrorAndHarmsNoOther) {
    Powered a(host());
    must(extend(a.tpm, 0, 1));
    const Bytes before = read(a.tpm, 0);
    Bytes damaged = a.tpm.permanent_state();
    damaged.resize(damaged.size() / 2);
    VirtualTpm b(host(), damaged);
    const auto started = b.power_on();
    ASSERT_FALSE(started);
    EXPECT_THAT(started.error().message, HasSubstr("TPMLIB_MainInit: 0x"));
    EXPECT_FALSE(b.powered());
    EXPECT_EQ(read(a.tpm, 0), before);
}

TEST_P(VirtualTpmTest, FailingNvWrites_AreFailureModeUntilAPowerCycle) {
    Powered a(host());
    Powered b(host());
    auto keys = must(AttestationKeys::provision(a.tpm, AkParent::None));
    const Bytes ak = keys.describe().ak_public;
    must(extend(b.tpm, 0, 1));
    a.tpm.fail_nv_writes(true);
    const auto refused = a.tpm.run([](Commands& c) { return c.dictionary_attack_lock_reset(); });
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("TPM2_DictionaryAttackLockReset: tpm:error(2.0): "));
    EXPECT_THAT(refused.error().message, HasSubstr("(0x101)"));
    EXPECT_THAT(refused.error().mend, HasSubstr("power it off and on"));
    EXPECT_THAT(keys.certify(challenge).error().message, HasSubstr("(0x101)"));
    // Another TPM goes on, and the broken one is broken still when its turn comes again.
    EXPECT_TRUE(extend(b.tpm, 0, 1));
    EXPECT_THAT(keys.certify(challenge).error().message, HasSubstr("(0x101)"));
    EXPECT_FALSE(a.tpm.power_off()) << "no TPM2_Shutdown in failure mode";
    EXPECT_FALSE(a.tpm.powered());
    a.tpm.fail_nv_writes(false);
    must(a.tpm.power_on());
    EXPECT_TRUE(keys.certify(challenge));
    EXPECT_EQ(keys.describe().ak_public, ak);
}

TEST_P(VirtualTpmTest, FailingNvWrites_PreventManufacture) {
    VirtualTpm tpm(host());
    tpm.fail_nv_writes(true);
    EXPECT_FALSE(tpm.power_on());
    EXPECT_FALSE(tpm.powered());
    tpm.fail_nv_writes(false);
    EXPECT_TRUE(tpm.power_on());
}

TEST_P(VirtualTpmTest, DestroyedWhileLive_LeavesTheOthers) {
    Powered a(host());
    must(extend(a.tpm, 5, 1));
    const Bytes before = read(a.tpm, 5);
    {
        Powered b(host());
        must(extend(b.tpm, 5, 9));
    }
    EXPECT_EQ(read(a.tpm, 5), before);
}

}  // namespace
}  // namespace pushsim::tpm
