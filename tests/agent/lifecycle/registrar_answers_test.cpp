// What the registrar can say.

#include <gmock/gmock.h>

#include "play.hpp"

namespace pushsim::lifecycle {
namespace {

using Ending = Finished::Ending;
using testing::HasSubstr;
using transport::FailureKind;

TEST(Registrar, PutsOffLosesAndFailsAreRetried) {
    for (const Call call : {Call::AskVersion, Call::Register, Call::Activate}) {
        Play play;
        play.next(call, bare_status(500));
        play.next(call, bare_status(503, {{"Retry-After", "2"}}));
        play.next_answer_is_lost(call);
        EXPECT_EQ(play.pursue(Phase::Activate).ending, Ending::Reached) << play.transcript();
        EXPECT_EQ(play.sent(call), 4);
        EXPECT_EQ(play.pauses.size(), 3U);
    }
}

TEST(Registrar, AnotherTpmIdentityStops) {
    Play play;
    play.next(
        Call::Register,
        json_answer(
            403,
            R"({"code":403,"status":"Agent re-registration with different TPM identity","results":{}})"));
    const Finished finished = play.pursue(Phase::Submit);
    EXPECT_EQ(finished.ending, Ending::Stopped) << play.transcript();
    EXPECT_THAT(finished.reason, HasSubstr("another TPM identity"));
    EXPECT_FALSE(play.machine.registered());
}

TEST(Registrar, ARefusedActivationStopsAndTheNextGoalRegistersAnew) {
    for (const int status : {400, 404}) {
        Play play;
        play.next(Call::Activate, bare_status(status));
        EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Stopped) << play.transcript();
        EXPECT_FALSE(play.machine.registered());
        EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached) << play.transcript();
        EXPECT_EQ(play.sent(Call::Register), 2);
    }
}

TEST(Registrar, AnActivationThatWasNotAnsweredIsTakenUpAgainWithTheSameChallenge) {
    Play play;
    play.next_fails(Call::Activate, FailureKind::Timeout, 6);
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Failed);
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached) << play.transcript();
    EXPECT_EQ(play.sent(Call::Register), 1);
}

}  // namespace
}  // namespace pushsim::lifecycle
