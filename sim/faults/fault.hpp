#pragma once
// What goes wrong, by name: each fault changes when an agent acts, what it sends, what it asks of its TPM for
// the evidence, or what it sets out to do.
// The lifecycle stays honest and knows nothing of it; the virtual agent asks and carries out. A fault that
// does not act takes no draw and leaves everything as it is.

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/http.hpp"
#include "agent/base/random.hpp"
#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "agent/lifecycle/machine.hpp"
#include "agent/protocol/attestation.hpp"
#include "sim/faults/rendezvous.hpp"
#include "sim/scenario/fault.hpp"
#include "sim/scenario/step_kind.hpp"

namespace pushsim::faults {

/// An instant of the verifier's by our clock, between these two: its clock began to run between the start of
/// a request and the end of its answer.
struct Span {
    Instant earliest;
    Instant latest;
};

/// From begin on, up to but not including end.
struct Window {
    Instant begin;
    Instant end;
};

inline constexpr std::size_t phases = 6;

/// What is known when a fault is asked, by our clock.
struct Moment {
    lifecycle::Phase phase;
    Instant now;
    std::optional<Span> challenge_expires = {};  ///< absent before a negotiation
    /// `latest` counts that an attestation which passes makes the token live on, unsaid; absent before a
    /// session.
    std::optional<Span> token_expires = {};
    std::array<int, phases> begun = {};  ///< by phase: so often in the pursuit, this time included
};

/// Another agent, as far as one can pass for it.
struct Other {
    std::string name;
    std::string id;
    std::optional<std::string> token;  ///< absent before its first session
    bool turned_away = false;          ///< as of Sender
};

/// Who sends.
struct Sender {
    const std::string& agent_id;
    const std::vector<std::string>& tokens;  ///< of its sessions in order, also of those before a restart
    /// The agent of the same number in another group, or of that number modulo the group's size.
    std::function<Result<Other>(const std::string& group)> other;
    RandomStream& random;                         ///< of this agent's faults alone
    const Bytes* challenge_before = nullptr;      ///< of the negotiation before; null: there was none
    const lifecycle::QuotePcrs* asked = nullptr;  ///< for the evidence of this pursuit; null: no quote was
    bool turned_away = false;  ///< servers have refused it something, so what it lacks may be their doing
};

/// Of something that needs what an earlier answer of a server gives, where that is not there: a mistake of
/// the script (Usage), or the doing of servers that had turned the agent away (Protocol).
Error lack(bool turned_away, std::string what, std::string mend);

/// A request before it goes out, and how it goes: once, on the agent's own connection, unless a fault says
/// otherwise.
struct Outgoing {
    enum class Again {
        No,
        AfterAnswer,   ///< a second time, behind the answer, on the same connection
        AfterVerdict,  ///< the same, when the verifier has decided on evidence that it took
    };
    lifecycle::Phase phase;
    HttpRequest request;
    int copies = 1;                        ///< more than one: at once, each on a connection of its own
    bool shows_admin_certificate = false;  ///< on a connection of its own, which shows the tenant's
    Again again = Again::No;

    bool bears_token() const { return request.header("authorization").has_value(); }
};

/// How a session's challenge is answered: by the agent's own TPM, unless a fault says otherwise.
struct Proving {
    std::string group = {};  ///< by the TPM of this group's agent; empty: its own
    bool repeats = false;    ///< not at all: with the proof of an earlier session
};

/// What is asked of the TPM for the evidence.
struct Quoting {
    lifecycle::QuotePcrs quote;
    bool by_another_key = false;  ///< one like the AK, of the same TPM, made for this quote
    enum class Clock {
        GoesOn,
        BeginsAnew,  ///< at 0, which TPM2_Clear brings about (TCG TPM 2.0 Part 3, 24.6)
        IsNotSafe,   ///< the TPM has lost its power (Part 1, 36.3)
    };
    Clock clock = Clock::GoesOn;
    bool certifies = false;  ///< the AK over itself (TPM2_Certify), in place of a quote
    enum class Measured { Nothing, BeforeQuote, AfterQuote };
    /// When a file is measured that the log has already: before the quote and behind the log that is sent, or
    /// behind the quote and before the log.
    Measured measured = Measured::Nothing;
};

/// What an agent sets out to do in a pursuit.
struct Departure {
    lifecycle::Phase goal;
    lifecycle::Course course = {};
    Duration clock_offset = {};  ///< of its own clock
    enum class Registration { Kept, Again, FromAnotherTpm };
    Registration registration = Registration::Kept;  ///< before anything else
};

class Fault {
  public:
    explicit Fault(scenario::Fault plan) : plan_(std::move(plan)) {}
    virtual ~Fault() = default;
    Fault(const Fault&) = delete;
    Fault& operator=(const Fault&) = delete;

    const scenario::Fault& plan() const { return plan_; }
    /// Whether it is for this phase, as far as the plan says (`phase:`).
    bool is_for(lifecycle::Phase phase) const;

    /// How long the first act of the phase waits.
    virtual Duration before(const Moment& moment) const;
    /// How long a request waits, each of them.
    virtual Duration sending(const Moment& moment) const;
    /// How long the answer to the phase's request lies unread.
    virtual Duration after(const Moment& moment) const;
    /// How much sooner than told the next cycle begins.
    virtual Duration sooner() const;
    /// Where the first act of the phase waits for others; null: nowhere.
    virtual Rendezvous* meeting(const Moment& moment);
    /// Why a 403 challenges_expired or a 401 to this phase's first request, answered at `moment.now`, shows
    /// nothing; empty: it shows what it shows.
    virtual std::string doubt(const Moment& moment) const;

    // Each changes what it is given and says how; empty: it leaves it as it is. Errors (ErrorKind::Usage) say
    // what is missing to do it: the honest thing is then not to be done, either.

    virtual Result<std::string> quote(Quoting& quoting, const Sender& sender) const;
    virtual Result<std::string> send(Outgoing& outgoing, const Sender& sender) const;
    /// What the agent takes an answer for.
    virtual void read(HttpResponse& answer, const Sender& sender) const;
    virtual std::string prove(Proving& proving) const;
    virtual std::string depart(Departure& departure) const;

  private:
    scenario::Fault plan_;
};

/// Of one cycle of an agent.
using Faults = std::vector<std::shared_ptr<Fault>>;

/// Nothing for a step that is no phase of an agent's.
std::optional<lifecycle::Phase> phase_of(scenario::StepKind step);

/// What a fault has of the step that it is in.
struct Given {
    std::shared_ptr<Rendezvous> place = {};     ///< where its agents meet (herd); null: nowhere
    std::optional<Window> frozen = {};          ///< when its agent is stopped (swizzle); absent: never
    std::vector<lifecycle::Phase> phases = {};  ///< of its step; empty: it is of every step
};
std::shared_ptr<Fault> make(const scenario::Fault& plan, Given given = {});
Faults make(const std::vector<scenario::Fault>& plan);

/// What one of them did.
struct Effect {
    const Fault* fault;
    std::string text;
};
/// All that they do to it, in their order; the error names the fault.
Result<std::vector<Effect>> quote(Quoting& quoting, const Faults& faults, const Sender& sender);
Result<std::vector<Effect>> send(Outgoing& outgoing, const Faults& faults, const Sender& sender);
/// `answer` is to a request of this phase.
void read(lifecycle::Phase phase, HttpResponse& answer, const Faults& faults, const Sender& sender);
std::vector<Effect> prove(Proving& proving, const Faults& faults);
std::vector<Effect> depart(Departure& departure, const Faults& faults);

/// As if the verifier had asked for a quote of PCR 0 for attestation 0: what an agent can go on with that
/// never negotiated. The challenge is zeros.
protocol::Negotiation never_negotiated(const std::string& agent_id);

}  // namespace pushsim::faults
