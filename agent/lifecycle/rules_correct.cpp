#include <array>

#include "agent/lifecycle/rules.hpp"

namespace pushsim::lifecycle {
namespace {

constexpr const char* kForbiddenRegistration =
    "the agent's id is taken: by another TPM identity, or by another registration at the same time";

using C = Condition;
using R = Reaction;
using namespace calls;

// The table `habits: correct` of the scenario language, and what it leaves open.
constexpr std::array kRules = {
    // Keylime 7.14.3 can never accept evidence where it asked for none (403 challenges_expired).
    Rule{submit, 202, 202, C::NothingAsked, R::Accept, R::Accept,
         "no evidence was asked for: no policy names a PCR"},
    Rule{submit, 100, 999, C::NothingAsked, R::Stop, R::Stop,
         "no evidence was asked for: no policy names a PCR"},

    Rule{prove, 200, 200, C::ChallengeExpired, R::BackOff, R::BackOff, "the session's challenge had expired"},
    Rule{prove, 200, 200, C::ProofFailed, R::Stop, R::Stop, "the agent is not enrolled at the verifier"},

    Rule{version | registration | activation | open, 200, 200, C::None, R::Accept, R::Accept, ""},
    Rule{prove, 200, 200, C::None, R::Accept, R::Accept, ""},
    Rule{open | negotiate, 201, 201, C::None, R::Accept, R::Accept, ""},
    Rule{submit, 202, 202, C::None, R::Accept, R::Accept, ""},

    Rule{any, 429, 429, C::ToldToWait, R::WaitAsTold, R::WaitAsTold, ""},
    Rule{any, 503, 503, C::ToldToWait, R::WaitAsTold, R::WaitAsTold, ""},
    Rule{any, 408, 408, C::None, R::BackOff, R::BackOff, ""},
    Rule{any, 429, 429, C::None, R::BackOff, R::BackOff, ""},
    Rule{any, 500, 599, C::None, R::BackOff, R::BackOff, ""},

    Rule{cycle, 401, 401, C::None, R::Authenticate, R::Reauthenticate, "the token is not accepted"},
    Rule{submit, 403, 403, C::AlreadyDelivered, R::Delivered, R::Delivered,
         "the verifier holds the evidence: an earlier sending had arrived, only its answer was lost"},
    Rule{cycle, 403, 403, C::HasCode, R::Refuse, R::Refuse, "calls for a new negotiation"},
    Rule{cycle, 403, 403, C::None, R::Authenticate, R::Stop, "forbidden, also with a new token"},
    Rule{cycle, 404, 404, C::HasCode, R::Stop, R::Stop,
         "the agent is not enrolled at the verifier, or was deleted"},
    Rule{cycle, 404, 404, C::None, R::Stop, R::Stop,
         "the verifier has no attestations, as in pull mode: verifier.conf needs `mode = push`"},
    Rule{cycle, 409, 409, C::None, R::NegotiateAnew, R::Refuse, "another negotiation came between"},

    Rule{open, 401, 401, C::None, R::NewSession, R::BackOff, "the verifier opens no session"},
    Rule{prove, 401, 401, C::None, R::NewSession, R::BackOff, "the proof of possession does not hold"},
    // Sessions live in the verifier's memory: a restart loses them.
    Rule{prove, 404, 404, C::None, R::NewSession, R::BackOff, "the session is gone"},

    Rule{version, 403, 403, C::None, R::Stop, R::Stop, "the registrar forbids it"},
    Rule{version, 400, 499, C::None, R::AssumeNewest, R::AssumeNewest, ""},
    // Two first registrations at once exclude each other (keylime/web/registrar/agents_controller.py), and
    // one may be our own that was taken for lost.
    Rule{registration, 403, 403, C::MayHaveArrived, R::BackOff, R::Stop, kForbiddenRegistration},
    Rule{registration, 403, 403, C::None, R::Stop, R::Stop, kForbiddenRegistration},
    Rule{activation, 400, 400, C::None, R::Stop, R::Stop,
         "the registrar does not accept the answer to its challenge and has deleted the record"},
    Rule{activation, 404, 404, C::None, R::Stop, R::Stop, "the registrar does not know the agent any more"},

    Rule{any, 400, 499, C::None, R::Stop, R::Stop, "our message is wrong for this server"},
    Rule{any, 0, 999, C::None, R::Fail, R::Fail, "not an answer that the protocol allows here"},
};

}  // namespace

std::span<const Rule> correct_rules() {
    return kRules;
}

}  // namespace pushsim::lifecycle
