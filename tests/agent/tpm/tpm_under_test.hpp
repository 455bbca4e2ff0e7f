#pragma once
// The same tests on a TPM inside this process and on a real swtpm.

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "agent/tpm/attestation_keys.hpp"
#include "agent/tpm/commands.hpp"
#include "agent/tpm/tpm.hpp"
#include "agent/tpm/tpm_host.hpp"
#include "agent/tpm/virtual_tpm.hpp"

namespace pushsim::tpm {

/// One host of each kind, that tests share.
TpmHost& host(Swapping swapping = Swapping::Segment);

enum class Where { InProcess, ByBlobs, Swtpm };

/// A powered TPM that the test may cut the power of.
class TpmUnderTest {
  public:
    TpmUnderTest() = default;
    TpmUnderTest(const TpmUnderTest&) = delete;
    TpmUnderTest& operator=(const TpmUnderTest&) = delete;
    virtual ~TpmUnderTest() = default;
    /// Good until the next power cycle.
    virtual Tpm& tpm() = 0;
    /// Off and on again. Throws where that fails.
    virtual void power_cycle(PowerOff how, StartupType startup = StartupType::Clear) = 0;

    static std::unique_ptr<TpmUnderTest> make(Where where);
};

/// A TPM with keys (AK as a primary: quick to make) that tests share which change nothing but PCRs.
struct Provisioned {
    std::unique_ptr<TpmUnderTest> tpm;
    AttestationKeys keys;
};
Provisioned& provisioned(Where where);

/// Ends a test with the error's words.
template <typename T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// One command that gives a value.
template <typename Command>
auto ask(Tpm& tpm, const Command& command) {
    using Answer = typename std::invoke_result_t<Command, Commands&>;
    Answer answer;
    const auto done = tpm.run([&](Commands& commands) -> Result<void> {
        answer = command(commands);
        return {};
    });
    if (!done) throw std::runtime_error(done.error().text());
    return answer;
}

class OnEveryTpm : public testing::TestWithParam<Where> {
  protected:
    Provisioned& shared() { return provisioned(GetParam()); }
    Tpm& shared_tpm() { return shared().tpm->tpm(); }
    AttestationKeys& keys() { return shared().keys; }
};

std::string name_of(const testing::TestParamInfo<Where>& info);

#define PUSHSIM_ON_EVERY_TPM(suite)                                                                       \
    INSTANTIATE_TEST_SUITE_P(Tpm, suite, testing::Values(Where::InProcess, Where::ByBlobs, Where::Swtpm), \
                             name_of)

}  // namespace pushsim::tpm
