#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/faults/fault.hpp"

namespace pushsim::faults {
namespace {

using namespace std::chrono_literals;
using lifecycle::Phase;
using scenario::FaultKind;
using scenario::InstantName;
using scenario::StepKind;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Instant kBegin{1h};

std::shared_ptr<Fault> one(const scenario::Fault& fault) {
    return make(fault);
}

/// The negotiation took 20 ms, the challenge lives 2 s.
Moment moment(Phase phase, Duration since_negotiation) {
    return {.phase = phase,
            .now = kBegin + since_negotiation,
            .challenge_expires = Span{kBegin + 2s, kBegin + 2s + 20ms},
            .token_expires = Span{kBegin + 9s, kBegin + 9s + 10ms}};
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
    EXPECT_EQ(fault->before({.phase = Phase::Submit, .now = kBegin}), 0ms);
}

TEST(HoldEvidence, ARefusalOfTheEarlySideIsDoubtedWhereItCameAfterTheExpiry) {
    const auto early = one({.kind = FaultKind::HoldEvidence, .until = {.offset = -500ms}});
    EXPECT_THAT(early->doubt(moment(Phase::Submit, 1990ms)), IsEmpty());
    EXPECT_THAT(early->doubt(moment(Phase::Submit, 2003ms)),
                HasSubstr("inconclusive: the answer came 3 ms after"));
    const auto late = one({.kind = FaultKind::HoldEvidence, .until = {.offset = 50ms}});
    EXPECT_THAT(late->doubt(moment(Phase::Submit, 2100ms)), IsEmpty());
}

TEST(HoldEvidence, MayBeUntilTheTokenExpires) {
    const auto early =
        one({.kind = FaultKind::HoldEvidence, .until = {.name = InstantName::TokenExpiresAt, .offset = -1s}});
    EXPECT_EQ(early->before(moment(Phase::Submit, 1s)), 7s);
    EXPECT_THAT(early->doubt(moment(Phase::Submit, 3s)), IsEmpty());
    EXPECT_THAT(early->doubt(moment(Phase::Submit, 9s + 5ms)), HasSubstr("5 ms after the token may have"));
    const auto late =
        one({.kind = FaultKind::HoldEvidence, .until = {.name = InstantName::TokenExpiresAt, .offset = 1s}});
    EXPECT_EQ(late->before(moment(Phase::Submit, 1s)), 9s + 10ms);
    EXPECT_EQ(late->before({.phase = Phase::Submit, .now = kBegin}), 0ms) << "no session yet";
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

Moment begun(Phase phase, int times) {
    Moment moment{.phase = phase, .now = kBegin};
    moment.begun.at(static_cast<std::size_t>(phase)) = times;
    return moment;
}

TEST(Herd, MeetsBeforeItsPhaseOnceInACycle) {
    const auto place = std::make_shared<Rendezvous>();
    const auto fault = make({.kind = FaultKind::Herd, .phase = StepKind::Submit}, {.place = place});
    EXPECT_EQ(fault->meeting(begun(Phase::Submit, 1)), place.get());
    EXPECT_EQ(fault->meeting(begun(Phase::Submit, 2)), nullptr);
    EXPECT_EQ(fault->meeting(begun(Phase::Collect, 1)), nullptr);
}

TEST(Swizzle, HoldsRequestsAndAnswersWithinTheWindowAlone) {
    const auto fault = make({.kind = FaultKind::Swizzle}, {.frozen = Window{kBegin + 1s, kBegin + 3s}});
    Moment here{.phase = Phase::Submit, .now = kBegin};
    EXPECT_EQ(fault->sending(here), 0s);
    here.now = kBegin + 1s;
    EXPECT_EQ(fault->sending(here), 2s);
    EXPECT_EQ(fault->after(here), 2s);
    here.now = kBegin + 3s;
    EXPECT_EQ(fault->sending(here), 0s);
    here.now = kBegin + 2s;
    EXPECT_EQ(one({.kind = FaultKind::Swizzle})->sending(here), 0s) << "an agent that is never stopped";
}

TEST(ClockSkew, PutsTheAgentsClockOff) {
    const auto faults = make({{.kind = FaultKind::ClockSkew, .duration = -90s}});
    Departure departure{Phase::Submit};
    EXPECT_EQ(depart(departure, faults).at(0).text, "its clock is 1m30s behind");
    EXPECT_EQ(departure.clock_offset, -90s);
}

TEST(OtherFaults, LeaveADepartureAsItIs) {
    const auto faults = make({{.kind = FaultKind::Delay}, {.kind = FaultKind::NoToken}});
    Departure departure{Phase::Submit};
    EXPECT_THAT(depart(departure, faults), IsEmpty());
    EXPECT_EQ(departure.goal, Phase::Submit);
    EXPECT_TRUE(departure.course.negotiates);
    EXPECT_TRUE(departure.course.renews_token);
    EXPECT_EQ(departure.registration, Departure::Registration::Kept);
}

}  // namespace
}  // namespace pushsim::faults
