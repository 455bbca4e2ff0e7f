#include "agent/tpm/external_tpm.hpp"

#include <gmock/gmock.h>
#include <tss2/tss2_tctildr.h>

#include "agent/tpm/templates.hpp"
#include "sim/fleet/swtpm_process.hpp"
#include "tests/agent/tpm/openssl_check.hpp"
#include "tests/agent/tpm/tpm_under_test.hpp"

namespace pushsim::tpm {
namespace {

using fleet::SwtpmProcess;
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
    EXPECT_EQ(tpm.error().message,
              "no TPM at \"device:/dev/no-such-tpm\": /dev/no-such-tpm cannot be opened: No such file or "
              "directory");
    EXPECT_THAT(tpm.error().mend, HasSubstr("ls -l /dev/tpm*"));
    const auto simulator = ExternalTpm::open("swtpm:port=1");
    ASSERT_FALSE(simulator);
    EXPECT_EQ(simulator.error().kind, ErrorKind::Tpm);
    EXPECT_EQ(simulator.error().message, "no TPM at \"swtpm:port=1\": no swtpm listens at 127.0.0.1 port 1");
    EXPECT_THAT(simulator.error().mend, HasSubstr("--server type=tcp,port=1 --ctrl type=tcp,port=2 "));
    const auto socket = ExternalTpm::open("swtpm:path=/no/socket");
    ASSERT_FALSE(socket);
    EXPECT_THAT(socket.error().mend,
                HasSubstr("--server type=unixio,path=/no/socket --ctrl type=unixio,path=/no/socket.ctrl "));
}

TEST(ExternalTpm, ANameThatNoTpmCanHaveIsRefusedBeforeItIsLookedFor) {
    const auto tpm = ExternalTpm::open("no-such-kind:of=tcti");
    ASSERT_FALSE(tpm);
    EXPECT_EQ(tpm.error().kind, ErrorKind::Config);
}

TEST(ExternalTpm, OneThatWasNotStartedUpIsStarted) {
    const auto process = must(SwtpmProcess::make(SwtpmProcess::Startup::None));
    const auto tpm = must(ExternalTpm::open(process->tcti()));
    EXPECT_EQ(must(ask(*tpm, [](Commands& c) { return c.get_random(8); })).size(), 8U);
}

TEST(ExternalTpm, IsLeftAsItWasFound) {
    const auto process = must(SwtpmProcess::make());
    Handle of_another = 0;
    {
        Untidy another(process->tcti());
        of_another = must(another->create_primary(handle::owner, ak_template())).handle;
    }
    {
        const auto tpm = must(ExternalTpm::open(process->tcti()));
        auto keys = must(AttestationKeys::provision(*tpm, AkParent::None));
        must(ask(*tpm, [](Commands& c) { return c.start_policy_session(); }));
        EXPECT_EQ(must(ask(*tpm, [](Commands& c) { return c.handles(handle::first_transient); })).size(), 3U);
    }
    Untidy another(process->tcti());
    EXPECT_THAT(must(another->handles(handle::first_transient)), ElementsAre(of_another));
    EXPECT_THAT(must(another->handles(handle::first_loaded_session)), IsEmpty());
}

TEST(ExternalTpm, OneThatDiesIsAnErrorThatNamesIt) {
    const auto process = must(SwtpmProcess::make());
    const auto tpm = must(ExternalTpm::open(process->tcti()));
    process->kill();
    const auto random = tpm->run([](Commands& commands) -> Result<void> {
        if (auto octets = commands.get_random(8); !octets) return fail(octets.error());
        return {};
    });
    ASSERT_FALSE(random);
    EXPECT_THAT(random.error().message,
                HasSubstr("TPM at \"" + process->tcti() + "\": TPM2_GetRandom: tcti:IO failure"));
    EXPECT_THAT(random.error().mend, HasSubstr("check that the TPM runs"));
}

Result<void> draw(Commands& commands) {
    auto octets = commands.get_random(8);
    if (!octets) return fail(octets.error());
    return {};
}

/// A swtpm and live keys on it.
class LostState : public testing::Test {
  protected:
    void expect_the_same_keys() {
        const auto quote = must(keys_.quote(Bytes{1}, HashAlgorithm::Sha256, {0}));
        EXPECT_TRUE(check::verifies(ak_public_, quote.message, quote.signature));
        const Bytes secret(32, 'S');
        const auto credential =
            check::make_credential(keys_.describe().ek_public, check::key_name(ak_public_), secret);
        EXPECT_EQ(must(keys_.activate_credential(credential.id_object, credential.encrypted_secret)), secret);
        EXPECT_THAT(must(ask(*tpm_, [](Commands& c) { return c.handles(handle::first_transient); })),
                    testing::SizeIs(2));
    }

    std::unique_ptr<SwtpmProcess> process_ = must(SwtpmProcess::make());
    std::unique_ptr<ExternalTpm> tpm_ = must(ExternalTpm::open(process_->tcti()));
    AttestationKeys keys_ = must(AttestationKeys::provision(*tpm_, AkParent::Ek));
    Bytes ak_public_ = keys_.describe().ak_public;
};

TEST_F(LostState, KeysAreLoadedAgainAfterAReset) {
    must(process_->reset());
    expect_the_same_keys();
}

TEST_F(LostState, KeysAreLoadedAgainAfterARestart) {
    process_->kill();
    must(process_->start(SwtpmProcess::Startup::Clear));
    expect_the_same_keys();
}

TEST_F(LostState, KeysAreLoadedAgainAfterOthersFlushedThem) {
    must(tpm_->run([](Commands& commands) -> Result<void> {
        for (const Handle handle : must(commands.handles(handle::first_transient)))
            must(commands.flush_context(handle));
        return {};
    }));
    expect_the_same_keys();
}

TEST_F(LostState, KeysAreReleasedWithoutComplaint) {
    must(process_->reset());
    EXPECT_TRUE(keys_.release());
    expect_the_same_keys();
}

TEST_F(LostState, ABurstThatMeetsItFailsAndTheNextIsFine) {
    must(process_->reset());
    const auto met = tpm_->run(draw);
    ASSERT_FALSE(met);
    EXPECT_THAT(met.error().message, HasSubstr("TPM2_GetRandom: tpm:error(2.0): TPM not initialized"));
    EXPECT_TRUE(tpm_->run(draw));
}

TEST_F(LostState, OneThatComesBackLaterIsFoundAgain) {
    process_->kill();
    EXPECT_FALSE(tpm_->run(draw));
    EXPECT_THAT(tpm_->run(draw).error().message, HasSubstr("no TPM at \"" + process_->tcti()));
    must(process_->start(SwtpmProcess::Startup::Clear));
    EXPECT_TRUE(tpm_->run(draw));
    expect_the_same_keys();
}

TEST_F(LostState, OneThatIsLostAndThenGoneIsFoundAgain) {
    const auto epoch = tpm_->power_epoch();
    must(process_->reset());
    EXPECT_FALSE(tpm_->run([this](Commands& commands) {
        auto met = draw(commands);
        process_->kill();
        return met;
    }));
    must(process_->start(SwtpmProcess::Startup::Clear));
    EXPECT_TRUE(tpm_->run(draw));
    EXPECT_NE(tpm_->power_epoch(), epoch);
    expect_the_same_keys();
}

TEST_F(LostState, AnOrdinaryErrorIsNone) {
    const auto epoch = tpm_->power_epoch();
    EXPECT_FALSE(tpm_->run([](Commands& commands) { return commands.pcr_reset(0); }));
    EXPECT_EQ(tpm_->power_epoch(), epoch);
}

}  // namespace
}  // namespace pushsim::tpm
