// What the verifier can say to the two session calls.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "play.hpp"

namespace pushsim::lifecycle {
namespace {

using Ending = Finished::Ending;
using std::chrono::seconds;
using testing::HasSubstr;
using transport::FailureKind;

class SessionAnswers : public Lifecycle {
  protected:
    void SetUp() override {
        play.pursue(Phase::Activate);
        play.clear_record();
    }

    /// The next proofs get a verdict that fails, of the session that they are for.
    void next_proof_fails(int status, bool expired, int times = 1) {
        const auto failed_proof = [this, status, expired](const HttpRequest& request) {
            const WallTime now = play.clock.wall_now();
            const WallTime end = expired ? now - seconds{1} : now + seconds{60};
            return json_answer(
                status,
                fmt::format(
                    R"({{"data":{{"type":"session","id":"{}","attributes":{{"agent_id":"{}","evaluation":"fail","created_at":"{}","challenges_expire_at":"{}","response_received_at":"{}"}}}}}})",
                    request.target.substr(request.target.rfind('/') + 1), kAgent, to_rfc3339(now),
                    to_rfc3339(end), to_rfc3339(now)));
        };
        for (int n = 0; n < times; ++n)
            play.next(Call::Prove, failed_proof);
    }
};

TEST_F(SessionAnswers, AnAgentThatIsNotEnrolledStopsAndSaysSo) {
    play.peer.enrolled = false;
    const Finished finished = play.pursue(Phase::Submit);
    EXPECT_EQ(finished.ending, Ending::Stopped);
    EXPECT_EQ(finished.phase, Phase::Authenticate);
    EXPECT_EQ(finished.status, 200);
    EXPECT_THAT(finished.reason, HasSubstr("not enrolled"));
    EXPECT_EQ(play.sent(Call::OpenSession), 1) << "each one costs the verifier 170 ms";
    EXPECT_FALSE(play.machine.authenticated());
}

TEST_F(SessionAnswers, AnExpiredChallengeCallsForANewSessionWithBackOff) {
    next_proof_fails(200, true);
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
    EXPECT_EQ(play.sent(Call::OpenSession), 2);
    EXPECT_EQ(play.pauses.size(), 1U);
}

TEST_F(SessionAnswers, AProofThatDoesNotHoldIsRetriedInAWholeNewSessionOnce) {
    next_proof_fails(401, false);
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
    EXPECT_EQ(play.sent(Call::OpenSession), 2);
    EXPECT_TRUE(play.pauses.empty());
    EXPECT_NE(play.requests(Call::Prove)[0].target, play.requests(Call::Prove)[1].target);
}

TEST_F(SessionAnswers, A401ForASecondTimeIsMetWithBackOff) {
    next_proof_fails(401, false, 3);
    EXPECT_EQ(play.pursue(Phase::Authenticate).ending, Ending::Reached);
    EXPECT_EQ(play.sent(Call::OpenSession), 4);
    ASSERT_EQ(play.pauses.size(), 2U);
    EXPECT_EQ(play.pauses[0].reason, "back-off 1 after 401");

    play.clear_record();
    play.next(Call::OpenSession, refusal_without_code(401, "Unauthorized"), 3);
    EXPECT_EQ(play.pursue(Phase::Authenticate).ending, Ending::Reached);
    EXPECT_EQ(play.sent(Call::OpenSession), 4);
    EXPECT_EQ(play.pauses.size(), 2U);
}

TEST_F(SessionAnswers, A401ForEverEndsAfterAllRetriesAndSaysWhatDoesNotHold) {
    next_proof_fails(401, false, 100);
    Finished finished = play.pursue(Phase::Submit);
    EXPECT_EQ(finished.ending, Ending::Failed);
    EXPECT_EQ(finished.status, 401);
    EXPECT_THAT(finished.reason,
                HasSubstr("the proof of possession does not hold: given up after 5 retries"));
    EXPECT_EQ(play.sent(Call::OpenSession), 7);

    play.clear_record();
    play.next(Call::OpenSession, refusal_without_code(401, "Unauthorized"), 100);
    finished = play.pursue(Phase::Submit);
    EXPECT_EQ(finished.ending, Ending::Failed);
    EXPECT_THAT(finished.reason, HasSubstr("Unauthorized: the verifier opens no session: given up"));
    EXPECT_EQ(play.sent(Call::OpenSession), 7);
}

TEST_F(SessionAnswers, ASessionThatIsGoneIsReplacedAtOnceThenWithBackOff) {
    play.next(Call::Prove, refusal_without_code(404, "Session not found"), 3);
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
    EXPECT_EQ(play.sent(Call::OpenSession), 4);
    ASSERT_EQ(play.pauses.size(), 2U);
    EXPECT_EQ(play.pauses[0].reason, "back-off 1 after 404");
    EXPECT_EQ(play.sent_requests.back().attempt, 1) << "the submission is a phase of its own";
}

TEST_F(SessionAnswers, ThrottlingIsObeyedOnBothCalls) {
    for (const Call call : {Call::OpenSession, Call::Prove}) {
        play.clear_record();
        play.next(call, refusal_without_code(429, "Rate limit exceeded", {{"Retry-After", "60"}}));
        EXPECT_EQ(play.pursue(Phase::Authenticate).ending, Ending::Reached);
        ASSERT_EQ(play.pauses.size(), 1U);
        EXPECT_EQ(play.pauses[0].duration, seconds{60});
        EXPECT_EQ(play.pauses[0].phase, Phase::Authenticate);
    }
}

TEST_F(SessionAnswers, ARetryAfterOfNothingIsNoLeaveToAskAtOnce) {
    play.next(Call::OpenSession, refusal_without_code(429, "Rate limit exceeded", {{"Retry-After", "0"}}), 3);
    EXPECT_EQ(play.pursue(Phase::Authenticate).ending, Ending::Reached);
    ASSERT_EQ(play.pauses.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i)
        EXPECT_GE(play.pauses[i].duration, std::chrono::milliseconds{500} * (1 << i));
}

TEST_F(SessionAnswers, AProofIsNeverSentTwice) {
    for (const auto kind : {FailureKind::Closed, FailureKind::ConnectRefused}) {
        play.clear_record();
        play.next_answer_is_lost(Call::Prove, kind);
        EXPECT_EQ(play.pursue(Phase::Authenticate).ending, Ending::Reached);
        EXPECT_EQ(play.sent(Call::OpenSession), 2);
        EXPECT_NE(play.requests(Call::Prove)[0].target, play.requests(Call::Prove)[1].target);
        EXPECT_EQ(play.sent_requests.back().attempt, 2);
    }
}

TEST_F(SessionAnswers, ServerErrorsAndLostConnectionsAreMetWithBackOff) {
    for (const Call call : {Call::OpenSession, Call::Prove}) {
        play.clear_record();
        play.next(call, bare_status(500), 2);
        play.next_fails(call, FailureKind::Reset, 3);
        EXPECT_EQ(play.pursue(Phase::Authenticate).ending, Ending::Reached);
        EXPECT_EQ(play.pauses.size(), 5U);
        EXPECT_EQ(play.sent(call), 6);
        play.next(call, bare_status(500), 6);
        const Finished finished = play.pursue(Phase::Authenticate);
        EXPECT_EQ(finished.ending, Ending::Failed);
        EXPECT_EQ(finished.status, 500);
        EXPECT_EQ(finished.phase, Phase::Authenticate);
    }
}

TEST_F(SessionAnswers, RefusalsThatAreOurFaultStop) {
    for (const int status : {400, 403, 404, 415}) {
        play.next(Call::OpenSession, refusal_without_code(status, "agent_id is required"));
        const Finished finished = play.pursue(Phase::Authenticate);
        EXPECT_EQ(finished.ending, Ending::Stopped) << status;
        EXPECT_EQ(finished.status, status);
    }
    play.next(Call::Prove, refusal_without_code(400, "Agent ID mismatch"));
    EXPECT_EQ(play.pursue(Phase::Authenticate).ending, Ending::Stopped);
}

TEST_F(SessionAnswers, GarbageFails) {
    for (const Call call : {Call::OpenSession, Call::Prove}) {
        play.next(call, json_answer(200, "garbage"));
        const Finished finished = play.pursue(Phase::Authenticate);
        EXPECT_EQ(finished.ending, Ending::Failed);
        EXPECT_EQ(finished.status, 200);
    }
}

TEST_F(SessionAnswers, AnswersAboutAnotherSessionOrAgentFailByName) {
    const auto changed = [this](const std::string& text, const std::string& by) {
        return [this, text, by](const HttpRequest& request) {
            HttpResponse answer = play.peer.answer(request);
            const auto at = answer.body.find(text);
            if (at == std::string::npos) throw std::invalid_argument("not in the body: " + text);
            answer.body.replace(at, text.size(), by);
            return answer;
        };
    };
    const std::string other_agent = R"("agent_id":"\n7")", agent = R"("agent_id":")" + kAgent + '"';
    const std::vector<std::tuple<Call, std::string, std::string, std::string>> changes = {
        {Call::OpenSession, agent, other_agent,
         "/data/attributes/agent_id: '\\x0a7', expected '" + kAgent + "'"},
        {Call::Prove, agent, other_agent, "/data/attributes/agent_id: '\\x0a7', expected '" + kAgent + "'"},
        {Call::Prove, R"("id":"b2353260)", R"("id":"c2353260)", "/data/id: 'c2353260-4f7d-47fb-a157-"}};
    for (const auto& [call, text, by, named] : changes) {
        play.next(call, changed(text, by));
        const Finished finished = play.pursue(Phase::Authenticate);
        EXPECT_EQ(finished.ending, Ending::Failed);
        EXPECT_EQ(finished.status, 200);
        EXPECT_THAT(finished.reason, HasSubstr("/v3.0/sessions"));
        EXPECT_THAT(finished.reason, HasSubstr(named));
        EXPECT_FALSE(play.machine.authenticated()) << named;
    }
}

TEST_F(SessionAnswers, AReasonNeverShowsTheToken) {
    play.pursue(Phase::Authenticate);
    const std::string token = play.peer.token;
    play.next(Call::Negotiate, refusal_without_code(400, "your token " + token + " is funny"));
    const Finished finished = play.pursue(Phase::Submit);
    EXPECT_THAT(finished.reason, testing::Not(HasSubstr(token)));
    EXPECT_THAT(finished.reason, HasSubstr("your token"));
}

TEST_F(SessionAnswers, AReasonNeverShowsATokenThatACutHasTakenApart) {
    play.pursue(Phase::Authenticate);
    for (std::size_t before = 270; before < 300; before += 3) {
        const std::string detail = std::string(before, 'x') + play.peer.token;
        play.next(Call::Negotiate, refusal_without_code(400, detail));
        const Finished finished = play.pursue(Phase::Submit);
        EXPECT_THAT(finished.reason, testing::Not(HasSubstr(play.peer.token.substr(0, 8)))) << before;
    }
}

}  // namespace
}  // namespace pushsim::lifecycle
