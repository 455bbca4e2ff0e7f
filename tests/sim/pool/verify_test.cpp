#include "sim/pool/verify.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/tpm/tpm_host.hpp"
#include "agent/tpm/virtual_tpm.hpp"
#include "sim/pool/maker.hpp"
#include "tests/sim/pool/support.hpp"

namespace pushsim::pool {
namespace {

using namespace test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Verify : public ::testing::Test {
  protected:
    Verified of(const std::vector<Entry>& entries, const About& about = about_here()) {
        return must(verify(must(Pool::open(write_pool(file_, entries, about)))));
    }
    std::vector<Entry> three() {
        const auto& entries = real_entries(3);
        return {entries.begin(), entries.begin() + 3};
    }
    TemporaryFolder folder_;
    const std::filesystem::path file_ = folder_.path() / "a.pool";
};

TEST_F(Verify, LooksAtEachTpmAndQuotesWithAllOfFew) {
    const Verified seen = of(three());
    EXPECT_THAT(seen.faults, IsEmpty());
    EXPECT_EQ(seen.entries, 3U);
    EXPECT_EQ(seen.tpms, 3U);
    EXPECT_EQ(seen.quotes, 3U);
    EXPECT_EQ(seen.sample, 3U);
    EXPECT_EQ(seen.certificates, 0U);
}

TEST_F(Verify, SampleOfManyIsSpreadEvenly) {
    std::vector<Entry> many;
    for (int i = 0; i < 8; ++i)
        for (const Entry& entry : three())
            many.push_back(entry);
    const Verified seen = of(many);
    EXPECT_EQ(seen.tpms, 24U);
    EXPECT_EQ(seen.quotes, verify_sample);
    EXPECT_EQ(seen.sample, verify_sample);
}

TEST_F(Verify, NamesTheTpmWhoseKeyIsAnotherThanItsEntrySays) {
    auto entries = three();
    std::swap(entries[0].ak_public, entries[1].ak_public);
    entries[2].ek_public = entries[0].ek_public;
    const Verified seen = of(entries);
    EXPECT_THAT(seen.faults, ElementsAre("TPM 0: its AK is another one than its entry says",
                                         "TPM 1: its AK is another one than its entry says",
                                         "TPM 2: its EK is another one than its entry says"));
    EXPECT_EQ(seen.entries, 3U);
    EXPECT_EQ(seen.tpms, 0U);
}

TEST_F(Verify, NamesTheTpmThatDoesNotStartAndThatHasNoKeys) {
    auto entries = three();
    entries[0].permanent_state.resize(100);
    {
        tpm::TpmHost host(tpm::Swapping::Blobs);
        tpm::VirtualTpm fresh(host);
        must(fresh.power_on());
        must(fresh.power_off());
        entries[1].permanent_state = fresh.permanent_state();
    }
    entries[2].ek_public = {1, 2, 3};
    const Verified seen = of(entries);
    ASSERT_EQ(seen.faults.size(), 3U);
    EXPECT_THAT(seen.faults[0], HasSubstr("TPM 0: libtpms does not start"));
    EXPECT_THAT(seen.faults[1], HasSubstr("TPM 1: TPM2_ReadPublic of 0x81010001"));
    EXPECT_EQ(seen.faults[2], "TPM 2: its keys are not RSA-2048");
    EXPECT_EQ(seen.tpms, 0U);
}

TEST_F(Verify, LooksAtTheCertificatesOfAPoolThatHasACa) {
    const pki::EkAuthority authority(about_here().made), other(about_here().made);
    Entry certified;
    must(make_tpms({.count = 1, .ek_authority = &authority}, [&](Entry entry) -> Result<void> {
        certified = std::move(entry);
        return {};
    }));
    About about = about_here();
    about.ek_ca = authority.credentials();
    EXPECT_EQ(of({certified}, about).certificates, 1U);
    EXPECT_THAT(of({certified}, about).faults, IsEmpty());
    for (const auto& [entry, ca] : {std::pair{certified, other.credentials()}, {three()[0], *about.ek_ca}}) {
        about.ek_ca = ca;
        const Verified seen = of({entry}, about);
        EXPECT_THAT(seen.faults, ElementsAre("TPM 0: the pool's CA does not vouch for its EK certificate"));
        EXPECT_EQ(seen.quotes, 1U);
        EXPECT_EQ(seen.certificates, 0U);
    }
    about.ek_ca = pki::Credentials{"no", "ca"};
    EXPECT_THAT(of({certified}, about).faults,
                ElementsAre("the CA of the EK certificates is no certificate with its key"));
}

TEST_F(Verify, EndsWhenAPersonAsks) {
    const Pool pool = must(Pool::open(write_pool(file_, three())));
    std::size_t looked = 0;
    const auto ended = verify(
        pool, [&](std::size_t done, std::size_t) { looked = done; }, [&] { return looked == 2; });
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().kind, ErrorKind::Interrupted);
    EXPECT_EQ(looked, 2U);
}

}  // namespace
}  // namespace pushsim::pool
