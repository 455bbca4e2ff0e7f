#pragma once
// The TPM of one agent, worked from the loop: commands run on the TPM thread, answers come back to the loop.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/boot/boot_state.hpp"
#include "agent/lifecycle/machine.hpp"
#include "sim/fleet/tpm_device.hpp"
#include "sim/fleet/worker.hpp"
#include "sim/history/record.hpp"

namespace pushsim::fleet {

/// The thread that runs TPM commands, and the TPM host (libtpms) that belongs to it.
class TpmThread {
  public:
    explicit TpmThread(const Clock& clock, Worker::Post post);
    ~TpmThread();
    TpmThread(const TpmThread&) = delete;
    TpmThread& operator=(const TpmThread&) = delete;

    /// Why TPMs take turns slowly (tpm::TpmHost::fallback); empty: they do not.
    const std::string& fallback() const { return host_->fallback(); }

  private:
    friend class AgentTpm;
    const Clock& clock_;
    std::shared_ptr<tpm::TpmHost> host_ = std::make_shared<tpm::TpmHost>();
    Worker worker_;
};

class AgentTpm {
  public:
    struct Used {
        std::string operation;  ///< "quote", "certify", …
        Duration duration{};    ///< on the TPM thread, without waiting for it
        Result<lifecycle::TpmAnswer> answer;
        std::vector<KeptTpm::Measurement> measured;  ///< into it since those that were known: by others
    };

    AgentTpm(TpmThread& thread, TpmDevice::Options options);
    /// The TPM is powered off in order, or left as it was found (TpmDevice), on its thread.
    ~AgentTpm();
    AgentTpm(const AgentTpm&) = delete;
    AgentTpm& operator=(const AgentTpm&) = delete;

    // Each calls `done` once from the loop, unless the loop ends before.

    struct Provisioned {
        Duration duration{};
        Result<tpm::Description> description;
        // Of a TPM that is kept, what is known of its boot:
        WallTime boot_time{};
        std::vector<KeptTpm::Measurement> measured = {};
    };
    /// Powers the TPM on, or connects, and makes EK and AK.
    void provision(std::function<void(Provisioned)> done);
    /// `known`: so many measurements since boot.
    void use(const lifecycle::UseTpm& use, std::size_t known, std::function<void(Used)> done);
    void extend(int pcr, const boot::Measurement& measurement, std::function<void(Result<void>)> done);
    /// Others may have it until the next of these (TpmDevice::rest).
    void rest(std::function<void(Result<void>)> done);

  private:
    TpmThread& thread_;
    /// Touched by the TPM thread alone once made. Jobs hold it, so it goes with the last of them, on that
    /// thread.
    std::shared_ptr<TpmDevice> device_;
};

/// As it goes into the history.
history::TpmOperation operation_of(const AgentTpm::Provisioned& made);

}  // namespace pushsim::fleet
