// `habits: rust-agent`, where the list of facts (tests/sim/habits) does not look: how its layers work
// together.

#include <gmock/gmock.h>

#include "play.hpp"

namespace pushsim::lifecycle {
namespace {

using Ending = Finished::Ending;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using transport::FailureKind;

Settings rust_agent() {
    return {.agent_id = kAgent, .boot_time = {}, .habits = rust_agent_habits()};
}

class RustAgent : public testing::Test {
  protected:
    void SetUp() override { play.prepare(); }
    void TearDown() override {
        if (HasFailure()) std::cout << play.transcript();
    }
    std::vector<Duration> pauses() const {
        std::vector<Duration> all;
        for (const auto& pause : play.pauses)
            all.push_back(pause.duration);
        return all;
    }
    Play play{4711, rust_agent()};
};

TEST_F(RustAgent, AttestsLikeAnyOther) {
    const Finished finished = play.pursue(Phase::Submit);
    EXPECT_EQ(finished.ending, Ending::Reached);
    EXPECT_EQ(finished.next_attestation, seconds{2});
    EXPECT_EQ(play.sent_requests.size(), 2U);
}

TEST_F(RustAgent, AWaitAsToldBeginsTheBackOffAnewAndIsCountedByItself) {
    play.next(Call::Negotiate, bare_status(500), 2);
    play.next(Call::Negotiate, bare_status(503, {{"Retry-After", "7"}}));
    play.next(Call::Negotiate, bare_status(500), 5);
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
    EXPECT_THAT(pauses(), ElementsAre(seconds{10}, seconds{20}, seconds{7}, seconds{10}, seconds{20},
                                      seconds{40}, seconds{80}, seconds{160}));
    for (const auto& request : play.requests(Call::Negotiate))
        EXPECT_EQ(request.header("x-request-id"), play.requests(Call::Negotiate)[0].header("x-request-id"));
}

TEST_F(RustAgent, ASuccessThatTellsToWaitForEverIsTakenInTheEnd) {
    for (int n = 0; n < 6; ++n) {
        play.next(Call::Negotiate, [this](const HttpRequest& request) {
            HttpResponse answer = play.peer.answer(request);
            answer.headers.emplace_back("Retry-After", "1");
            return answer;
        });
    }
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
    EXPECT_EQ(play.sent(Call::Negotiate), 6);
    EXPECT_EQ(play.pauses.size(), 5U);
}

TEST_F(RustAgent, A401ThatTellsToWaitLosesTheTokenAndIsSentAgain) {
    play.next(Call::Submit, bare_status(401, {{"Retry-After", "2"}}));
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
    EXPECT_THAT(pauses(), ElementsAre(seconds{2}));
    EXPECT_EQ(play.sent(Call::OpenSession), 1);
    EXPECT_EQ(play.sent(Call::Negotiate), 1);
    ASSERT_EQ(play.sent(Call::Submit), 2);
}

TEST_F(RustAgent, ASessionInBetweenMakesNoNewRequestOfOneThatIsSentAgain) {
    play.next(Call::Negotiate, bare_status(401, {{"Retry-After", "1"}}), 6);
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
    const auto sent = play.requests(Call::Negotiate);
    ASSERT_EQ(sent.size(), 7U);
    for (std::size_t i = 1; i < 6; ++i)
        EXPECT_EQ(sent[i].header("x-request-id"), sent[0].header("x-request-id"));
    EXPECT_NE(sent[6].header("x-request-id"), sent[0].header("x-request-id")) << "five waits are enough";
    EXPECT_THAT(pauses(), ElementsAre(seconds{1}, seconds{1}, seconds{1}, seconds{1}, seconds{1}));
}

TEST(RustAgentAlone, ActivatesAfterABareActivationThatSentNothing) {
    Play play{4711, rust_agent()};
    EXPECT_NE(play.pursue(Phase::Activate, true).ending, Ending::Reached);
    play.clock.advance(seconds{100});
    const Finished then = play.pursue(Phase::Activate);
    EXPECT_EQ(then.ending, Ending::Reached) << then.reason;
}

TEST_F(RustAgent, ATpmThatDoesNotQuoteIsReportedInPlaceOfEvidence) {
    play.next(Call::Negotiate, [this](const HttpRequest& request) {
        play.tpm_fails_next({ErrorKind::Tpm, "TPM_RC_FAILURE", ""});
        return play.peer.answer(request);
    });
    play.next(Call::Submit, refusal(400, "invalid"));
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Refused);
    ASSERT_EQ(play.sent(Call::Submit), 1);
    EXPECT_THAT(play.requests(Call::Submit)[0].body, HasSubstr(R"("type":"error")"));
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached) << "and the next cycle has evidence again";
}

TEST_F(RustAgent, WhatGoesWrongIsFollowedByTheIntervalWhateverTheNextGoal) {
    play.next(Call::Negotiate, refusal(422, "invalid"));
    const Finished refused = play.pursue(Phase::Submit);
    EXPECT_EQ(refused.ending, Ending::Refused);
    EXPECT_EQ(refused.next_attestation, seconds{60});
    play.clock.advance(seconds{45});
    EXPECT_EQ(play.pursue(Phase::Authenticate).ending, Ending::Reached);
    EXPECT_THAT(pauses(), ElementsAre(seconds{15}));
}

TEST_F(RustAgent, BareIsOneSendingAndNoInterval) {
    play.next(Call::Negotiate, bare_status(500));
    EXPECT_EQ(play.pursue(Phase::Negotiate, true).ending, Ending::Refused);
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
    EXPECT_TRUE(play.pauses.empty());
}

TEST_F(RustAgent, LogsThatAreAskedForAreGivenEmpty) {
    const std::string asked =
        R"("evidence_requested":[{"evidence_class":"log","evidence_type":"uefi_log","chosen_parameters":{}},)"
        R"({"evidence_class":"log","evidence_type":"ima_log","chosen_parameters":{"starting_offset":0}},{)";
    play.next(Call::Negotiate, play.peer.negotiated("/v3.0/agents/" + kAgent + "/attestations/0",
                                                    R"("evidence_requested":[{)", asked));
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
    EXPECT_THAT(
        play.requests(Call::Submit)[0].body,
        HasSubstr(
            R"({"evidence_class":"log","evidence_type":"uefi_log","data":{"entries":""}},)"
            R"({"evidence_class":"log","evidence_type":"ima_log","data":{"entries":"","entry_count":0}},)"
            R"({"evidence_class":"certification")"));
}

}  // namespace
}  // namespace pushsim::lifecycle
