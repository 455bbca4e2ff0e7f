// Goals that are not run as a careful client would: what somebody else decides.

#include <gmock/gmock.h>

#include "play.hpp"

namespace pushsim::lifecycle {
namespace {

using Ending = Finished::Ending;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

TEST_F(Lifecycle, Course_WithoutNegotiationTheLastOneIsGoneOnWith) {
    play.prepare();
    play.pursue(Phase::Negotiate);
    play.clear_record();
    const Finished finished = play.pursue(Phase::Submit, false, {.negotiates = false});
    EXPECT_EQ(finished.ending, Ending::Reached);
    EXPECT_EQ(finished.attestation_index, 0);
    EXPECT_EQ(play.sent(Call::Negotiate), 0);
    EXPECT_EQ(play.sent(Call::Submit), 1);
    EXPECT_EQ(play.tpm_uses.size(), 1U) << "the quote";
}

TEST_F(Lifecycle, Course_WithoutNegotiationAndTokenOneAuthenticatesFirst) {
    play.pursue(Phase::Activate);
    play.machine.suppose(protocol::Negotiation{.stage = "awaiting_evidence",
                                               .location = "/x",
                                               .target = protocol::attestation_target(kAgent, "5"),
                                               .index = 5,
                                               .evidence_requested = {},
                                               .capabilities_received_at = {},
                                               .challenges_expire_at = {}});
    play.clear_record();
    const Finished finished = play.pursue(Phase::Submit, false, {.negotiates = false});
    EXPECT_EQ(finished.attestation_index, 5);
    EXPECT_EQ(play.sent(Call::Prove), 1);
    ASSERT_EQ(play.sent(Call::Submit), 1);
    EXPECT_THAT(play.requests(Call::Submit)[0].target, testing::EndsWith("/attestations/5"));
}

TEST_F(Lifecycle, Course_WithoutNegotiationNothingCanBeDoneWhereThereNeverWasOne) {
    play.prepare();
    const Finished finished = play.pursue(Phase::Submit, false, {.negotiates = false});
    EXPECT_EQ(finished.ending, Ending::Failed);
    EXPECT_THAT(finished.reason, HasSubstr("nothing was negotiated"));
    EXPECT_FALSE(finished.begun);
    EXPECT_EQ(play.sent_requests.size(), 0U);
}

TEST_F(Lifecycle, Course_ATokenThatIsNotRenewedIsUsedUntilItIsRefused) {
    play.prepare();
    EXPECT_EQ(play.machine.token_lifetime(), minutes{3});
    play.clock.advance(minutes{4});
    EXPECT_FALSE(play.machine.authenticated());
    play.next(Call::Negotiate, refusal_without_code(401, "Authentication token expired"));
    const Finished finished = play.pursue(Phase::Negotiate, false, {.renews_token = false});
    EXPECT_EQ(finished.ending, Ending::Reached);
    EXPECT_EQ(play.sent(Call::Negotiate), 2);
    EXPECT_EQ(play.sent(Call::OpenSession), 1) << "after the refusal";
    EXPECT_EQ(play.sent_requests.at(0).phase, Phase::Negotiate);
}

TEST_F(Lifecycle, Course_LivesForOneGoal) {
    play.prepare();
    play.pursue(Phase::Submit);
    play.pursue(Phase::Submit, false, {.negotiates = false});
    play.clear_record();
    play.pursue(Phase::Submit);
    EXPECT_EQ(play.sent(Call::Negotiate), 1);
}

TEST_F(Lifecycle, TheBootTimeThatItIsGivenIsTold) {
    play.prepare();
    play.machine.set_boot_time(WallTime{seconds{1'700'000'123}});
    play.pursue(Phase::Negotiate);
    EXPECT_THAT(play.requests(Call::Negotiate).at(0).body, HasSubstr("2023-11-14T22:15:23Z"));
}

TEST_F(Lifecycle, ATokenThatWasNeverGivenHasNoLifetime) {
    EXPECT_FALSE(play.machine.token_lifetime());
}

}  // namespace
}  // namespace pushsim::lifecycle
