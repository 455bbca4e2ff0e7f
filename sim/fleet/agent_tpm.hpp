#pragma once
// The TPM of one agent, worked from the loop: commands run on the TPM thread, answers come back to the loop.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/boot/boot_state.hpp"
#include "agent/lifecycle/machine.hpp"
#include "sim/fleet/worker.hpp"

namespace pushsim::fleet {

/// The thread that runs TPM commands, and the TPM host (libtpms) that belongs to it.
class TpmThread {
  public:
    explicit TpmThread(const Clock& clock, Worker::Post post);
    ~TpmThread();
    TpmThread(const TpmThread&) = delete;
    TpmThread& operator=(const TpmThread&) = delete;

    struct Inside;  ///< what only the thread touches

  private:
    friend class AgentTpm;
    const Clock& clock_;
    std::shared_ptr<Inside> inside_;
    Worker worker_;
};

class AgentTpm {
  public:
    struct Options {
        std::optional<std::string> tcti;  ///< a TPM outside this process; absent: libtpms
        bool ak_primary = false;          ///< AK made from a seed instead of under the EK
    };
    struct Used {
        std::string operation;  ///< "quote", "certify", …
        Duration duration{};    ///< on the TPM thread, without waiting for it
        Result<lifecycle::TpmAnswer> answer;
    };

    AgentTpm(TpmThread& thread, Options options);
    /// The TPM is powered off in order (or, outside, left as it was found), on its thread.
    ~AgentTpm();
    AgentTpm(const AgentTpm&) = delete;
    AgentTpm& operator=(const AgentTpm&) = delete;

    // Each calls `done` once from the loop, unless the loop ends before.

    struct Provisioned {
        Duration duration{};
        Result<tpm::Description> description;
    };
    /// Powers the TPM on and makes EK and AK.
    void provision(std::function<void(Provisioned)> done);
    void use(const lifecycle::UseTpm& use, std::function<void(Used)> done);
    void extend(int pcr, const boot::Digests& digests, std::function<void(Result<void>)> done);

  private:
    struct Device;
    TpmThread& thread_;
    std::shared_ptr<Device> device_;
};

}  // namespace pushsim::fleet
