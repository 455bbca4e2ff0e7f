#pragma once
// What `habits: correct` makes of each answer: one table, looked up by pure functions. Counting (how often,
// how long) is the machine's.

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

enum class Reaction : std::uint8_t {
    Accept,          ///< a success: its body is read
    AssumeNewest,    ///< no version list: go on with the newest version we speak
    WaitAsTold,      ///< Retry-After, then the same request
    BackOff,         ///< exponential back-off, then the same request (Prove: a whole new session)
    Authenticate,    ///< drop the token, authenticate at once, then the same request
    Reauthenticate,  ///< drop the token, back off, authenticate, then the same request
    NewSession,      ///< a whole new session at once
    NegotiateAnew,   ///< at once, within this cycle
    Delivered,       ///< the evidence is there already: the goal is reached
    Refuse,          ///< the cycle ends; the next one negotiates anew
    Stop,            ///< a careful client stops and says so
    Fail,            ///< the protocol does not allow this answer, or asking again cannot help
};

/// What must hold beside call and status for a rule to apply.
enum class Condition : std::uint8_t {
    None,
    HasCode,           ///< the body carries a JSON:API error code
    ToldToWait,        ///< Retry-After
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
    bool may_have_arrived = false;
    bool nothing_asked = false;
    std::optional<Condition> verdict;  ///< ChallengeExpired or ProofFailed
};

struct Rule {
    std::uint8_t calls;  ///< bit 1 << Call
    int first_status;
    int last_status;
    Condition condition;
    Reaction first;       ///< when the rule is met for the first time in a cycle
    Reaction again;       ///< when it was met before in this cycle
    const char* meaning;  ///< for a person, behind "404: "; empty where the answer speaks for itself
};

/// The rules in their order; the first that applies decides. The last one applies to everything.
std::span<const Rule> rules();

/// The index of the rule that applies.
std::size_t rule_for(Call call, const Answer& answer);

struct FailureRule {
    transport::FailureKind kind;
    Reaction reaction;      ///< BackOff or Fail
    bool may_have_arrived;  ///< the server may have got the request and acted on it
    const char* words;      ///< for a person: "connection refused"
};
const FailureRule& rule_for(transport::FailureKind kind);

}  // namespace pushsim::lifecycle
