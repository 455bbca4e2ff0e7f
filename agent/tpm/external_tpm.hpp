#pragma once
// A TPM outside this process, through one of tpm2-tss's TCTIs.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/tpm/commands.hpp"
#include "agent/tpm/tpm.hpp"

namespace pushsim::tpm {

/// Leaves the TPM as it was found: when this goes, transient objects and sessions that appeared since are
/// flushed. One thread at a time.
///
/// There is no time-out: the TCTIs of tpm2-tss (3.2) wait for a response as long as it takes, whatever time
/// they are given, and offer nothing to poll. A TPM that stands still holds its thread.
class ExternalTpm final : public Tpm {
  public:
    /// `tcti` as Tss2_TctiLdr_Initialize takes it: "swtpm:host=127.0.0.1,port=2321", "device:/dev/tpmrm0".
    /// A TPM that is not started up yet gets TPM2_Startup(CLEAR). ErrorKind::Config where that is no name of
    /// a TPM, ErrorKind::Tpm where none answers.
    static Result<std::unique_ptr<ExternalTpm>> open(const std::string& tcti);
    ~ExternalTpm() override;

    /// A burst that meets a TPM that was reset, whose connection broke, or that lost what was loaded fails;
    /// the TPM is then connected and started up again where need be, and fit for the next burst.
    Result<void> run(const Burst& burst) override;

    /// Changes when a burst failed in one of these ways. What else happens to its power is not seen from
    /// here.
    std::uint64_t power_epoch() const override { return power_epoch_; }

  private:
    class Line;

    explicit ExternalTpm(std::string name);
    Result<void> connect();
    Result<void> begin();
    void recover();
    Result<std::vector<Handle>> loaded();
    void flush_ours(const std::vector<Handle>& loaded);

    std::string name_;
    std::unique_ptr<Line> line_;  ///< none while nobody answers
    std::optional<std::vector<Handle>>
        found_;  ///< what others had loaded before; none before the first begin()
    std::uint64_t power_epoch_ = 1;
};

}  // namespace pushsim::tpm
