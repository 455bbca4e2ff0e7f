#include "agent/tpm/external_tpm.hpp"

#include <gmock/gmock.h>
#include <tss2/tss2_tctildr.h>

#include "agent/tpm/templates.hpp"
#include "tests/agent/tpm/swtpm_process.hpp"
#include "tests/agent/tpm/tpm_under_test.hpp"

namespace pushsim::tpm {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Commands straight to a TPM, with nobody to tidy up.
class Untidy {
  public:
    explicit Untidy(const std::string& tcti) {
        if (Tss2_TctiLdr_Initialize(tcti.c_str(), &context_) != TSS2_RC_SUCCESS)
            throw std::runtime_error("no TPM at " + tcti);
        commands_ = std::make_unique<Commands>(context_);
    }
    ~Untidy() {
        commands_.reset();
        Tss2_TctiLdr_Finalize(&context_);
    }
    Untidy(const Untidy&) = delete;
    Untidy& operator=(const Untidy&) = delete;
    Commands* operator->() { return commands_.get(); }

  private:
    TSS2_TCTI_CONTEXT* context_ = nullptr;
    std::unique_ptr<Commands> commands_;
};

TEST(ExternalTpm, NobodyThere_IsAnErrorThatNamesThePlaceAndTheWayOut) {
    const auto tpm = ExternalTpm::open("device:/dev/no-such-tpm");
    ASSERT_FALSE(tpm);
    EXPECT_EQ(tpm.error().kind, ErrorKind::Tpm);
    EXPECT_THAT(tpm.error().message, HasSubstr("no TPM at \"device:/dev/no-such-tpm\": tcti:"));
    EXPECT_THAT(tpm.error().mend, HasSubstr("check the TCTI"));
    EXPECT_FALSE(ExternalTpm::open("no-such-kind:of=tcti"));
}

TEST(ExternalTpm, OneThatWasNotStartedUpIsStarted) {
    SwtpmProcess process("");
    const auto tpm = must(ExternalTpm::open(process.tcti()));
    EXPECT_EQ(must(ask(*tpm, [](Commands& c) { return c.get_random(8); })).size(), 8U);
}

TEST(ExternalTpm, IsLeftAsItWasFound) {
    SwtpmProcess process;
    Handle of_another = 0;
    {
        Untidy another(process.tcti());
        of_another = must(another->create_primary(handle::owner, ak_template())).handle;
    }
    {
        const auto tpm = must(ExternalTpm::open(process.tcti()));
        auto keys = must(AttestationKeys::provision(*tpm, AkParent::None));
        must(ask(*tpm, [](Commands& c) { return c.start_policy_session(); }));
        EXPECT_EQ(must(ask(*tpm, [](Commands& c) { return c.handles(handle::first_transient); })).size(), 3U);
    }
    Untidy another(process.tcti());
    EXPECT_THAT(must(another->handles(handle::first_transient)), ElementsAre(of_another));
    EXPECT_THAT(must(another->handles(handle::first_loaded_session)), IsEmpty());
}

TEST(ExternalTpm, OneThatDiesIsAnErrorThatNamesIt) {
    SwtpmProcess process;
    const auto tpm = must(ExternalTpm::open(process.tcti()));
    process.kill();
    const auto random = tpm->run([](Commands& commands) -> Result<void> {
        if (auto octets = commands.get_random(8); !octets) return fail(octets.error());
        return {};
    });
    ASSERT_FALSE(random);
    EXPECT_THAT(random.error().message,
                HasSubstr("TPM at \"" + process.tcti() + "\": TPM2_GetRandom: tcti:IO failure"));
    EXPECT_THAT(random.error().mend, HasSubstr("check that the TPM runs"));
}

}  // namespace
}  // namespace pushsim::tpm
