#pragma once
// One agent of the fleet: its TPM, its boot state, its connections, and the lifecycle that drives them.

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/boot/boot_state.hpp"
#include "agent/lifecycle/machine.hpp"
#include "agent/transport/connection.hpp"
#include "sim/core/random.hpp"
#include "sim/faults/fault.hpp"
#include "sim/fleet/agent_tpm.hpp"
#include "sim/fleet/gate.hpp"
#include "sim/fleet/manner.hpp"
#include "sim/fleet/skewed_clock.hpp"
#include "sim/history/writer.hpp"

namespace pushsim::fleet {

class VirtualAgent;

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

    // What faults may want:
    std::shared_ptr<const transport::TlsIdentity> admin_tls = nullptr;  ///< the tenant's; null: not at hand
    /// The agent of that number modulo the group's size; null: there is none.
    std::function<VirtualAgent*(const std::string& group, int number)> agent_of = {};
    /// One that is new, for an agent's second; without it there is none to have.
    std::function<std::unique_ptr<AgentTpm>(const std::string& group)> new_tpm = {};
};

/// For the loop's thread alone. Work it has begun is dropped when it is destroyed.
class VirtualAgent {
  public:
    struct Identity {
        std::string name;                  ///< "late[3]", as in histories and reports
        std::string group;                 ///< "late"
        std::string id;                    ///< agent_id on the wire
        int number = 0;                    ///< in its group
        const char* stream = "lifecycle";  ///< of its draws, beside scenario and name
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
        bool goes_on = false;                    ///< with the negotiation that is open, where there is one
        bool keep = false;                       ///< its messages are kept, for they are to be judged
        bool aside = false;                      ///< no part of the agent's course: nothing is put down so
        const faults::Faults* faults = nullptr;  ///< outlive the pursuit
        std::function<void(const lifecycle::Pause&)> paused = {};  ///< told of each pause, as it begins
        std::function<void(const tpm::Quote&)> quoted = {};        ///< told of each quote
        /// Calls `then` once the verifier has decided on the attestation; without it that counts as done.
        std::function<void(int index, std::function<void()> then)> when_decided = {};
    };
    /// Runs the lifecycle to the end of the goal; `done` is called once, from the loop. One at a time.
    void pursue(const Pursuit& pursuit, Done done);
    /// Why the end of the last pursuit shows nothing; empty: it shows what it shows.
    const std::string& doubt() const { return doubt_; }
    /// Why the last pursuit could not do what the play wants; nothing: it could.
    const std::optional<Error>& impossible() const { return impossible_; }
    bool registered() const { return machine_.registered(); }
    /// Of its newest session, also of one before a restart; secret.
    std::optional<std::string> token() const;
    /// Those of scenario::reference_properties() that it has, by name; the token is secret.
    std::map<std::string, std::string> properties() const;
    /// Of its last negotiation or session; nothing before there was one.
    std::optional<faults::Span> instant(scenario::InstantName name) const;
    /// Address that its connections come from; nothing: the system's choice.
    std::optional<std::string> source_address() const {
        return source_.empty() ? std::nullopt : std::optional(source_);
    }

    /// The agent's process ends and begins anew: its connections and all it knew are gone, its TPM is not.
    /// Not during a pursuit.
    void restart(int step);

    /// The agent's process ends, wherever it is: as stop(), but it can restart.
    void halt(int step);
    /// The machine under it: the TPM loses power and is measured as `boot` says, then the agent begins anew.
    /// Not during a pursuit. The error is of the TPM.
    void reboot(bool orderly, boot::BootState boot, int step, std::function<void(Result<void>)> done);
    /// The machine sleeps and wakes; the agent goes on. Not during a pursuit. The error is of the TPM.
    void suspend(int step, std::function<void(Result<void>)> done);
    /// TPM2_Clear. Not during a pursuit. The error is of the TPM.
    void clear_tpm(int step, std::function<void(Result<void>)> done);
    /// The machine goes back to before the last reboot() or suspend(), and the agent begins anew. Not during
    /// a pursuit. The error is of the TPM.
    void restore_tpm(int step, std::function<void(Result<void>)> done);

    /// What an agent does at a moment.
    enum class Doing { Nothing, UsesTpm, WaitsToSend, Exchanges, Pauses };
    /// For good, wherever it is: what it was doing. An exchange under way is given up and put down as
    /// cancelled, one whose answer is held back as it came. A pursuit's `done` is never called.
    Doing stop();

    /// Measures into the TPM and the boot state; the error is of the TPM.
    void extend(const std::vector<boot::Event>& events, int step, std::function<void(Result<void>)> done);
    /// IMA measures a file: into its log, then into the TPM. The error is of the TPM.
    void measure_file(boot::ImaFile file, int step, std::function<void(Result<void>)> done);

    const boot::BootState& boot() const { return boot_; }
    AgentTpm& tpm() { return *tpm_; }

    // What the tenant knows of the agent.
    bool enrolled = false;
    bool enrolment_seen_to = false;  ///< was enrolled or deleted once: enrolled again by the script alone

    /// Servers have not given it all that it asked for, so what it lacks may be their doing.
    bool turned_away = false;

  private:
    /// A request on its way, and what goes into the history of how it came there.
    struct Sent {
        lifecycle::SendRequest want;
        std::unique_ptr<transport::Connection> own = {};  ///< that it has for itself; null: it has none
        std::optional<Duration> queued = {};              ///< it waited so long at the gate
        std::optional<transport::Outcome> outcome = {};   ///< when it is there
    };
    using SentPtr = std::shared_ptr<Sent>;
    /// What is sent where the machine wants one request: that, or more where a fault says so.
    struct Round {
        std::vector<SentPtr> sent = {};
        std::vector<SentPtr> arrived = {};  ///< of those, as their outcomes came
        faults::Outgoing::Again again = faults::Outgoing::Again::No;
        SentPtr first = {};  ///< the machine gets its outcome, though it is sent once more
    };
    using Then = std::function<void()>;

    // virtual_agent.cpp: the pursuit.
    void set_off(const faults::Departure& departure);
    void register_from_another_tpm(Then then);
    void head_for(const faults::Departure& departure);
    void begin(lifecycle::Want want);
    void act(lifecycle::Want want);
    faults::Moment moment(lifecycle::Phase phase) const;
    using HowLong = Duration (faults::Fault::*)(const faults::Moment&) const;
    /// Calls `then` after the longest of what the faults say, at once where they say nothing; `what` is done
    /// only then, in words.
    void hold(HowLong how_long, lifecycle::Phase phase, const std::string& what, Then then);
    /// Calls `then` when all are there for whom the faults from `number` on want it to wait.
    void meet(lifecycle::Phase phase, std::size_t number, Then then);
    void note(const faults::Fault& fault, const std::string& effect);
    void note(const std::vector<faults::Effect>& effects);
    void finish(lifecycle::Finished finished);
    void begin_anew();
    history::Where where() const;

    // tpm_use.cpp: its TPM, and what is measured into it.
    void use_tpm(const lifecycle::UseTpm& use);
    /// `afterwards`: its boot state when the machine has taken the answer, where it is another.
    void used_tpm(const AgentTpm::Used& used, const std::optional<boot::BootState>& afterwards = {});
    void quote(const lifecycle::QuotePcrs& asked);
    void make_quote(const faults::Quoting& quoting);
    /// A TPM operation that cannot be as the play wants it.
    void cannot_use_tpm(const Error& why);
    /// Whose TPM answers a session's challenge; null: none, for the proof is one that was made before.
    Result<VirtualAgent*> prover();
    /// Others may use a TPM that is not ours alone while we need none.
    void rest_tpm();
    void note_extension(const boot::Event& event);
    void note_boot();
    void happens_to_machine(const history::MachineAct& act, int step);
    /// `done`, unless the agent is gone or stopped by then.
    std::function<void(Result<void>)> while_alive(std::function<void(Result<void>)> done);

    // sending.cpp: requests.
    void send(lifecycle::SendRequest request);
    void send_out(lifecycle::SendRequest request);
    /// As the faults say; an error says why it cannot be.
    Result<void> change(lifecycle::SendRequest& request, faults::Outgoing& outgoing);
    faults::Sender sender();
    Result<VirtualAgent*> other_of(const std::string& group) const;
    void pass_gate(const SentPtr& sent);
    void exchange(const SentPtr& sent, Gate::Pass pass);
    void arrived(const SentPtr& sent);
    SentPtr chosen() const;
    void send_again(const SentPtr& sent);
    void answered(const Sent& sent);
    lifecycle::Want read(lifecycle::Phase phase, const transport::Outcome& outcome);
    void put_down(const SentPtr& sent);
    std::unique_ptr<transport::Connection> new_connection(
        lifecycle::Peer peer, const std::shared_ptr<const transport::TlsIdentity>& tls,
        const transport::ConnectionOptions& options) const;
    transport::Connection& connection_of(const Sent& sent);

    const Surroundings& surroundings_;
    Identity identity_;
    boot::BootState boot_;
    std::optional<boot::BootState> boot_before_;  ///< the last reboot or suspend
    std::unique_ptr<AgentTpm> tpm_;
    core::SeededStream random_;
    core::SeededStream fault_random_;
    Duration clock_offset_;  ///< without a fault
    SkewedClock clock_;
    lifecycle::Machine machine_;
    Duration request_timeout_;
    std::string source_;  ///< address that its connections come from; empty: the system's choice
    std::unique_ptr<transport::Connection> registrar_;  ///< closed when the agent is done with it
    std::unique_ptr<transport::Connection> verifier_;   ///< closed before it goes to the registrar
    std::unique_ptr<transport::Connection> sessions_;   ///< null: they go over verifier_
    Pursuit now_{};
    Done done_;
    std::optional<lifecycle::Phase> phase_;        ///< of the pursuit, as far as it has come
    std::array<int, faults::phases> begun_{};      ///< faults::Moment
    std::optional<faults::Departure> afterwards_;  ///< when it has registered again
    // Begin and end of exchanges:
    std::optional<std::pair<Instant, Instant>> negotiated_;     ///< the last negotiation answered 201
    std::optional<std::pair<Instant, Instant>> authenticated_;  ///< the proof that gave the token
    std::optional<Instant> accepted_;                           ///< end of the token's last 202
    std::optional<int> accepted_at_;                            ///< of that, the attestation it went to
    bool negotiation_open_ = false;                             ///< no evidence was sent for it
    std::optional<Bytes> challenge_before_;                     ///< of the negotiation before the last
    std::optional<lifecycle::QuotePcrs> asked_;                 ///< for the pursuit's evidence
    std::optional<tpm::Certification> proof_;                   ///< of the last session
    std::optional<tpm::Certification> earlier_proof_;           ///< of one whose proof was answered
    std::optional<Error> impossible_;
    std::string doubt_;
    Doing doing_ = Doing::Nothing;
    Round round_;
    std::vector<SentPtr> under_way_;        ///< from their sending until they are in the history
    std::optional<std::string> session_;    ///< id of its last session
    std::vector<std::string> tokens_;       ///< of its last two sessions, also of those before a restart
    std::unique_ptr<VirtualAgent> double_;  ///< another TPM under the same id
    // Callbacks that come after the agent is gone find this expired.
    std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace pushsim::fleet
