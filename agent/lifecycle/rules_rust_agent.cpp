#include <array>

#include "agent/lifecycle/rules.hpp"

namespace pushsim::lifecycle {
namespace {

using C = Condition;
using R = Reaction;
using namespace calls;

constexpr std::uint8_t kThroughMiddleware = registrar | cycle;

// In the order of its layers: a plain client with three tries for sessions; for all else Retry-After, then
// exponential back-off, then the state machine.
constexpr std::array kRules = {
    Rule{prove, 200, 200, C::ChallengeExpired, R::BackOff, R::BackOff, "the proof failed"},
    Rule{prove, 200, 200, C::ProofFailed, R::BackOff, R::BackOff, "the proof failed"},
    Rule{sessions, 0, 999, C::Malformed, R::BackOff, R::BackOff, "not the answer it knows"},
    Rule{sessions, 200, 299, C::None, R::Accept, R::Accept, ""},
    // Retry-After counts for nothing here.
    Rule{sessions, 0, 999, C::None, R::BackOff, R::BackOff, "no token"},

    // Successes too: the same request is sent again.
    Rule{kThroughMiddleware, 0, 999, C::ToldToWait, R::WaitAsTold, R::WaitAsTold, ""},
    Rule{registrar, 200, 200, C::None, R::Accept, R::Accept, ""},
    Rule{negotiate, 201, 201, C::None, R::Accept, R::Accept, ""},
    Rule{submit, 202, 202, C::None, R::Accept, R::Accept, ""},
    Rule{negotiate, 201, 201, C::Malformed, R::ReportError, R::ReportError, "nothing that can be collected"},
    Rule{submit, 202, 202, C::Malformed, R::Delivered, R::Delivered, ""},

    Rule{kThroughMiddleware, 408, 599, C::WaitedEnough, R::Refuse, R::Refuse, "waited as told, often enough"},
    Rule{kThroughMiddleware, 408, 408, C::None, R::BackOff, R::BackOff, ""},
    Rule{kThroughMiddleware, 429, 429, C::None, R::BackOff, R::BackOff, ""},
    Rule{kThroughMiddleware, 500, 599, C::None, R::BackOff, R::BackOff, ""},

    // At once and for ever: nothing but the verifier's rate limiter ends it.
    Rule{cycle, 401, 401, C::None, R::StartOver, R::StartOver, "the token is dropped"},
    Rule{cycle, 403, 403, C::None, R::RefuseToken, R::RefuseToken,
         "the token is dropped, whatever the 403 is about"},
    Rule{version, 403, 403, C::None, R::Refuse, R::Refuse, "the registrar forbids it"},
    Rule{version, 400, 499, C::None, R::AssumeNewest, R::AssumeNewest, ""},
    Rule{any, 0, 999, C::None, R::Refuse, R::Refuse, "after a pause it begins again"},
};

}  // namespace

std::span<const Rule> rust_agent_rules() {
    return kRules;
}

}  // namespace pushsim::lifecycle
