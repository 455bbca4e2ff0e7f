#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/faults/fault.hpp"

namespace pushsim::faults {
namespace {

using namespace std::chrono_literals;
using lifecycle::Phase;
using scenario::FaultKind;
using scenario::StepKind;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Instant kBegin{1h};

std::unique_ptr<Fault> one(const scenario::Fault& fault) {
    return std::move(make({fault}).at(0));
}

/// The negotiation took 20 ms, the challenge lives 2 s.
Moment moment(Phase phase, Duration since_negotiation) {
    return {phase, kBegin + since_negotiation, kBegin + 2s, kBegin + 2s + 20ms};
}

TEST(HoldEvidence, IsSentBeforeTheEarliestExpiryOrAfterTheLatest) {
    const auto early = one({.kind = FaultKind::HoldEvidence, .until = {.offset = -500ms}});
    EXPECT_EQ(early->before(moment(Phase::Submit, 30ms)), 1470ms);
    const auto late = one({.kind = FaultKind::HoldEvidence, .until = {.offset = 50ms}});
    EXPECT_EQ(late->before(moment(Phase::Submit, 30ms)), 2040ms);
    EXPECT_EQ(scenario::text(late->plan()), "hold_evidence until challenges_expire_at + 50ms");
}

TEST(HoldEvidence, IsSentAtOnceWhereTheInstantHasPassed) {
    EXPECT_EQ(one({.kind = FaultKind::HoldEvidence, .until = {.offset = -500ms}})
                  ->before(moment(Phase::Submit, 5s)),
              0ms);
}

TEST(HoldEvidence, HoldsNothingElseAndNothingWithoutAChallenge) {
    const auto fault = one({.kind = FaultKind::HoldEvidence, .until = {.offset = 50ms}});
    EXPECT_EQ(fault->before(moment(Phase::Collect, 30ms)), 0ms);
    EXPECT_EQ(fault->before({Phase::Submit, kBegin, std::nullopt, std::nullopt}), 0ms);
}

TEST(HoldEvidence, ARefusalOfTheEarlySideIsDoubtedWhereItCameAfterTheExpiry) {
    const auto early = one({.kind = FaultKind::HoldEvidence, .until = {.offset = -500ms}});
    EXPECT_THAT(early->doubt(moment(Phase::Submit, 1990ms)), IsEmpty());
    EXPECT_THAT(early->doubt(moment(Phase::Submit, 2003ms)),
                HasSubstr("inconclusive: the answer came 3 ms after"));
    const auto late = one({.kind = FaultKind::HoldEvidence, .until = {.offset = 50ms}});
    EXPECT_THAT(late->doubt(moment(Phase::Submit, 2100ms)), IsEmpty());
}

TEST(Delay, WaitsBeforeItsPhaseAlone) {
    const auto fault = one({.kind = FaultKind::Delay, .phase = StepKind::Collect, .duration = 2s});
    EXPECT_EQ(fault->before(moment(Phase::Collect, 0ms)), 2s);
    EXPECT_EQ(fault->before(moment(Phase::Submit, 0ms)), 0s);
    EXPECT_EQ(fault->after(moment(Phase::Collect, 0ms)), 0s);
    EXPECT_EQ(scenario::text(fault->plan()), "delay before collect for 2s");
}

TEST(Stall, LeavesTheAnswerOfItsPhaseUnread) {
    const auto fault = one({.kind = FaultKind::Stall, .phase = StepKind::Negotiate, .duration = 3s});
    EXPECT_EQ(fault->after(moment(Phase::Negotiate, 0ms)), 3s);
    EXPECT_EQ(fault->after(moment(Phase::Submit, 0ms)), 0s);
    EXPECT_EQ(fault->before(moment(Phase::Negotiate, 0ms)), 0s);
}

TEST(Early, BringsTheNextCycleForward) {
    EXPECT_EQ(one({.kind = FaultKind::Early, .duration = 500ms})->sooner(), 500ms);
    EXPECT_EQ(one({.kind = FaultKind::Delay, .duration = 500ms})->sooner(), 0ms);
}

}  // namespace
}  // namespace pushsim::faults
