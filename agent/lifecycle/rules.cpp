#include "agent/lifecycle/rules.hpp"

#include <array>

namespace pushsim::lifecycle {
namespace {

constexpr std::uint8_t bit(Call call) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(call));
}

constexpr std::uint8_t kAny = (1U << kCalls) - 1;
constexpr std::uint8_t kVersion = bit(Call::AskVersion);
constexpr std::uint8_t kRegister = bit(Call::Register);
constexpr std::uint8_t kActivate = bit(Call::Activate);
constexpr std::uint8_t kOpen = bit(Call::OpenSession);
constexpr std::uint8_t kProve = bit(Call::Prove);
constexpr std::uint8_t kNegotiate = bit(Call::Negotiate);
constexpr std::uint8_t kSubmit = bit(Call::Submit);
constexpr std::uint8_t kCycle = kNegotiate | kSubmit;
constexpr std::uint8_t kPlain = kRegister | kActivate | kOpen;

constexpr const char* kForbiddenRegistration =
    "the agent's id is taken: by another TPM identity, or by another registration at the same time";

using C = Condition;
using R = Reaction;

// The table `habits: correct` of the scenario language, and what it leaves open.
constexpr std::array kRules = {
    // Keylime 7.14.3 can never accept evidence where it asked for none (403 challenges_expired).
    Rule{kSubmit, 202, 202, C::NothingAsked, R::Accept, R::Accept,
         "no evidence was asked for: no policy names a PCR"},
    Rule{kSubmit, 100, 999, C::NothingAsked, R::Stop, R::Stop,
         "no evidence was asked for: no policy names a PCR"},

    Rule{kProve, 200, 200, C::ChallengeExpired, R::BackOff, R::BackOff,
         "the session's challenge had expired"},
    Rule{kProve, 200, 200, C::ProofFailed, R::Stop, R::Stop, "the agent is not enrolled at the verifier"},

    Rule{kVersion | kPlain, 200, 200, C::None, R::Accept, R::Accept, ""},
    Rule{kProve, 200, 200, C::None, R::Accept, R::Accept, ""},
    Rule{kOpen | kNegotiate, 201, 201, C::None, R::Accept, R::Accept, ""},
    Rule{kSubmit, 202, 202, C::None, R::Accept, R::Accept, ""},

    Rule{kAny, 429, 429, C::ToldToWait, R::WaitAsTold, R::WaitAsTold, ""},
    Rule{kAny, 503, 503, C::ToldToWait, R::WaitAsTold, R::WaitAsTold, ""},
    Rule{kAny, 408, 408, C::None, R::BackOff, R::BackOff, ""},
    Rule{kAny, 429, 429, C::None, R::BackOff, R::BackOff, ""},
    Rule{kAny, 500, 599, C::None, R::BackOff, R::BackOff, ""},

    Rule{kCycle, 401, 401, C::None, R::Authenticate, R::Reauthenticate, "the token is not accepted"},
    Rule{kSubmit, 403, 403, C::AlreadyDelivered, R::Delivered, R::Delivered,
         "the verifier holds the evidence: an earlier sending had arrived, only its answer was lost"},
    Rule{kCycle, 403, 403, C::HasCode, R::Refuse, R::Refuse, "calls for a new negotiation"},
    Rule{kCycle, 403, 403, C::None, R::Authenticate, R::Stop, "forbidden, also with a new token"},
    Rule{kCycle, 404, 404, C::None, R::Stop, R::Stop,
         "the agent is not enrolled at the verifier, or was deleted"},
    Rule{kCycle, 409, 409, C::None, R::NegotiateAnew, R::Refuse, "another negotiation came between"},

    Rule{kOpen, 401, 401, C::None, R::NewSession, R::BackOff, "the verifier opens no session"},
    Rule{kProve, 401, 401, C::None, R::NewSession, R::BackOff, "the proof of possession does not hold"},
    // Sessions live in the verifier's memory: a restart loses them.
    Rule{kProve, 404, 404, C::None, R::NewSession, R::BackOff, "the session is gone"},

    Rule{kVersion, 403, 403, C::None, R::Stop, R::Stop, "the registrar forbids it"},
    Rule{kVersion, 400, 499, C::None, R::AssumeNewest, R::AssumeNewest, ""},
    // Two first registrations at once exclude each other (keylime/web/registrar/agents_controller.py), and
    // one
    // may be our own that was taken for lost.
    Rule{kRegister, 403, 403, C::MayHaveArrived, R::BackOff, R::Stop, kForbiddenRegistration},
    Rule{kRegister, 403, 403, C::None, R::Stop, R::Stop, kForbiddenRegistration},
    Rule{kActivate, 400, 400, C::None, R::Stop, R::Stop,
         "the registrar does not accept the answer to its challenge and has deleted the record"},
    Rule{kActivate, 404, 404, C::None, R::Stop, R::Stop, "the registrar does not know the agent any more"},

    Rule{kAny, 400, 499, C::None, R::Stop, R::Stop, "our message is wrong for this server"},
    Rule{kAny, 0, 999, C::None, R::Fail, R::Fail, "not an answer that the protocol allows here"},
};

bool holds(Condition condition, const Answer& answer) {
    switch (condition) {
        case C::None:
            return true;
        case C::HasCode:
            return answer.code.has_value();
        case C::ToldToWait:
            return answer.told_to_wait;
        case C::MayHaveArrived:
            return answer.may_have_arrived;
        case C::AlreadyDelivered:
            return answer.may_have_arrived && answer.code == "evidence_immutable";
        case C::NothingAsked:
            return answer.nothing_asked;
        case C::ChallengeExpired:
        case C::ProofFailed:
            return answer.verdict == condition;
    }
    return false;
}

using K = transport::FailureKind;

constexpr std::array kFailureRules = {
    FailureRule{K::ConnectRefused, R::BackOff, false, "connection refused"},
    FailureRule{K::ConnectFailed, R::BackOff, false, "connection failed"},
    // A server with a bad certificate keeps it; asking again would only hide it.
    FailureRule{K::Certificate, R::Fail, false, "the server's certificate does not verify"},
    FailureRule{K::Tls, R::BackOff, true, "TLS failed"},
    FailureRule{K::Timeout, R::BackOff, true, "time-out"},
    FailureRule{K::Closed, R::BackOff, true, "connection closed"},
    FailureRule{K::Reset, R::BackOff, true, "connection reset"},
    FailureRule{K::Malformed, R::Fail, true, "the answer is not HTTP"},
    FailureRule{K::TooLarge, R::Fail, true, "the answer is over its bound"},
    FailureRule{K::Cancelled, R::Fail, true, "given up"},
};

}  // namespace

std::span<const Rule> rules() {
    return kRules;
}

std::size_t rule_for(Call call, const Answer& answer) {
    std::size_t index = 0;
    for (; index + 1 < kRules.size(); ++index) {
        const Rule& rule = kRules[index];
        if ((rule.calls & bit(call)) == 0) continue;
        if (answer.status < rule.first_status || answer.status > rule.last_status) continue;
        if (holds(rule.condition, answer)) break;
    }
    return index;
}

const FailureRule& rule_for(transport::FailureKind kind) {
    for (const auto& rule : kFailureRules) {
        if (rule.kind == kind) return rule;
    }
    return kFailureRules.back();
}

}  // namespace pushsim::lifecycle
