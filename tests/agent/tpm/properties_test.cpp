// What holds for any sequence.

#include <rapidcheck.h>

#include "agent/tpm/tpm_host.hpp"
#include "tests/agent/tpm/openssl_check.hpp"
#include "tests/agent/tpm/tpm_under_test.hpp"

namespace pushsim::tpm {
namespace {

constexpr HashAlgorithm banks[] = {HashAlgorithm::Sha1, HashAlgorithm::Sha256, HashAlgorithm::Sha384,
                                   HashAlgorithm::Sha512};

/// PCR values of all banks as they should be.
using Model = std::map<std::pair<HashAlgorithm, int>, Bytes>;

Model zeros() {
    Model model;
    for (const auto bank : banks)
        for (int pcr = 0; pcr < 17; ++pcr)
            model[{bank, pcr}] = Bytes(digest_size(bank), 0);
    return model;
}

/// hash(old ‖ digest), by OpenSSL.
void extend(Model& model, int pcr, const std::map<HashAlgorithm, Bytes>& digests) {
    for (const auto& [bank, digest] : digests) {
        Bytes joined = model[{bank, pcr}];
        joined.insert(joined.end(), digest.begin(), digest.end());
        model[{bank, pcr}] = check::digest(bank, joined);
    }
}

Model read(Tpm& tpm) {
    Model model;
    must(tpm.run([&](Commands& commands) -> Result<void> {
        for (const auto bank : banks)
            for (const auto& [pcr, value] :
                 must(commands.pcr_read(bank, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})))
                model[{bank, pcr}] = value;
        return {};
    }));
    return model;
}

/// Digests for any of the banks, none included.
std::map<HashAlgorithm, Bytes> any_digests() {
    std::map<HashAlgorithm, Bytes> digests;
    for (const auto bank : banks)
        if (*rc::gen::arbitrary<bool>())
            digests[bank] = *rc::gen::container<Bytes>(digest_size(bank), rc::gen::arbitrary<std::uint8_t>());
    return digests;
}

class ExtendProperty : public OnEveryTpm {};
PUSHSIM_ON_EVERY_TPM(ExtendProperty);

TEST_P(ExtendProperty, EveryBankIsTheHashChainOfItsDigests) {
    EXPECT_TRUE(rc::check("PCRs are OpenSSL's hash chain", [this] {
        Model model = read(shared_tpm());
        const int length = *rc::gen::inRange(0, 12);
        for (int i = 0; i < length; ++i) {
            const int pcr = *rc::gen::inRange(0, 17);
            const auto digests = any_digests();
            must(shared_tpm().run([&](Commands& commands) { return commands.pcr_extend(pcr, digests); }));
            extend(model, pcr, digests);
        }
        RC_ASSERT(read(shared_tpm()) == model);
    }));
}

TEST(InterleavingProperty, AnyNumberOfVirtualTpmsAreKeptApart) {
    EXPECT_TRUE(rc::check("each virtual TPM has its own PCRs", [] {
        struct One {
            VirtualTpm tpm{host()};
            Model expected = zeros();
        };
        const int count = *rc::gen::inRange(1, 6);
        std::vector<std::unique_ptr<One>> all;
        for (int i = 0; i < count; ++i) {
            all.push_back(std::make_unique<One>());
            must(all.back()->tpm.power_on());
        }
        const int length = *rc::gen::inRange(0, 40);
        for (int i = 0; i < length; ++i) {
            One& one = *all[*rc::gen::inRange<std::size_t>(0, all.size())];
            switch (*rc::gen::inRange(0, 8)) {
                case 0: {
                    must(one.tpm.power_off(*rc::gen::element(PowerOff::OrderlyClear, PowerOff::Loss)));
                    must(one.tpm.power_on());
                    one.expected = zeros();
                    break;
                }
                case 1: {
                    must(one.tpm.power_off(PowerOff::OrderlyState));
                    must(one.tpm.power_on(StartupType::State));
                    for (const auto bank : banks)
                        one.expected[{bank, 16}] = Bytes(digest_size(bank), 0);
                    break;
                }
                case 2: {
                    RC_ASSERT(read(one.tpm) == one.expected);
                    break;
                }
                default: {
                    const int pcr = *rc::gen::inRange(0, 17);
                    const auto digests = any_digests();
                    must(one.tpm.run([&](Commands& commands) { return commands.pcr_extend(pcr, digests); }));
                    extend(one.expected, pcr, digests);
                }
            }
        }
        for (const auto& one : all)
            RC_ASSERT(read(one->tpm) == one->expected);
    }));
}

}  // namespace
}  // namespace pushsim::tpm
