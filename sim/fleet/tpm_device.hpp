#pragma once
// An agent's TPM, of whatever kind, with its keys. Blocking; AgentTpm works it from the loop.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/boot/boot_state.hpp"
#include "agent/lifecycle/machine.hpp"
#include "agent/tpm/attestation_keys.hpp"
#include "agent/tpm/tpm_host.hpp"
#include "sim/faults/fault.hpp"
#include "sim/fleet/kept_tpm.hpp"
#include "sim/fleet/swtpm_process.hpp"
#include "sim/pool/pool.hpp"
#include "sim/scenario/group.hpp"

namespace pushsim::fleet {

/// One thread at a time, that of the host.
class TpmDevice {
  public:
    struct Options {
        scenario::TpmChoice tpm = {};
        bool ak_primary = false;  ///< AK made from a seed instead of under the EK
        tpm::AkAlgorithms algorithms = {};
        /// A TPM of this pool, with the keys that are in it, in place of a new one; the pool outlives it.
        struct Pooled {
            const pool::Pool* pool;
            std::size_t number;
        };
        std::optional<Pooled> pooled = {};
        /// Where TPM and AK (of a TPM outside: the AK alone) are kept between rests. Not with a swtpm of its
        /// own.
        std::optional<std::filesystem::path> kept = {};
        bool restored = false;  ///< restore() will be wanted
        WallTime boot_time{};   ///< of a TPM outside; of one that is kept where the file does not say it yet
        /// While it waits for the file of a TPM that another process has.
        stack::StopAsked stop_asked = {};
    };
    /// The host must outlive it.
    TpmDevice(tpm::TpmHost& host, Options options);
    /// Powered off in order, or left as it was found.
    ~TpmDevice();
    TpmDevice(const TpmDevice&) = delete;
    TpmDevice& operator=(const TpmDevice&) = delete;

    // Each of these wakes the TPM where it rests: powers it on, or connects; one that is kept is held from
    // then on.

    /// EK and AK, made where there are none yet.
    Result<tpm::Description> describe();
    Result<lifecycle::TpmAnswer> use(const decltype(lifecycle::UseTpm::operation)& operation);
    /// As a fault has it. `measured`: all since boot, for a TPM that loses its power is measured anew.
    /// ErrorKind::Usage where it cannot be: its clock of a TPM that is not in pushsim, or has quoted nothing.
    Result<lifecycle::TpmAnswer> quote(const faults::Quoting& quoting,
                                       const std::vector<boot::Event>& measured);
    /// In order, up to the first that fails.
    Result<void> extend(const std::vector<boot::Event>& events);
    Result<tpm::PcrValues> read_pcrs(tpm::HashAlgorithm bank, const std::vector<int>& pcrs);

    // tpm_machine.cpp: the machine that it is in. ErrorKind::Usage for a TPM that is not in pushsim.

    /// Power off, in order or not, and on: PCRs begin anew, keys are there again.
    Result<void> reboot(bool orderly);
    /// Power off and on by TPM2_Shutdown and TPM2_Startup(STATE).
    Result<void> suspend();
    /// TPM2_Clear; also ErrorKind::Usage where that would take the AK with it.
    Result<void> clear();
    /// As it was, power and all, before the last reboot() or suspend(); its random numbers are those of then,
    /// too. ErrorKind::Usage where there was none.
    Result<void> restore();

    /// Lets go of a TPM that others may use meanwhile: one that is kept, or outside. Any other stays as it
    /// is. Where it cannot be written it is held, and the next rest tries again.
    Result<void> rest();

    // As the file had it when it was woken, and what happened since; of one that is not kept since it was
    // made. Of a TPM outside nothing is kept, for others measure into it, too, and reset it.
    const std::vector<KeptTpm::Measurement>& measurements() const { return kept_.measurements; }
    WallTime boot_time() const { return kept_.boot_time; }

  private:
    Result<void> wake();
    Result<void> open_kept();
    Result<void> open_tpm();
    Result<void> open_pooled();
    Result<void> need_keys();
    /// The TPM, awake; `done` to it in an error's words.
    Result<tpm::VirtualTpm*> inside(std::string_view done);
    /// The same, without keys loaded, and kept in `before_`.
    Result<tpm::VirtualTpm*> before_power_off(std::string_view done);
    Result<tpm::Quote> quote_by(const faults::Quoting& quoting);
    /// Quotes with a clock that begins anew.
    Result<tpm::Quote> quote_cleared(const faults::Quoting& quoting);
    /// Quotes with a clock that is not safe.
    Result<tpm::Quote> quote_unsafe(const faults::Quoting& quoting, const std::vector<boot::Event>& measured);

    tpm::TpmHost& host_;
    Options options_;
    std::unique_ptr<SwtpmProcess> swtpm_;
    std::unique_ptr<tpm::Tpm> tpm_;  ///< none while it rests
    std::optional<tpm::AttestationKeys> keys_;
    KeptTpm kept_;
    bool was_kept_ = false;  ///< the file was there before
    Bytes ak_public_;        ///< of its keys, once they were there
    struct Snapshot {
        tpm::SuspendedTpm tpm;
        std::vector<KeptTpm::Measurement> measurements;
    };
    std::optional<Snapshot> before_;           ///< the last reboot or suspend, where it will be wanted
    std::optional<std::uint64_t> told_clock_;  ///< of its last quote
    std::optional<KeptTpmFile> file_;          ///< while awake, of one that is kept
};

/// The TPM of an agent that has been here, to be opened wherever it is; ErrorKind::Config where none has.
Result<TpmDevice::Options> tpm_of_kept_agent(const std::string& agent_id);

}  // namespace pushsim::fleet
