#pragma once
// One TPM 2.0 state inside this process.

#include <cstdint>
#include <string>

#include "agent/base/bytes.hpp"
#include "agent/tpm/commands.hpp"
#include "agent/tpm/nv_memory.hpp"
#include "agent/tpm/segment_swap.hpp"
#include "agent/tpm/tpm.hpp"

namespace pushsim::tpm {

class TpmHost;

enum class PowerOff : std::uint8_t {
    OrderlyClear,  ///< TPM2_Shutdown(CLEAR) first: PCRs are gone
    OrderlyState,  ///< TPM2_Shutdown(STATE) first: power_on(State) resumes with the PCRs
    Loss,          ///< no TPM2_Shutdown: counts as one failed dictionary-attack try at the next start
};

/// All of a TPM that is on, in libtpms' own forms, of one version of it: what a machine that is suspended to
/// disk keeps. It holds every secret of the TPM.
struct SuspendedTpm {
    Bytes permanent;
    Bytes volatile_state;  ///< PCRs, clock, what is loaded, the state of the random generator
};

/// The state; its host executes. The first power_on manufactures it: new seeds, so a new EK. Three losses of
/// power lock keys without noDA (TPM_RC_LOCKOUT), until Commands::dictionary_attack_lock_reset().
/// All functions, the destructor too, belong to the host's one thread at a time; the host must outlive this.
class VirtualTpm final : public Tpm {
  public:
    explicit VirtualTpm(TpmHost& host) : host_(host) {}

    /// A TPM that was manufactured before: from permanent_state() of one that is off. Bytes that libtpms does
    /// not accept are an error of power_on().
    VirtualTpm(TpmHost& host, Bytes permanent_state);
    /// One that was suspended: it is on, and goes on as if nothing had happened. Bytes that libtpms does not
    /// accept are an error of the next run(). Resumed twice, it gives the same random numbers twice.
    VirtualTpm(TpmHost& host, SuspendedTpm suspended);
    ~VirtualTpm() override;

    /// Power and TPM2_Startup. Where that is refused (State without an orderly STATE power-off) it is off
    /// again.
    Result<void> power_on(StartupType type = StartupType::Clear);

    /// Always leaves it off; an error says that TPM2_Shutdown did not work, so it was a loss.
    Result<void> power_off(PowerOff how = PowerOff::OrderlyClear);

    /// Takes it out of this process as it is, without a word to it; it is off here afterwards.
    Result<SuspendedTpm> suspend();

    bool powered() const { return powered_; }

    Result<void> run(const Burst& burst) override;
    std::uint64_t power_epoch() const override { return power_epoch_; }

    /// The NV contents in libtpms' own form; empty before the first power_on. A copy taken while it is on is
    /// one of a TPM that loses power.
    Bytes permanent_state() const { return nv_.permanent.value_or(Bytes{}); }

    /// From now on writes to NV fail, which puts the TPM into failure mode (TPM_RC_FAILURE) at the next one,
    /// until it is powered off and on with writes working again.
    void fail_nv_writes(bool failing) { nv_.failing = failing; }

  private:
    friend class TpmHost;
    void got_power();
    void lost_power(std::string because);

    TpmHost& host_;
    NvMemory nv_;
    SegmentImage image_;  ///< only while it is on and not live, of a host that swaps by the segment
    bool powered_ = false;
    std::string off_because_ = "it was not powered on";
    std::uint64_t power_epoch_ = 0;
};

}  // namespace pushsim::tpm
