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
#include "sim/faults/fault.hpp"
#include "sim/fleet/agent_tpm.hpp"
#include "sim/fleet/gate.hpp"
#include "sim/fleet/manner.hpp"
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
    Gate* gate = nullptr;  ///< that exchanges go through; null: as many as there are agents at a time
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
    VirtualAgent(const Surroundings& surroundings, Identity identity, const Manner& manner,
                 boot::BootState boot, std::unique_ptr<AgentTpm> tpm);

    const Identity& identity() const { return identity_; }

    struct Pursuit {
        lifecycle::Phase goal;
        bool bare = false;
        int step = 0;
        bool record = false;                     ///< put its end down as a cycle; a failure always is
        const faults::Faults* faults = nullptr;  ///< outlive the pursuit
        std::function<void(const lifecycle::Pause&)> paused = {};  ///< told of each pause, as it begins
        std::function<void(const tpm::Quote&)> quoted = {};        ///< told of each quote
    };
    /// Runs the lifecycle to the end of the goal; `done` is called once, from the loop. One at a time.
    void pursue(const Pursuit& pursuit, Done done);
    /// Why the end of the last pursuit shows nothing; empty: it shows what it shows.
    const std::string& doubt() const { return doubt_; }
    /// Why the last pursuit could not do what the play wants; nothing: it could.
    const std::optional<Error>& impossible() const { return impossible_; }
    bool registered() const { return machine_.registered(); }

    /// The agent's process ends and begins anew: its connections and all it knew are gone, its TPM is not.
    /// Not during a pursuit.
    void restart(int step);

    /// What an agent does at a moment.
    enum class Doing { Nothing, UsesTpm, WaitsToSend, Exchanges, Pauses };
    /// For good, wherever it is: what it was doing. An exchange under way is given up and put down as
    /// cancelled, one whose answer is held back as it came. A pursuit's `done` is never called.
    Doing stop();

    /// Measures into the TPM and the boot state; the error is of the TPM.
    void extend(const std::vector<boot::Event>& events, int step, std::function<void(Result<void>)> done);

    const boot::BootState& boot() const { return boot_; }
    AgentTpm& tpm() { return *tpm_; }

    // What the tenant knows of the agent.
    bool enrolled = false;
    bool enrolment_seen_to = false;  ///< was enrolled or deleted once: enrolled again by the script alone

  private:
    void begin(lifecycle::Want want);
    void act(lifecycle::Want want);
    /// A request on its way, and what goes into the history of how it came there.
    struct Sent {
        lifecycle::SendRequest want;
        std::optional<Duration> queued = {};             ///< it waited so long at the gate
        std::optional<transport::Outcome> outcome = {};  ///< when it is there
    };
    void exchange(const std::shared_ptr<Sent>& sent, Gate::Pass pass);
    void answered(const Sent& sent);
    void put_down(const Sent& sent);
    faults::Moment moment(lifecycle::Phase phase) const;
    /// Calls `then` after the longest of what the faults say, at once where they say nothing.
    void hold(Duration (faults::Fault::*how_long)(const faults::Moment&) const, lifecycle::Phase phase,
              std::function<void()> then);
    void send(lifecycle::SendRequest request);
    void use_tpm(const lifecycle::UseTpm& use);
    /// Others may use a TPM that is not ours alone while we need none.
    void rest_tpm();
    void note_extension(const boot::Event& event);
    void finish(const lifecycle::Finished& finished);
    history::Where where() const;
    transport::Connection& connection_for(const lifecycle::SendRequest& request);

    const Surroundings& surroundings_;
    Identity identity_;
    boot::BootState boot_;
    std::unique_ptr<AgentTpm> tpm_;
    core::SeededStream random_;
    lifecycle::Machine machine_;
    Duration request_timeout_;
    std::string source_;  ///< address that its connections come from; empty: the system's choice
    std::unique_ptr<transport::Connection> registrar_;  ///< closed when the agent is done with it
    std::unique_ptr<transport::Connection> verifier_;   ///< closed before it goes to the registrar
    std::unique_ptr<transport::Connection> sessions_;   ///< null: they go over verifier_
    Pursuit now_{};
    Done done_;
    std::optional<lifecycle::Phase> phase_;  ///< of the pursuit, as far as it has come
    std::optional<std::pair<Instant, Instant>>
        negotiated_;  ///< begin and end of the last 201 to a negotiation
    std::optional<Error> impossible_;
    std::string doubt_;
    Doing doing_ = Doing::Nothing;
    std::shared_ptr<Sent> under_way_;  ///< from its sending until it is in the history
    std::vector<std::string> tokens_;  ///< of its last two sessions, also of those before a restart
    // Callbacks that come after the agent is gone find this expired.
    std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

/// As it goes into the history.
history::MachineAct extension_record(const boot::Event& event);

}  // namespace pushsim::fleet
