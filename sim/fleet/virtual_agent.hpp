#pragma once
// One agent of the fleet: its TPM, its boot state, its connections, and the lifecycle that drives them.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/boot/boot_state.hpp"
#include "agent/lifecycle/machine.hpp"
#include "agent/transport/connection.hpp"
#include "sim/core/random.hpp"
#include "sim/fleet/agent_tpm.hpp"
#include "sim/history/writer.hpp"

namespace pushsim::fleet {

/// What the agents of a scenario share. All of it outlives them.
struct Surroundings {
    transport::EventLoop& loop;
    const Clock& clock;
    history::HistoryWriter& history;
    transport::Endpoint registrar;  ///< resolved
    transport::Endpoint verifier;   ///< resolved
    std::shared_ptr<const transport::TlsIdentity> tls;
    std::uint64_t seed = 0;
    std::string scenario;
};

/// For the loop's thread alone. Work it has begun is dropped when it is destroyed.
class VirtualAgent {
  public:
    struct Identity {
        std::string name;   ///< "late[3]", as in histories and reports
        std::string group;  ///< "late"
        std::string id;     ///< agent_id on the wire
    };
    using Done = std::function<void(const lifecycle::Finished&)>;

    /// `tpm` is powered on and measured as `boot` says.
    VirtualAgent(const Surroundings& surroundings, Identity identity, boot::BootState boot,
                 std::unique_ptr<AgentTpm> tpm);

    const Identity& identity() const { return identity_; }

    /// Runs the lifecycle to the end of `goal`; `done` is called once, from the loop. With `record` the end
    /// is put down as a cycle, a failure always is. One pursuit at a time.
    void pursue(lifecycle::Phase goal, bool bare, int step, bool record, Done done);
    bool registered() const { return machine_.registered(); }

    /// Measures into the TPM and the boot state; the error is of the TPM.
    void extend(int pcr, const boot::Measurement& measurement, int step,
                std::function<void(Result<void>)> done);

    const boot::BootState& boot() const { return boot_; }
    AgentTpm& tpm() { return *tpm_; }

    // What the tenant knows of the agent.
    bool enrolled = false;
    bool enrolment_seen_to = false;  ///< was enrolled or deleted once: enrolled again by the script alone

  private:
    void act(lifecycle::Want want);
    void send(lifecycle::SendRequest request);
    void use_tpm(const lifecycle::UseTpm& use);
    void finish(const lifecycle::Finished& finished);
    history::Where where() const;

    const Surroundings& surroundings_;
    Identity identity_;
    boot::BootState boot_;
    std::unique_ptr<AgentTpm> tpm_;
    core::SeededStream random_;
    lifecycle::Machine machine_;
    std::unique_ptr<transport::Connection> registrar_;
    std::unique_ptr<transport::Connection> verifier_;
    int step_ = 0;
    bool record_ = false;
    Done done_;
    // Callbacks that come after the agent is gone find this expired.
    std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace pushsim::fleet
