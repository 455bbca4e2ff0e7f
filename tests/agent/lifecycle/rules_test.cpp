#include "agent/lifecycle/rules.hpp"

#include <gtest/gtest.h>

namespace pushsim::lifecycle {
namespace {

const std::vector<Call> kEveryCall = {Call::AskVersion, Call::Register,  Call::Activate, Call::OpenSession,
                                      Call::Prove,      Call::Negotiate, Call::Submit};
const std::vector<Call> kCycle = {Call::Negotiate, Call::Submit};

Answer status(int code) {
    Answer answer;
    answer.status = code;
    return answer;
}

Answer with_code(int number, std::string code) {
    Answer answer = status(number);
    answer.code = std::move(code);
    return answer;
}

Reaction first(Call call, const Answer& answer) {
    return correct_rules()[rule_for(correct_rules(), call, answer)].first;
}
Reaction again(Call call, const Answer& answer) {
    return correct_rules()[rule_for(correct_rules(), call, answer)].again;
}

TEST(Rules, FitIntoTheMachinesMemoryAndTheLastOneTakesWhatIsLeft) {
    EXPECT_LE(correct_rules().size(), 64U);
    EXPECT_LE(rust_agent_rules().size(), 64U);
    for (const Call call : kEveryCall) {
        for (const int odd : {0, 100, 204, 206, 301, 399, 600, 999}) {
            EXPECT_EQ(first(call, status(odd)), Reaction::Fail) << odd;
        }
    }
}

TEST(Rules, EveryRuleIsReachable) {
    for (const auto rules : {correct_rules(), rust_agent_rules()}) {
        std::vector<bool> reached(rules.size());
        const auto see = [&](Call call, const Answer& answer) {
            reached[rule_for(rules, call, answer)] = true;
        };
        for (const Call call : kEveryCall) {
            for (int number = 0; number <= 600; ++number) {
                for (int flags = 0; flags < 128; ++flags) {
                    Answer answer = status(number);
                    if ((flags & 1) != 0) answer.code = "evidence_immutable";
                    answer.told_to_wait = (flags & 2) != 0;
                    answer.may_have_arrived = (flags & 4) != 0;
                    answer.nothing_asked = (flags & 8) != 0;
                    answer.malformed = (flags & 32) != 0;
                    answer.waited_enough = (flags & 64) != 0;
                    if ((flags & 16) != 0) answer.verdict = Condition::ChallengeExpired;
                    see(call, answer);
                    if ((flags & 16) != 0) answer.verdict = Condition::ProofFailed;
                    see(call, answer);
                }
            }
        }
        for (std::size_t index = 0; index < reached.size(); ++index)
            EXPECT_TRUE(reached[index]) << "rule " << index << " of " << rules.size();
    }
}

TEST(Rules, AnAnswerThatCannotBeReadIsNeverAccepted) {
    for (const auto rules : {correct_rules(), rust_agent_rules()}) {
        for (const Call call : kEveryCall) {
            for (int number = 0; number <= 600; ++number) {
                Answer answer = status(number);
                answer.malformed = true;
                EXPECT_NE(rules[rule_for(rules, call, answer)].first, Reaction::Accept) << number;
            }
        }
    }
}

TEST(Rules, EachCallSucceedsWithItsOwnStatusOnly) {
    const std::vector<std::pair<Call, std::vector<int>>> successes = {
        {Call::AskVersion, {200}}, {Call::Register, {200}},
        {Call::Activate, {200}},   {Call::OpenSession, {200, 201}},
        {Call::Prove, {200}},      {Call::Negotiate, {201}},
        {Call::Submit, {202}}};
    for (const auto& [call, good] : successes) {
        for (int number = 200; number < 300; ++number) {
            const bool expected = std::find(good.begin(), good.end(), number) != good.end();
            EXPECT_EQ(first(call, status(number)) == Reaction::Accept, expected)
                << static_cast<int>(call) << " " << number;
        }
    }
}

TEST(Rules, A401DropsTheTokenAndAuthenticatesOnceAtOnceThenWithBackOff) {
    for (const Call call : kCycle) {
        EXPECT_EQ(first(call, status(401)), Reaction::Authenticate);
        EXPECT_EQ(again(call, status(401)), Reaction::Reauthenticate);
    }
}

TEST(Rules, A403WithACodeEndsTheCycle) {
    for (const Call call : kCycle) {
        for (const char* code : {"challenges_expired", "evidence_immutable", "old_attestation", "anything"}) {
            EXPECT_EQ(first(call, with_code(403, code)), Reaction::Refuse);
            EXPECT_EQ(again(call, with_code(403, code)), Reaction::Refuse);
        }
    }
}

TEST(Rules, A403WithoutACodeAuthenticatesOnceThenStops) {
    for (const Call call : kCycle) {
        EXPECT_EQ(first(call, status(403)), Reaction::Authenticate);
        EXPECT_EQ(again(call, status(403)), Reaction::Stop);
    }
}

TEST(Rules, EvidenceThatMayHaveArrivedAndIsImmutableWasDelivered) {
    Answer answer = with_code(403, "evidence_immutable");
    answer.may_have_arrived = true;
    EXPECT_EQ(first(Call::Submit, answer), Reaction::Delivered);
    answer.code = "old_attestation";
    EXPECT_EQ(first(Call::Submit, answer), Reaction::Refuse);
}

TEST(Rules, A404Stops) {
    for (const Call call :
         {Call::Negotiate, Call::Submit, Call::OpenSession, Call::Register, Call::Activate}) {
        EXPECT_EQ(first(call, with_code(404, "not_found")), Reaction::Stop);
    }
}

TEST(Rules, A409NegotiatesAnewOnceThenEndsTheCycle) {
    for (const Call call : kCycle) {
        EXPECT_EQ(first(call, with_code(409, "conflict")), Reaction::NegotiateAnew);
        EXPECT_EQ(again(call, with_code(409, "conflict")), Reaction::Refuse);
    }
}

TEST(Rules, A422OrOther4xxStops) {
    for (const Call call : kEveryCall) {
        for (const int number : {400, 405, 410, 413, 415, 422}) {
            const Reaction expected = call == Call::AskVersion ? Reaction::AssumeNewest : Reaction::Stop;
            EXPECT_EQ(first(call, status(number)), expected) << number;
        }
    }
}

TEST(Rules, A429Or503WithRetryAfterWaitsAsToldOnEveryCall) {
    for (const Call call : kEveryCall) {
        for (const int number : {429, 503}) {
            Answer answer = status(number);
            answer.told_to_wait = true;
            EXPECT_EQ(first(call, answer), Reaction::WaitAsTold);
            EXPECT_EQ(again(call, answer), Reaction::WaitAsTold);
        }
    }
}

TEST(Rules, A429A408OrA5xxBacksOffOnEveryCall) {
    for (const Call call : kEveryCall) {
        for (const int number : {408, 429, 500, 502, 503, 504, 599}) {
            EXPECT_EQ(first(call, status(number)), Reaction::BackOff) << number;
            EXPECT_EQ(again(call, status(number)), Reaction::BackOff) << number;
        }
    }
}

TEST(Rules, WhereNoEvidenceWasAskedOnlyA202IsNoReasonToStop) {
    for (const int number : {200, 204, 302, 400, 401, 403, 404, 409, 422, 429, 500, 503}) {
        Answer answer = with_code(number, "challenges_expired");
        answer.nothing_asked = true;
        answer.told_to_wait = true;
        EXPECT_EQ(first(Call::Submit, answer), Reaction::Stop) << number;
        EXPECT_EQ(first(Call::Submit, status(202)), Reaction::Accept);
    }
}

TEST(Rules, ASessionThatIsGoneOrRefusedCallsForANewSessionAtOnceThenWithBackOff) {
    for (const auto& [call, number] :
         {std::pair{Call::OpenSession, 401}, std::pair{Call::Prove, 401}, std::pair{Call::Prove, 404}}) {
        EXPECT_EQ(first(call, status(number)), Reaction::NewSession);
        EXPECT_EQ(again(call, status(number)), Reaction::BackOff);
    }
}

TEST(Rules, ARegistrationThatIsForbiddenMayHaveMetItself) {
    Answer answer = status(403);
    EXPECT_EQ(first(Call::Register, answer), Reaction::Stop);
    answer.may_have_arrived = true;
    EXPECT_EQ(first(Call::Register, answer), Reaction::BackOff);
    EXPECT_EQ(again(Call::Register, answer), Reaction::Stop);
}

TEST(Rules, FailuresThatAskingAgainCannotMendFailAtOnce) {
    using transport::FailureKind;
    for (const auto kind :
         {FailureKind::Certificate, FailureKind::Malformed, FailureKind::TooLarge, FailureKind::Cancelled}) {
        EXPECT_EQ(rule_for(kind).reaction, Reaction::Fail);
    }
    for (const auto kind : {FailureKind::ConnectRefused, FailureKind::ConnectFailed, FailureKind::Tls,
                            FailureKind::Timeout, FailureKind::Closed, FailureKind::Reset}) {
        EXPECT_EQ(rule_for(kind).reaction, Reaction::BackOff);
        EXPECT_EQ(rule_for(kind).kind, kind);
    }
    for (const auto kind :
         {FailureKind::ConnectRefused, FailureKind::ConnectFailed, FailureKind::Certificate}) {
        EXPECT_FALSE(rule_for(kind).may_have_arrived);
    }
    for (const auto kind : {FailureKind::Timeout, FailureKind::Closed, FailureKind::Reset}) {
        EXPECT_TRUE(rule_for(kind).may_have_arrived);
    }
}

}  // namespace
}  // namespace pushsim::lifecycle
