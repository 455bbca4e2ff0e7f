#include "sim/pool/maker.hpp"

#include <csignal>
#include <cstdlib>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <pthread.h>
#include <sys/resource.h>

#include "agent/tpm/accelerators.hpp"
#include "agent/tpm/attestation_keys.hpp"
#include "agent/tpm/public_key_pem.hpp"
#include "agent/tpm/quote_check.hpp"
#include "agent/tpm/tpm_host.hpp"
#include "agent/tpm/virtual_tpm.hpp"
#include "tests/sim/pool/support.hpp"

namespace pushsim::pool {
namespace {

using namespace test;
using ::testing::HasSubstr;

const Bytes challenge = {1, 2, 3, 4};

std::vector<Entry> make(const Making& making) {
    std::vector<Entry> made;
    must(make_tpms(making, [&](Entry entry) -> Result<void> {
        made.push_back(std::move(entry));
        return {};
    }));
    return made;
}

void expect_works(const Entry& entry) {
    tpm::TpmHost host(tpm::Swapping::Blobs);
    tpm::VirtualTpm tpm(host, entry.permanent_state);
    must(tpm.power_on());
    auto keys = must(tpm::AttestationKeys::persistent(tpm));
    EXPECT_EQ(keys.describe().ek_public, entry.ek_public);
    EXPECT_EQ(keys.describe().ak_public, entry.ak_public);
    const auto quote = must(keys.quote(challenge, tpm::HashAlgorithm::Sha256, {0}));
    must(tpm::check_quote(quote, challenge, entry.ak_public));
    must(tpm.run([&](tpm::Commands& commands) -> Result<void> {
        constexpr std::uint32_t startup_clear = 0x201;  // TPM_PT_STARTUP_CLEAR
        EXPECT_NE(must(commands.property(startup_clear)) & 0x80000000U, 0U)
            << "it was not powered off in order";
        return {};
    }));
}

TEST(Maker, MakesTpmsThatAttestAndAreAllDifferent) {
    const auto made = make({.count = 4, .jobs = 2});
    ASSERT_EQ(made.size(), 4U);
    std::set<Bytes> keys;
    for (const Entry& entry : made) {
        expect_works(entry);
        keys.insert(entry.ek_public);
        keys.insert(entry.ak_public);
    }
    EXPECT_EQ(keys.size(), 8U);
}

/// Whether the number, if it is neither one nor the modulus, is a factor of it: both big-endian.
bool divides(const Bytes& factor, ByteView modulus) {
    BIGNUM* n = BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr);
    BIGNUM* p = BN_bin2bn(factor.data(), static_cast<int>(factor.size()), nullptr);
    BIGNUM* rest = BN_new();
    BN_CTX* context = BN_CTX_new();
    const bool divided =
        BN_mod(rest, n, p, context) == 1 && BN_is_zero(rest) == 1 && BN_is_one(p) == 0 && BN_cmp(n, p) != 0;
    BN_CTX_free(context);
    BN_free(rest);
    BN_free(p);
    BN_free(n);
    return divided;
}

TEST(Maker, KeepsAFactorOfEachKeyAndLeavesTheAcceleratorsAsTheyWere) {
    for (const tpm::AkParent ak : {tpm::AkParent::None, tpm::AkParent::Ek}) {
        const auto made = make({.count = 1, .ak = ak});
        EXPECT_TRUE(divides(made.at(0).ek_factor, tpm::modulus_of(made.at(0).ek_public)));
        EXPECT_TRUE(divides(made.at(0).ak_factor, tpm::modulus_of(made.at(0).ak_public)));
        EXPECT_FALSE(tpm::accelerators_on().any());
    }
}

/// In a process of its own, for no file may be written in it any more, and so libtpms not be copied.
[[noreturn]] void make_without_a_copy() {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_FSIZE, &none);
    std::signal(SIGXFSZ, SIG_IGN);
    const auto made = make({.count = 1, .jobs = 2});
    std::_Exit(made.size() == 1 && !made[0].ak_factor.empty() && !tpm::accelerators_on().any() ? 0 : 1);
}

TEST(MakerDeathTest, MakesThemWithTheLinkedLibraryWhereItCannotBeCopied) {
    EXPECT_EXIT(make_without_a_copy(), ::testing::ExitedWithCode(0), "");
}

/// In a process of its own, whose threads want more memory than there are addresses.
[[noreturn]] void make_without_threads() {
    pthread_attr_t attributes;
    ::pthread_attr_init(&attributes);
    ::pthread_attr_setstacksize(&attributes, std::size_t{1} << 50U);
    ::pthread_setattr_default_np(&attributes);
    const auto failed = make_tpms({.count = 2, .jobs = 2}, [](const Entry&) { return Result<void>(); });
    std::_Exit(!failed && failed.error().message.starts_with("cannot start a thread: ") ? 0 : 1);
}

TEST(MakerDeathTest, ThreadsThatCannotBeStartedAreAnError) {
    EXPECT_EXIT(make_without_threads(), ::testing::ExitedWithCode(0), "");
}

TEST(Maker, MakesAksUnderEksForThoseWhoAsk) {
    const auto made = make({.count = 1, .ak = tpm::AkParent::Ek, .jobs = 1});
    expect_works(made.at(0));
}

TEST(Maker, PutsACertificateOfTheEkWhereAgentsLook) {
    const pki::EkAuthority authority(core::SystemClock().wall_now());
    const auto made = make({.count = 1, .ek_authority = &authority});
    tpm::TpmHost host(tpm::Swapping::Blobs);
    tpm::VirtualTpm tpm(host, made.at(0).permanent_state);
    must(tpm.power_on());
    const auto keys = must(tpm::AttestationKeys::persistent(tpm));
    EXPECT_TRUE(authority.vouches(keys.describe().ek_certificate, tpm::public_key_pem(made[0].ek_public)));
}

TEST(Maker, StopsBetweenTpmsWhenAPersonAsks) {
    std::size_t kept = 0;
    const Making making{.count = 1000, .jobs = 1, .stop_asked = [&] { return kept == 2; }};
    must(make_tpms(making, [&](const Entry&) -> Result<void> {
        ++kept;
        return {};
    }));
    EXPECT_EQ(kept, 2U);
}

TEST(Maker, EndsWithTheFirstThatCouldNotBeKept) {
    std::size_t asked = 0;
    const auto failed = make_tpms({.count = 1000, .jobs = 2}, [&](const Entry&) -> Result<void> {
        ++asked;
        return fail(ErrorKind::System, "no room");
    });
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message, "no room");
    EXPECT_EQ(asked, 1U);
}

}  // namespace
}  // namespace pushsim::pool
