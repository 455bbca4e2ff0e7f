#include "sim/pool/maker.hpp"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
