// A TPM outside this process may answer anything: every answer ends in bounded time, with the error that it
// is.

#include <gmock/gmock.h>

#include "tests/agent/tpm/proxy_tpm.hpp"
#include "tests/agent/tpm/tpm_under_test.hpp"

namespace pushsim::tpm {
namespace {

using testing::HasSubstr;

void put(Bytes& out, std::uint32_t value, int octets) {
    while (octets-- > 0)
        out.push_back(static_cast<std::uint8_t>(value >> 8 * octets));
}

/// TPM_RC_SUCCESS with these parameters.
Bytes success(const Bytes& parameters) {
    Bytes out = only_code(0);
    const std::size_t size = out.size() + parameters.size();
    out[4] = static_cast<std::uint8_t>(size >> 8);
    out[5] = static_cast<std::uint8_t>(size);
    out.insert(out.end(), parameters.begin(), parameters.end());
    return out;
}

/// The answer of TPM2_PCR_Read: one PCR (0 to 7) of a bank.
Bytes pcr_answer(HashAlgorithm bank, int pcr, const Bytes& digest) {
    Bytes out;
    put(out, 1, 4);  // update counter
    put(out, 1, 4);  // one selection
    put(out, static_cast<std::uint16_t>(bank), 2);
    put(out, 3, 1);
    put(out, 1U << pcr << 16, 3);
    put(out, 1, 4);  // one digest
    put(out, static_cast<std::uint32_t>(digest.size()), 2);
    out.insert(out.end(), digest.begin(), digest.end());
    return success(out);
}

/// The answer of TPM2_GetCapability with `entries`, and that there is more.
Bytes capability_answer(std::uint32_t capability, std::uint32_t count, const Bytes& entries) {
    Bytes out;
    put(out, 1, 1);
    put(out, capability, 4);
    put(out, count, 4);
    out.insert(out.end(), entries.begin(), entries.end());
    return success(out);
}

class SenselessAnswers : public testing::Test {
  protected:
    template <typename Command>
    std::string error_of(const Bytes& answer, const Command& command) {
        ProxyTpm tpm(provisioned(Where::InProcess).tpm->tpm(),
                     [&](ByteView, Commands&) -> std::optional<Bytes> {
                         if (++sent_ > 100) throw std::runtime_error("it goes on and on");
                         return answer;
                     });
        const auto result = ask(tpm, command);
        return result ? "no error" : result.error().message;
    }
    int sent_ = 0;
};

TEST_F(SenselessAnswers, PcrsThatWereNotAskedForAreNotTaken) {
    EXPECT_EQ(error_of(pcr_answer(HashAlgorithm::Sha256, 3, Bytes(32)),
                       [](Commands& c) { return c.pcr_read(HashAlgorithm::Sha256, {0}); }),
              "TPM2_PCR_Read: the TPM gives no PCR 0 in bank sha256");
}

TEST_F(SenselessAnswers, PcrsOfAnotherBankAreNotTaken) {
    EXPECT_EQ(error_of(pcr_answer(HashAlgorithm::Sha1, 0, Bytes(20)),
                       [](Commands& c) { return c.pcr_read(HashAlgorithm::Sha256, {0}); }),
              "TPM2_PCR_Read: the TPM gives no PCR 0 in bank sha256");
}

TEST_F(SenselessAnswers, DigestsHaveTheSizeOfTheirBank) {
    for (const std::size_t size : {0, 20, 33})
        EXPECT_EQ(
            error_of(pcr_answer(HashAlgorithm::Sha256, 0, Bytes(size)),
                     [](Commands& c) { return c.pcr_read(HashAlgorithm::Sha256, {0}); }),
            "TPM2_PCR_Read: the TPM gives " + std::to_string(size) + " octets for PCR 0 in bank sha256");
}

TEST_F(SenselessAnswers, HandlesThatNeverEndAreAnError) {
    for (const Bytes& same : {Bytes{0x80, 0, 0, 0}, Bytes{0xFF, 0xFF, 0xFF, 0xFF}})
        EXPECT_THAT(error_of(capability_answer(1, 1, same),
                             [](Commands& c) { return c.handles(handle::first_transient); }),
                    HasSubstr("TPM2_GetCapability(HANDLES): the TPM gives what it gave before"));
}

TEST_F(SenselessAnswers, AlgorithmsThatNeverEndAreAnError) {
    EXPECT_THAT(error_of(capability_answer(0, 1, Bytes{0, 0x0B, 0, 0, 0, 4}),
                         [](Commands& c) { return c.algorithms(); }),
                HasSubstr("TPM2_GetCapability(ALGS): the TPM gives what it gave before"));
}

TEST_F(SenselessAnswers, AListOfAnotherKindIsNotReadAsTheOneAskedFor) {
    EXPECT_THAT(error_of(capability_answer(8, 400, Bytes(800, 0x55)),  // TPM_CAP_ECC_CURVES
                         [](Commands& c) { return c.handles(handle::first_transient); }),
                HasSubstr("TPM2_GetCapability(HANDLES) of 0x80000000: sys:"));
}

}  // namespace
}  // namespace pushsim::tpm
