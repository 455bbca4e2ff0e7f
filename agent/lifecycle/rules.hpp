#pragma once
// What an agent makes of each answer: a table of rules for each kind of habits, looked up by pure functions.
// Counting (how often, how long) is the machine's.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "agent/base/time.hpp"
#include "agent/transport/exchange.hpp"

namespace pushsim::lifecycle {

/// The requests of an agent's life, in their order.
enum class Call : std::uint8_t {
    AskVersion,   ///< GET /version at the registrar
    Register,     ///< POST agents/{id} at the registrar
    Activate,     ///< PUT agents/{id} at the registrar
    OpenSession,  ///< POST sessions
    Prove,        ///< PATCH sessions/{id}
    Negotiate,    ///< POST attestations
    Submit,       ///< PATCH attestations/{index}
};
inline constexpr std::size_t kCalls = 7;

/// Sets of calls, for rules: bit 1 << Call.
namespace calls {
constexpr std::uint8_t only(Call call) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(call));
}
inline constexpr std::uint8_t any = (1U << kCalls) - 1;
inline constexpr std::uint8_t version = only(Call::AskVersion);
inline constexpr std::uint8_t registration = only(Call::Register);
inline constexpr std::uint8_t activation = only(Call::Activate);
inline constexpr std::uint8_t registrar = version | registration | activation;
inline constexpr std::uint8_t open = only(Call::OpenSession);
inline constexpr std::uint8_t prove = only(Call::Prove);
inline constexpr std::uint8_t sessions = open | prove;
inline constexpr std::uint8_t negotiate = only(Call::Negotiate);
inline constexpr std::uint8_t submit = only(Call::Submit);
inline constexpr std::uint8_t cycle = negotiate | submit;
}  // namespace calls

enum class Reaction : std::uint8_t {
    Accept,          ///< a success: its body is read
    AssumeNewest,    ///< no version list: go on with the newest version we speak
    WaitAsTold,      ///< Retry-After, then the same request
    BackOff,         ///< exponential back-off, then the same request (Prove: a whole new session)
    Authenticate,    ///< drop the token, authenticate at once, then the same request
    Reauthenticate,  ///< drop the token, back off, authenticate, then the same request
    NewSession,      ///< a whole new session at once
    NegotiateAnew,   ///< at once, within this cycle
    StartOver,       ///< drop the token, authenticate and negotiate at once, within this cycle
    ReportError,     ///< submit, in place of evidence, that there is none
    Delivered,       ///< the evidence is there already: the goal is reached
    Refuse,          ///< the cycle ends; the next one negotiates anew
    RefuseToken,     ///< the same, and the token is dropped
    Stop,            ///< a careful client stops and says so
    Fail,            ///< the protocol does not allow this answer, or asking again cannot help
};

/// What must hold beside call and status for a rule to apply.
enum class Condition : std::uint8_t {
    None,
    HasCode,           ///< the body carries a JSON:API error code
    ToldToWait,        ///< Retry-After
    WaitedEnough,      ///< Retry-After, and it was obeyed as often as the habits allow
    Malformed,         ///< a success whose body cannot be read; of such an answer no other condition holds
    MayHaveArrived,    ///< an earlier sending of the same, whose answer did not come, may have
    AlreadyDelivered,  ///< the same with the code `evidence_immutable`
    NothingAsked,      ///< the negotiation asked for no evidence
    ChallengeExpired,  ///< a session verdict `fail`, given after challenges_expire_at
    ProofFailed,       ///< a session verdict `fail` in time: the verifier does not know the agent
};

/// A complete answer, as far as the rules look at it.
struct Answer {
    int status = 0;
    std::optional<std::string> code;
    bool told_to_wait = false;
    bool waited_enough = false;
    bool malformed = false;
    bool may_have_arrived = false;
    bool nothing_asked = false;
    std::optional<Condition> verdict;  ///< ChallengeExpired or ProofFailed
};

struct Rule {
    std::uint8_t calls;  ///< one of the sets above, or several
    int first_status;
    int last_status;
    Condition condition;
    Reaction first;       ///< when the rule is met for the first time in a cycle
    Reaction again;       ///< when it was met before in this cycle
    const char* meaning;  ///< for a person, behind "404: "; empty where the answer speaks for itself
};

// The rules in their order; the first that applies decides. The last one takes what is left.

/// `habits: correct` of the scenario language.
std::span<const Rule> correct_rules();
/// `habits: rust-agent`: Keylime's Rust push agent as it was seen on the wire, version 0.2.9 (rust-keylime,
/// keylime-push-model-agent/src/state_machine.rs, keylime/src/resilient_client.rs, keylime/src/auth.rs).
std::span<const Rule> rust_agent_rules();

/// The index of the rule that applies.
std::size_t rule_for(std::span<const Rule> rules, Call call, const Answer& answer);

struct FailureRule {
    transport::FailureKind kind;
    Reaction reaction;      ///< BackOff or Fail; of either habits
    bool may_have_arrived;  ///< the server may have got the request and acted on it
    const char* words;      ///< for a person: "connection refused"
};
const FailureRule& rule_for(transport::FailureKind kind);

}  // namespace pushsim::lifecycle
