#pragma once
// The life of one agent as a state machine without I/O (DESIGN "One lifecycle, one transport for agents"): it
// says what it wants done next and is handed the outcome. One implementation serves the single agent, a
// fleet, and tests in simulated time.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/base/http.hpp"
#include "agent/base/random.hpp"
#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "agent/lifecycle/habits.hpp"
#include "agent/protocol/attestation.hpp"
#include "agent/tpm/types.hpp"
#include "agent/transport/exchange.hpp"

namespace pushsim::boot {
class BootState;
}

namespace pushsim::lifecycle {

/// In this order; each needs the ones before it (enrolment, between Activate and Authenticate, is the
/// tenant's).
enum class Phase { Register, Activate, Authenticate, Negotiate, Collect, Submit };
const char* to_string(Phase phase);  ///< "register", "activate", …

enum class Peer { Registrar, Verifier };
const char* to_string(Peer peer);

// What the machine can want. Exactly one want is outstanding at a time.

struct SendRequest {
    Phase phase;
    Peer peer;
    HttpRequest request;
    int attempt = 1;  ///< 1 for the first sending of this request in its phase; a new negotiation counts anew
};

struct DescribeTpm {};
struct ActivateCredential {
    Bytes id_object;         ///< contents of TPM2B_ID_OBJECT, without its size
    Bytes encrypted_secret;  ///< contents of TPM2B_ENCRYPTED_SECRET, without its size
};
struct CertifyAk {
    Bytes challenge;  ///< qualifyingData
};
struct QuotePcrs {
    Bytes challenge;  ///< qualifyingData
    tpm::HashAlgorithm bank;
    std::vector<int> pcrs;
    tpm::DataPcr data_pcr = tpm::DataPcr::Untouched;
};
struct UseTpm {
    Phase phase;
    std::variant<DescribeTpm, ActivateCredential, CertifyAk, QuotePcrs> operation;
};
/// Answers to the operations of UseTpm, in the same order. Bytes is the recovered secret.
using TpmAnswer = std::variant<tpm::Description, Bytes, tpm::Certification, tpm::Quote>;

struct Pause {
    Phase phase;
    Duration duration;
    std::string reason;  ///< for the history: "Retry-After: 2", "back-off 3 after 500"
};

/// The goal was reached, or given up.
struct Finished {
    enum class Ending {
        Reached,  ///< the goal's last phase was done (for Submit: 202, or 403 evidence_immutable for evidence
                  ///< that was sent again because an earlier answer was lost: it had arrived)
        Refused,  ///< a final answer that calls for a new negotiation, or any refusal with bare = true
        Stopped,  ///< an answer after which a careful client stops and says so
        Failed,   ///< no answer after all retries, a malformed answer, or the TPM failed
    };
    Ending ending;
    Phase phase;                               ///< the phase that decided
    std::string reason;                        ///< one sentence for a person
    std::optional<int> status;                 ///< of the deciding answer
    std::optional<std::string> code;           ///< JSON:API error code of the deciding answer
    std::optional<int> attestation_index;      ///< of this cycle, once negotiated
    std::optional<Duration> next_attestation;  ///< seconds_to_next_attestation of a 202, or what the habits
                                               ///< have in its place
    std::optional<transport::FailureKind> failure = {};  ///< where no answer decided
    bool begun = true;  ///< false: what an earlier goal gives was not at hand, and nothing was done
};
const char* to_string(Finished::Ending ending);

using Want = std::variant<SendRequest, UseTpm, Pause, Finished>;

/// How a goal is run where somebody wants it otherwise than a careful client would have it.
struct Course {
    bool negotiates = true;    ///< if not, a cycle begins with collecting, for the last negotiation
    bool renews_token = true;  ///< before its end; if not, it is used until it is refused
};

/// Who the agent is and how it behaves.
struct Settings {
    std::string agent_id;
    WallTime boot_time;
    Habits habits = correct_habits();
    std::string contact_ip = "127.0.0.1";
    int contact_port = 9002;
    /// Its IMA log is offered, and given as it is when the quote is there; outlives the machine. Null, or
    /// without such a log: none is offered, or an empty one (Habits::offers_empty_logs).
    const boot::BootState* measured = nullptr;
};

/// Not thread-safe; one per agent.
class Machine {
  public:
    /// The clock and the stream (jitter, request ids) must outlive the machine.
    Machine(Settings settings, const Clock& clock, RandomStream& random);
    ~Machine();
    Machine(Machine&&) noexcept;
    Machine& operator=(Machine&&) noexcept;

    // Handing over an outcome that is not due, or beginning while a want is outstanding, is a bug
    // (std::logic_error); restart() drops what is outstanding.

    /// Starts towards the end of `goal`, running earlier phases that are missing (from Register, or from
    /// Authenticate if `registered()`); from Negotiate on, a goal always negotiates anew, and after a refused
    /// cycle not before a back-off (with an interval: after anything that went wrong, not before that) has
    /// passed since then. With bare = true only `goal` itself, with what is at hand, and no retries.
    Want begin(Phase goal, bool bare = false, const Course& course = {});

    Want on_response(const transport::Outcome& outcome);
    Want on_tpm(const Result<TpmAnswer>& answer);
    Want on_pause_over();
    /// In place of on_response(): what was wanted to be sent cannot be, and the goal ends as failed.
    Want cannot_send(const std::string& reason);

    // What has been achieved so far.
    bool registered() const;                       ///< activation was accepted
    bool authenticated() const;                    ///< there is a token that has not expired
    std::optional<std::string> token() const;      ///< as last given by a session; secret
    std::optional<std::string> auth_tag() const;   ///< answers the registrar's last challenge; secret
    std::optional<int> attestation_index() const;  ///< of the last negotiation
    /// What the quote of the last negotiation is to be over; nothing where it asked for none.
    std::optional<Bytes> challenge() const;
    /// How long the challenge of the last negotiation lives, by the verifier's clock, from when it got our
    /// capabilities; nothing where it issued none.
    std::optional<Duration> challenge_lifetime() const;
    /// How long the token lives, by the verifier's clock, from when it got the proof; nothing where there is
    /// none, or the verifier did not say.
    std::optional<Duration> token_lifetime() const;

    // What somebody else decides.

    /// This counts as the last negotiation from now on, though the verifier may know nothing of it.
    void suppose(protocol::Negotiation negotiation);
    /// What the agent tells from now on.
    void set_boot_time(WallTime boot_time);

    /// The agent process is restarted: registration, tokens, sessions and negotiations are forgotten, the TPM
    /// is not.
    void restart(WallTime boot_time);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace pushsim::lifecycle
