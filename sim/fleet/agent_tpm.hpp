#pragma once
// The TPMs of agents, worked from the loop: commands run on TPM threads, answers come back to the loop.

#include <cstddef>
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

/// Threads that run TPM commands, each with a TPM host (a copy of libtpms) of its own. A TPM stays with the
/// thread that it was given.
class TpmThreads {
  public:
    /// `count`, or as many as tpm::make_tpm_hosts() gives, at least one. Throws std::runtime_error where it
    /// gives none.
    TpmThreads(const Clock& clock, const Worker::Post& post, int count);
    ~TpmThreads();
    TpmThreads(const TpmThreads&) = delete;
    TpmThreads& operator=(const TpmThreads&) = delete;

    /// As many as there are processors.
    static int of_this_machine();

    int count() const { return static_cast<int>(threads_.size()); }
    /// Why TPMs of one of them or more take turns slowly (tpm::TpmHost::fallback); empty: they do not.
    std::string fallback() const;
    /// Why there are fewer than were asked for; empty: there are not.
    const std::string& why_not_more() const { return why_not_more_; }

  private:
    friend class AgentTpm;
    struct Thread;
    /// Each in turn.
    Thread& next();

    std::vector<std::unique_ptr<Thread>> threads_;
    std::size_t next_ = 0;
    std::string why_not_more_;
};

class AgentTpm {
  public:
    /// What a job had to wait before it was done.
    struct Queued {
        std::size_t ahead = 0;  ///< jobs that its thread had when it came
        Duration waited{};      ///< from then on until it began
    };
    struct Used {
        std::string operation;  ///< "quote", "certify", …
        Queued queued;
        Duration duration{};  ///< on the TPM thread, without waiting for it
        Result<lifecycle::TpmAnswer> answer;
        std::vector<KeptTpm::Measurement> measured;  ///< into it since those that were known: by others
    };

    AgentTpm(TpmThreads& threads, TpmDevice::Options options);
    /// The TPM is powered off in order, or left as it was found (TpmDevice), on its thread.
    ~AgentTpm();
    AgentTpm(const AgentTpm&) = delete;
    AgentTpm& operator=(const AgentTpm&) = delete;

    // Each calls `done` once from the loop, unless the loop ends before.

    struct Provisioned {
        Queued queued = {};
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
    /// A quote as a fault has it, of a TPM into which that was measured.
    void quote(const faults::Quoting& quoting, std::vector<boot::Event> measured,
               std::function<void(Used)> done);
    /// In order, up to the first that fails.
    void extend(std::vector<boot::Event> events, std::function<void(Result<void>)> done);
    /// Power off (in order, or not) and on, and the measurements of its boot.
    void reboot(bool orderly, std::vector<boot::Event> events, std::function<void(Result<void>)> done);
    // What happens to the machine (TpmDevice).
    void suspend(std::function<void(Result<void>)> done);
    void clear(std::function<void(Result<void>)> done);
    void restore(std::function<void(Result<void>)> done);
    /// Others may have it until the next of these (TpmDevice::rest).
    void rest(std::function<void(Result<void>)> done);

  private:
    /// `job` takes what it had to wait for.
    template <typename Job, typename Done>
    void submit(Job job, Done done);

    TpmThreads::Thread& thread_;
    /// Touched by the TPM thread alone once made. Jobs hold it, so it goes with the last of them, on that
    /// thread.
    std::shared_ptr<TpmDevice> device_;
};

/// As it goes into the history.
history::TpmOperation operation_of(const AgentTpm::Provisioned& made);

}  // namespace pushsim::fleet
