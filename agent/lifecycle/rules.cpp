#include "agent/lifecycle/rules.hpp"

#include <array>

namespace pushsim::lifecycle {
namespace {

using C = Condition;
using R = Reaction;

bool holds(Condition condition, const Answer& answer) {
    if (answer.malformed) return condition == C::Malformed;
    switch (condition) {
        case C::None:
            return true;
        case C::Malformed:
            return false;
        case C::HasCode:
            return answer.code.has_value();
        case C::ToldToWait:
            return answer.told_to_wait && !answer.waited_enough;
        case C::WaitedEnough:
            return answer.told_to_wait && answer.waited_enough;
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

std::size_t rule_for(std::span<const Rule> rules, Call call, const Answer& answer) {
    std::size_t index = 0;
    for (; index + 1 < rules.size(); ++index) {
        const Rule& rule = rules[index];
        if ((rule.calls & calls::only(call)) == 0) continue;
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
