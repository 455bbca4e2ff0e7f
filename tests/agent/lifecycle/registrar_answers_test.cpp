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

/// The registrar's two reasons for it differ in their words only.
HttpResponse forbidden(const std::string& words) {
    return json_answer(403, R"({"code":403,"status":")" + words + R"(","results":{}})");
}

TEST(Registrar, AnIdThatIsTakenStops) {
    Play play;
    play.next(Call::Register, forbidden("Agent re-registration with different TPM identity"));
    const Finished finished = play.pursue(Phase::Submit);
    EXPECT_EQ(finished.ending, Ending::Stopped) << play.transcript();
    EXPECT_THAT(finished.reason, HasSubstr("different TPM identity: the agent's id is taken"));
    EXPECT_TRUE(play.pauses.empty());
    EXPECT_FALSE(play.machine.registered());
}

TEST(Registrar, AnIdThatOurOwnLostRegistrationMayBeTakingIsAskedForOnceMore) {
    for (const int forbidden_times : {1, 2}) {
        Play play;
        play.next_answer_is_lost(Call::Register, FailureKind::Timeout);
        play.next(Call::Register, forbidden("Agent with this UUID already in use"), forbidden_times);
        const Finished finished = play.pursue(Phase::Register);
        EXPECT_EQ(finished.ending, forbidden_times == 1 ? Ending::Reached : Ending::Stopped);
        ASSERT_EQ(play.pauses.size(), 2U) << play.transcript();
        EXPECT_EQ(play.pauses[1].reason, "back-off 2 after 403");
        EXPECT_EQ(play.sent(Call::Register), 3);
    }
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
