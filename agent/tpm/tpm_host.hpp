#pragma once
// Executes the commands of virtual TPMs: libtpms in this process.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "agent/tpm/commands.hpp"
#include "agent/tpm/tpm.hpp"

namespace pushsim::tpm {

class VirtualTpm;
struct SuspendedTpm;
enum class PowerOff : std::uint8_t;
class InProcessTcti;

/// One loaded libtpms, which is one TPM at a time: it is swapped for another virtual TPM when a burst needs
/// that. One thread at a time. There is one copy of the library in a process, so a second host at the same
/// time is a bug (std::logic_error), and so is a burst that runs another one on the same host.
class TpmHost {
  public:
    TpmHost();
    ~TpmHost();
    TpmHost(const TpmHost&) = delete;
    TpmHost& operator=(const TpmHost&) = delete;

    /// Makes `tpm` the live one if it is not, runs the burst, and leaves it live. Keep together what belongs
    /// together: a swap costs the self-tests again.
    Result<void> run(VirtualTpm& tpm, const Burst& burst);

    /// "0.9.2": the libtpms that is loaded.
    static std::string library_version();

    /// How often a powered TPM was brought back after another one had been live.
    std::uint64_t swaps() const { return swaps_; }

  private:
    friend class VirtualTpm;
    class Use;
    /// The only one of its kind as long as it lives.
    struct OnlyOne {
        OnlyOne();
        ~OnlyOne();
        OnlyOne(const OnlyOne&) = delete;
        OnlyOne& operator=(const OnlyOne&) = delete;
    };

    Result<void> power_on(VirtualTpm& tpm, StartupType type);
    Result<void> power_off(VirtualTpm& tpm, PowerOff how);
    Result<SuspendedTpm> suspend(VirtualTpm& tpm);
    void forget(VirtualTpm& tpm);

    Result<void> swap_in(VirtualTpm& tpm);
    void swap_out_live();
    void terminate_live();

    OnlyOne only_one_;
    VirtualTpm* live_ = nullptr;  ///< whose state is in the library; none: the library is terminated
    std::atomic<bool> in_use_ = false;
    std::uint64_t swaps_ = 0;
    int log_ = -1;
    std::unique_ptr<InProcessTcti> tcti_;
    std::unique_ptr<Commands> commands_;
};

}  // namespace pushsim::tpm
