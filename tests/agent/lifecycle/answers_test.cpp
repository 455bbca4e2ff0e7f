// The table of `habits: correct`, row by row, on the calls of a cycle.

#include <algorithm>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "play.hpp"

namespace pushsim::lifecycle {
namespace {

using Ending = Finished::Ending;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::MatchesRegex;
using transport::FailureKind;

const std::vector<Call> kCycle = {Call::Negotiate, Call::Submit};

class Answers : public Lifecycle {
  protected:
    void SetUp() override { play.prepare(); }
};

/// Each call of a cycle, one after the other in fresh plays.
void on_each_call_of_a_cycle(const std::function<void(Play&, Call)>& test) {
    for (const Call call : kCycle) {
        Play play;
        play.prepare();
        test(play, call);
        if (testing::Test::HasFailure()) {
            ADD_FAILURE() << "transcript:\n" << play.transcript();
            return;
        }
    }
}

TEST(Answer401, DropsTheTokenAuthenticatesOnceAtOnceAndSendsAgain) {
    on_each_call_of_a_cycle([](Play& play, Call call) {
        play.next(call, refusal_without_code(401, "Invalid authentication token"));
        EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
        EXPECT_EQ(play.sent(Call::OpenSession), 1);
        EXPECT_EQ(play.sent(call), 2);
        EXPECT_EQ(play.sent(Call::Negotiate), call == Call::Negotiate ? 2 : 1) << "it stays within its phase";
        EXPECT_TRUE(play.pauses.empty());
        EXPECT_NE(play.requests(call)[0].headers, play.requests(call)[1].headers);
    });
}

TEST(Answer401, ASecondOneIsMetWithBackOff) {
    on_each_call_of_a_cycle([](Play& play, Call call) {
        play.next(call, refusal_without_code(401, "Invalid authentication token"), 3);
        EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
        EXPECT_EQ(play.sent(Call::OpenSession), 3);
        ASSERT_EQ(play.pauses.size(), 2U);
        EXPECT_EQ(play.pauses[0].reason, "back-off 1 after 401");
        EXPECT_EQ(play.pauses[1].reason, "back-off 2 after 401");
    });
}

TEST(Answer401, ForEverEndsAfterAllRetriesWithoutAToken) {
    on_each_call_of_a_cycle([](Play& play, Call call) {
        play.next(call, refusal_without_code(401, "Invalid authentication token"), 100);
        const Finished finished = play.pursue(Phase::Submit);
        EXPECT_EQ(finished.ending, Ending::Failed);
        EXPECT_EQ(finished.status, 401);
        EXPECT_THAT(finished.reason, HasSubstr("given up after 5 retries"));
        EXPECT_EQ(play.sent(Call::OpenSession), 6);
        EXPECT_FALSE(play.machine.authenticated());
    });
}

TEST(Answer403, WithACodeKeepsTheTokenAndEndsTheCycleAsRefused) {
    on_each_call_of_a_cycle([](Play& play, Call call) {
        play.next(call, refusal(403, "challenges_expired"));
        const Finished finished = play.pursue(Phase::Submit);
        EXPECT_EQ(finished.ending, Ending::Refused);
        EXPECT_EQ(finished.status, 403);
        EXPECT_EQ(finished.code, "challenges_expired");
        EXPECT_EQ(finished.phase, call == Call::Submit ? Phase::Submit : Phase::Negotiate);
        EXPECT_EQ(finished.attestation_index.has_value(), call == Call::Submit);
        EXPECT_TRUE(play.machine.authenticated());
        EXPECT_EQ(play.sent(Call::OpenSession), 0);
        EXPECT_EQ(play.sent(call), 1);
    });
}

TEST_F(Answers, TheCycleAfterARefusalNegotiatesAnewWithBackOff) {
    play.next(Call::Submit, refusal(403, "challenges_expired"), 2);
    play.pursue(Phase::Submit);
    EXPECT_TRUE(play.pauses.empty());
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Refused);
    ASSERT_EQ(play.pauses.size(), 1U);
    EXPECT_EQ(play.pauses[0].reason, "back-off 1 after 403 challenges_expired");
    EXPECT_EQ(play.pauses[0].phase, Phase::Negotiate);
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
    ASSERT_EQ(play.pauses.size(), 2U);
    EXPECT_EQ(play.pauses[1].reason, "back-off 2 after 403 challenges_expired");
    EXPECT_GE(play.pauses[1].duration, seconds{1});
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
    EXPECT_EQ(play.pauses.size(), 2U) << "success ends the back-off";
}

TEST_F(Answers, TheBackOffAfterARefusalCountsFromTheRefusal) {
    play.next(Call::Submit, refusal(403, "challenges_expired"));
    play.pursue(Phase::Submit);
    play.clock.advance(seconds{2});
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
    EXPECT_TRUE(play.pauses.empty());
}

TEST(Answer403, WithoutACodeAuthenticatesOnce) {
    on_each_call_of_a_cycle([](Play& play, Call call) {
        play.next(call, refusal_without_code(403, "ownership required"));
        EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
        EXPECT_EQ(play.sent(Call::OpenSession), 1);
        EXPECT_EQ(play.sent(call), 2);
        EXPECT_TRUE(play.pauses.empty());
    });
}

TEST(Answer403, WithoutACodeTwiceStopsAndSaysSo) {
    on_each_call_of_a_cycle([](Play& play, Call call) {
        play.next(call, refusal_without_code(403, "ownership required"), 2);
        const Finished finished = play.pursue(Phase::Submit);
        EXPECT_EQ(finished.ending, Ending::Stopped);
        EXPECT_EQ(finished.status, 403);
        EXPECT_FALSE(finished.code);
        EXPECT_THAT(finished.reason, HasSubstr("ownership required"));
        EXPECT_EQ(play.sent(Call::OpenSession), 1);
        EXPECT_EQ(play.sent(call), 2);
    });
}

TEST(Answer404, StopsAndSaysNotEnrolledOrDeleted) {
    on_each_call_of_a_cycle([](Play& play, Call call) {
        play.next(call, refusal(404, "not_found"));
        const Finished finished = play.pursue(Phase::Submit);
        EXPECT_EQ(finished.ending, Ending::Stopped);
        EXPECT_EQ(finished.status, 404);
        EXPECT_THAT(finished.reason, HasSubstr("not enrolled at the verifier, or was deleted"));
        EXPECT_EQ(play.sent(call), 1);
        EXPECT_TRUE(play.machine.authenticated());
    });
}

TEST(Answer404, WithoutABodyIsOfAVerifierInPullMode) {
    on_each_call_of_a_cycle([](Play& play, Call call) {
        play.next(call, bare_status(404));
        const Finished finished = play.pursue(Phase::Submit);
        EXPECT_EQ(finished.ending, Ending::Stopped);
        EXPECT_THAT(finished.reason, HasSubstr("no attestations, as in pull mode"));
        EXPECT_EQ(play.sent(call), 1);
    });
}

TEST(Answer409, NegotiatesAnewAtOnceOnce) {
    on_each_call_of_a_cycle([](Play& play, Call call) {
        play.next(call, refusal(409, "conflict"));
        EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
        EXPECT_EQ(play.sent(Call::Negotiate), 2);
        EXPECT_TRUE(play.pauses.empty());
    });
    on_each_call_of_a_cycle([](Play& play, Call call) {
        play.next(call, refusal(409, "conflict"), 2);
        const Finished finished = play.pursue(Phase::Submit);
        EXPECT_EQ(finished.ending, Ending::Refused);
        EXPECT_EQ(finished.code, "conflict");
        EXPECT_EQ(play.sent(Call::Negotiate), 2);
    });
}

TEST_F(Answers, ANewNegotiationIsSentForTheFirstTime) {
    play.next(Call::Negotiate, bare_status(500));
    play.next(Call::Submit, bare_status(500));
    play.next(Call::Submit, refusal(409, "conflict"));
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
    std::vector<std::pair<Call, int>> sent;
    for (const auto& request : play.sent_requests)
        sent.emplace_back(call_in(request.request), request.attempt);
    EXPECT_THAT(sent, testing::ElementsAre(std::pair{Call::Negotiate, 1}, std::pair{Call::Negotiate, 2},
                                           std::pair{Call::Submit, 1}, std::pair{Call::Submit, 2},
                                           std::pair{Call::Negotiate, 1}, std::pair{Call::Submit, 1}));
}

TEST_F(Answers, ANegotiationThatAsksForNoEvidenceIsAnsweredWithNoneOnceAndThenStops) {
    play.peer.asks_for_evidence = false;
    const Finished finished = play.pursue(Phase::Submit);
    EXPECT_EQ(finished.ending, Ending::Stopped);
    EXPECT_EQ(finished.status, 403);
    EXPECT_THAT(finished.reason, HasSubstr("no policy names a PCR"));
    EXPECT_EQ(play.sent(Call::Submit), 1);
    EXPECT_THAT(play.requests(Call::Submit)[0].body, HasSubstr(R"("evidence_collected":[])"));
    for (const auto& use : play.tpm_uses)
        EXPECT_FALSE(std::holds_alternative<QuotePcrs>(use.operation));
}

TEST_F(Answers, EmptyEvidenceIsSentOnceAlsoWhenItIsLostOrPutOff) {
    play.peer.asks_for_evidence = false;
    play.next_fails(Call::Submit, FailureKind::Timeout);
    const Finished lost = play.pursue(Phase::Submit);
    EXPECT_EQ(lost.ending, Ending::Stopped);
    EXPECT_THAT(lost.reason, HasSubstr("no policy names a PCR"));
    play.next(Call::Submit, bare_status(503, {{"Retry-After", "1"}}));
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Stopped);
    EXPECT_EQ(play.sent(Call::Submit), 2);
}

TEST(Answer422, Or400StopsAndShowsWhatTheVerifierSays) {
    for (const int status : {400, 422, 405, 415}) {
        on_each_call_of_a_cycle([status](Play& play, Call call) {
            play.next(call, refusal(status, "invalid_resource_data"));
            const Finished finished = play.pursue(Phase::Submit);
            EXPECT_EQ(finished.ending, Ending::Stopped);
            EXPECT_EQ(finished.status, status);
            EXPECT_THAT(finished.reason, HasSubstr("because of invalid_resource_data"));
            EXPECT_EQ(play.sent(call), 1);
        });
    }
}

TEST(Answer429, OrA503WithRetryAfterIsWaitedForExactly) {
    for (const int status : {429, 503}) {
        on_each_call_of_a_cycle([status](Play& play, Call call) {
            play.next(call, refusal(status, "premature_attestation", {{"Retry-After", "7"}}), 2);
            EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
            ASSERT_EQ(play.pauses.size(), 2U);
            for (const auto& pause : play.pauses) {
                EXPECT_EQ(pause.duration, seconds{7});
                EXPECT_THAT(pause.reason, MatchesRegex("(GET|POST|PATCH|PUT) /.*: " + std::to_string(status) +
                                                       ", Retry-After: 7"));
            }
            EXPECT_EQ(play.sent(call), 3);
            EXPECT_EQ(play.sent_requests.back().attempt, call == Call::Submit ? 3 : 1);
        });
    }
}

TEST_F(Answers, ARetryAfterThatIsADateIsWaitedFor) {
    // The simulated clock starts at 2023-11-14 22:13:20.
    play.next(Call::Negotiate, bare_status(503, {{"Retry-After", "Tue, 14 Nov 2023 22:14:00 GMT"}}));
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
    ASSERT_EQ(play.pauses.size(), 1U);
    EXPECT_GT(play.pauses[0].duration, seconds{39});
    EXPECT_LE(play.pauses[0].duration, seconds{40});
}

TEST_F(Answers, ARetryAfterBeyondAnHourStops) {
    play.next(Call::Negotiate, refusal(429, "premature_attestation", {{"Retry-After", "3601"}}));
    const Finished finished = play.pursue(Phase::Submit);
    EXPECT_EQ(finished.ending, Ending::Stopped);
    EXPECT_THAT(finished.reason, HasSubstr("1h that we wait"));
    EXPECT_TRUE(play.pauses.empty());
    play.next(Call::Negotiate, refusal(429, "premature_attestation", {{"Retry-After", "3600"}}));
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
}

TEST_F(Answers, ARetryAfterForEverEndsAfterAllRetries) {
    play.next(Call::Negotiate, refusal(429, "premature_attestation", {{"Retry-After", "2"}}), 100);
    const Finished finished = play.pursue(Phase::Submit);
    EXPECT_EQ(finished.ending, Ending::Failed);
    EXPECT_EQ(finished.status, 429);
    EXPECT_EQ(play.sent(Call::Negotiate), 6);
    EXPECT_EQ(play.paused(), seconds{10});
}

TEST(Answer5xx, A429WithoutRetryAfterAndLostAnswersAreMetWithExponentialBackOffAndJitter) {
    for (const int status : {408, 429, 500, 502, 503}) {
        on_each_call_of_a_cycle([status](Play& play, Call call) {
            play.next(call, bare_status(status), 4);
            EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
            ASSERT_EQ(play.pauses.size(), 4U);
            for (int n = 0; n < 4; ++n) {
                const Duration full = seconds{1 << n};
                const auto& pause = play.pauses[static_cast<std::size_t>(n)];
                EXPECT_GE(pause.duration, full / 2);
                EXPECT_LE(pause.duration, full);
                EXPECT_EQ(pause.reason,
                          "back-off " + std::to_string(n + 1) + " after " + std::to_string(status));
            }
        });
    }
    for (const auto kind : {FailureKind::ConnectRefused, FailureKind::ConnectFailed, FailureKind::Tls,
                            FailureKind::Timeout, FailureKind::Closed, FailureKind::Reset}) {
        on_each_call_of_a_cycle([kind](Play& play, Call call) {
            play.next_fails(call, kind, 5);
            EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
            EXPECT_EQ(play.pauses.size(), 5U);
            EXPECT_EQ(play.sent(call), 6);
        });
    }
}

TEST(Answer5xx, ForEverEndsAfterAllRetries) {
    on_each_call_of_a_cycle([](Play& play, Call call) {
        play.next_fails(call, FailureKind::ConnectRefused, 100);
        const Finished finished = play.pursue(Phase::Submit);
        EXPECT_EQ(finished.ending, Ending::Failed);
        EXPECT_FALSE(finished.status);
        EXPECT_THAT(finished.reason, HasSubstr("connection refused"));
        EXPECT_EQ(play.sent(call), 6);
    });
}

TEST(Answers3xx, AndOtherStatusesThatTheProtocolDoesNotKnowFail) {
    for (const int status : {200, 204, 301, 307}) {
        on_each_call_of_a_cycle([status](Play& play, Call call) {
            play.next(call, bare_status(status));
            const Finished finished = play.pursue(Phase::Submit);
            EXPECT_EQ(finished.ending, Ending::Failed);
            EXPECT_EQ(finished.status, status);
            EXPECT_EQ(play.sent(call), 1);
        });
    }
}

TEST_F(Answers, ABadCertificateIsNotAskedAgain) {
    play.next_fails(Call::Negotiate, FailureKind::Certificate);
    const Finished finished = play.pursue(Phase::Submit);
    EXPECT_EQ(finished.ending, Ending::Failed);
    EXPECT_THAT(finished.reason, HasSubstr("certificate does not verify"));
    EXPECT_TRUE(play.pauses.empty());
}

TEST_F(Answers, MalformedAnswersFailAndNameTheMember) {
    play.next(Call::Negotiate, json_answer(201, "{}", {{"Location", "/v3.0/agents/x/attestations/0"}}));
    Finished finished = play.pursue(Phase::Submit);
    EXPECT_EQ(finished.ending, Ending::Failed);
    EXPECT_EQ(finished.status, 201);
    EXPECT_THAT(finished.reason, HasSubstr("/data"));
    play.next(Call::Submit, json_answer(202, "garbage"));
    finished = play.pursue(Phase::Submit);
    EXPECT_EQ(finished.ending, Ending::Failed);
    EXPECT_EQ(finished.phase, Phase::Submit);
    EXPECT_EQ(finished.status, 202);
}

TEST_F(Answers, WordsOfAServerAreShownInPartAndEscaped) {
    const std::string word = R"(\r\n\u001b[2J)" + std::string(1 << 18, 'x');
    const std::string body = fmt::format(R"({{"errors":[{{"code":"{}","detail":"{}"}}]}})", word, word);
    const auto is_fit_for_a_terminal = [](const std::string& text) {
        return text.size() < 700 && std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
    };
    play.next(Call::Negotiate, json_answer(503, body));
    play.next(Call::Negotiate, json_answer(400, body));
    Finished finished = play.pursue(Phase::Submit);
    ASSERT_EQ(play.pauses.size(), 1U);
    EXPECT_THAT(play.pauses[0].reason, testing::StartsWith("back-off 1 after 503 \\x0d\\x0a\\x1b[2Jxxx"));
    EXPECT_LT(play.pauses[0].reason.size(), 140U);
    EXPECT_THAT(finished.reason, testing::StartsWith("POST /v3.0/agents/" + kAgent + "/attestations: 400 "));
    EXPECT_TRUE(is_fit_for_a_terminal(finished.reason)) << finished.reason;
    EXPECT_TRUE(is_fit_for_a_terminal(finished.code.value())) << *finished.code;

    const std::string location = "/v3.0/agents/" + kAgent + "/attestations/0";
    for (const char* kind : {R"("evidence_type":"tpm_quote")", R"("signature_scheme":"rsassa")"}) {
        const std::string member{kind};
        const std::string hostile = member.substr(0, member.find(':')) + ":\"" + word + "\"";
        play.next(Call::Negotiate, play.peer.negotiated(location, member, hostile));
        finished = play.pursue(Phase::Submit);
        EXPECT_THAT(finished.reason, HasSubstr("'\\x0d\\x0a\\x1b[2Jxxx"));
        EXPECT_TRUE(is_fit_for_a_terminal(finished.reason)) << finished.reason;
    }
}

TEST_F(Answers, A202WithoutAUsableIntervalIsReachedWithoutOne) {
    play.peer.seconds_to_next = "\"soon\"";
    const Finished finished = play.pursue(Phase::Submit);
    EXPECT_EQ(finished.ending, Ending::Reached);
    EXPECT_FALSE(finished.next_attestation);
}

}  // namespace
}  // namespace pushsim::lifecycle
