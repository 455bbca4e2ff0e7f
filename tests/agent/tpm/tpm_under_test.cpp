#include "tests/agent/tpm/tpm_under_test.hpp"

#include <cstdlib>
#include <map>
#include <optional>
#include <stdexcept>

#include "agent/tpm/external_tpm.hpp"
#include "agent/tpm/tpm_host.hpp"
#include "sim/fleet/swtpm_process.hpp"

namespace pushsim::tpm {
namespace {

using fleet::SwtpmProcess;

class InProcess final : public TpmUnderTest {
  public:
    explicit InProcess(Swapping swapping) : tpm_(host(swapping)) { must(tpm_.power_on()); }
    Tpm& tpm() override { return tpm_; }
    void power_cycle(PowerOff how, StartupType startup) override {
        must(tpm_.power_off(how));
        must(tpm_.power_on(startup));
    }

  private:
    VirtualTpm tpm_;
};

class Swtpm final : public TpmUnderTest {
  public:
    Swtpm() { open(); }
    Tpm& tpm() override { return *tpm_; }
    void power_cycle(PowerOff how, StartupType startup) override {
        if (how != PowerOff::Loss)
            must(tpm_->run([&](Commands& commands) {
                return commands.shutdown(how == PowerOff::OrderlyState ? StartupType::State
                                                                       : StartupType::Clear);
            }));
        process_->kill();
        tpm_.reset();
        must(process_->start(startup == StartupType::State ? SwtpmProcess::Startup::State
                                                           : SwtpmProcess::Startup::Clear));
        open();
    }

  private:
    void open() { tpm_ = must(ExternalTpm::open(process_->tcti())); }

    std::unique_ptr<SwtpmProcess> process_ = must(SwtpmProcess::make());
    std::unique_ptr<ExternalTpm> tpm_;
};

/// What lives as long as the test programme; TPMs go before their host.
class Shared final : public testing::Environment {
  public:
    void TearDown() override {
        provisioned_.clear();
        hosts_.clear();
    }

    TpmHost& host(Swapping swapping) {
        auto& host = hosts_[swapping];
        if (!host) host = std::make_unique<TpmHost>(swapping);
        return *host;
    }
    Provisioned& provisioned(Where where) {
        auto found = provisioned_.find(where);
        if (found == provisioned_.end()) {
            auto tpm = TpmUnderTest::make(where);
            auto keys = must(AttestationKeys::provision(tpm->tpm(), AkParent::None));
            found = provisioned_.emplace(where, Provisioned{std::move(tpm), std::move(keys)}).first;
        }
        return found->second;
    }

  private:
    std::map<Swapping, std::unique_ptr<TpmHost>> hosts_;
    std::map<Where, Provisioned> provisioned_;
};

// Connections that break because a test ends swtpm are no news.
const int quiet_tss = ::setenv("TSS2_LOG", "all+NONE", 0);

Shared& shared = *static_cast<Shared*>(testing::AddGlobalTestEnvironment(new Shared));

}  // namespace

TpmHost& host(Swapping swapping) {
    (void)quiet_tss;
    return shared.host(swapping);
}

std::unique_ptr<TpmUnderTest> TpmUnderTest::make(Where where) {
    if (where == Where::Swtpm) return std::make_unique<Swtpm>();
    return std::make_unique<InProcess>(where == Where::InProcess ? Swapping::Segment : Swapping::Blobs);
}

Provisioned& provisioned(Where where) {
    return shared.provisioned(where);
}

std::string name_of(const testing::TestParamInfo<Where>& info) {
    return info.param == Where::InProcess ? "InProcess" : info.param == Where::ByBlobs ? "ByBlobs" : "Swtpm";
}

}  // namespace pushsim::tpm
