#pragma once
// A TPM outside this process, through one of tpm2-tss's TCTIs.

#include <memory>
#include <string>
#include <vector>

#include "agent/tpm/commands.hpp"
#include "agent/tpm/tpm.hpp"

namespace pushsim::tpm {

/// Leaves the TPM as it was found: when this goes, transient objects and sessions that appeared since are
/// flushed. One thread at a time.
class ExternalTpm final : public Tpm {
  public:
    /// `tcti` as Tss2_TctiLdr_Initialize takes it: "swtpm:host=127.0.0.1,port=2321", "device:/dev/tpmrm0".
    /// A TPM that is not started up yet gets TPM2_Startup(CLEAR).
    static Result<std::unique_ptr<ExternalTpm>> open(const std::string& tcti);
    ~ExternalTpm() override;

    Result<void> run(const Burst& burst) override;

    /// Always 1: what happens to its power is not seen from here.
    std::uint64_t power_epoch() const override { return 1; }

  private:
    ExternalTpm(std::string name, TSS2_TCTI_OPAQUE_CONTEXT_BLOB* tcti);
    Result<void> begin();
    Result<std::vector<Handle>> loaded();

    std::string name_;
    TSS2_TCTI_OPAQUE_CONTEXT_BLOB* tcti_;
    std::unique_ptr<Commands> commands_;
    std::vector<Handle> found_;  ///< loaded by others before
    bool begun_ = false;
};

}  // namespace pushsim::tpm
