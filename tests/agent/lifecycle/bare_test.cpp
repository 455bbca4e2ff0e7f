// `bare: true`: one phase with what is at hand, no retries, and honest words about what is missing.

#include <gmock/gmock.h>

#include "play.hpp"

namespace pushsim::lifecycle {
namespace {

using Ending = Finished::Ending;
using testing::HasSubstr;

TEST_F(Lifecycle, Bare_SaysWhatIsMissing) {
    const std::vector<std::pair<Phase, std::string>> missing = {{Phase::Activate, "register first"},
                                                                {Phase::Negotiate, "authenticate first"},
                                                                {Phase::Collect, "negotiate first"},
                                                                {Phase::Submit, "authenticate first"}};
    for (const auto& [phase, words] : missing) {
        const Finished finished = play.pursue(phase, true);
        EXPECT_EQ(finished.ending, Ending::Failed) << to_string(phase);
        EXPECT_EQ(finished.phase, phase);
        EXPECT_THAT(finished.reason, HasSubstr(words));
        EXPECT_FALSE(finished.begun) << to_string(phase);
    }
    play.prepare();
    EXPECT_THAT(play.pursue(Phase::Submit, true).reason, HasSubstr("negotiate first"));
    play.pursue(Phase::Negotiate);
    EXPECT_THAT(play.pursue(Phase::Submit, true).reason, HasSubstr("collect first"));
    EXPECT_EQ(play.sent(Call::Submit), 0);
}

TEST_F(Lifecycle, Bare_PhasesOneByOneMakeAnAttestation) {
    for (const Phase phase : {Phase::Register, Phase::Activate, Phase::Authenticate, Phase::Negotiate,
                              Phase::Collect, Phase::Submit}) {
        const Finished finished = play.pursue(phase, true);
        EXPECT_EQ(finished.ending, Ending::Reached) << to_string(phase);
        EXPECT_EQ(finished.phase, phase);
        EXPECT_TRUE(finished.begun);
    }
    EXPECT_EQ(play.sent_requests.size(), 7U);
    EXPECT_EQ(play.peer.accepted, 1);
}

TEST_F(Lifecycle, Bare_DoesNotNeedARegistration) {
    EXPECT_EQ(play.pursue(Phase::Authenticate, true).ending, Ending::Reached);
    EXPECT_EQ(play.sent(Call::Register), 0);
}

TEST_F(Lifecycle, Bare_AnyRefusalIsRefusedAndNothingIsRetried) {
    play.pursue(Phase::Submit);
    for (const auto& answer : {refusal(403, "challenges_expired"), refusal_without_code(401, "expired"),
                               bare_status(500), bare_status(404), refusal(409, "conflict"),
                               refusal(429, "premature_attestation", {{"Retry-After", "1"}})}) {
        play.clear_record();
        play.next(Call::Submit, answer);
        const Finished finished = play.pursue(Phase::Submit, true);
        EXPECT_EQ(finished.ending, Ending::Refused) << answer.status;
        EXPECT_EQ(finished.status, answer.status);
        EXPECT_EQ(finished.attestation_index, 0);
        EXPECT_EQ(play.sent_requests.size(), 1U);
        EXPECT_TRUE(play.pauses.empty());
    }
    play.clear_record();
    play.next_fails(Call::Submit, transport::FailureKind::Closed);
    EXPECT_EQ(play.pursue(Phase::Submit, true).ending, Ending::Failed);
    EXPECT_EQ(play.sent_requests.size(), 1U);
}

TEST_F(Lifecycle, Bare_EvidenceCanBeSubmittedAgain) {
    play.pursue(Phase::Submit);
    const Finished finished = play.pursue(Phase::Submit, true);
    EXPECT_EQ(finished.ending, Ending::Refused);
    EXPECT_EQ(finished.code, "evidence_immutable");
    EXPECT_EQ(play.sent(Call::Submit), 2);
}

TEST_F(Lifecycle, Bare_EvidenceWhoseAnswerWasLostIsThere) {
    play.pursue(Phase::Collect);
    play.next_answer_is_lost(Call::Submit);
    EXPECT_EQ(play.pursue(Phase::Submit, true).ending, Ending::Failed);
    const Finished again = play.pursue(Phase::Submit, true);
    EXPECT_EQ(again.ending, Ending::Reached) << again.reason;
    EXPECT_EQ(again.code, "evidence_immutable");
}

TEST_F(Lifecycle, Bare_AnExpiredTokenIsUsedAsItIs) {
    play.prepare();
    play.clock.advance(std::chrono::hours{1});
    EXPECT_FALSE(play.machine.authenticated());
    play.pursue(Phase::Negotiate, true);
    EXPECT_EQ(play.sent(Call::OpenSession), 0);
    EXPECT_EQ(play.sent(Call::Negotiate), 1);
}

TEST_F(Lifecycle, Bare_AVerdictThatFailsIsRefused) {
    play.peer.enrolled = false;
    const Finished finished = play.pursue(Phase::Authenticate, true);
    EXPECT_EQ(finished.ending, Ending::Refused);
    EXPECT_EQ(finished.status, 200);
    EXPECT_THAT(finished.reason, HasSubstr("not enrolled"));
}

}  // namespace
}  // namespace pushsim::lifecycle
