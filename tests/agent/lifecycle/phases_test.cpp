#include <set>

#include <gmock/gmock.h>

#include "play.hpp"

namespace pushsim::lifecycle {
namespace {

using Ending = Finished::Ending;
using std::chrono::seconds;
using testing::HasSubstr;

std::string header_of(const HttpRequest& request, std::string_view name) {
    return std::string(request.header(name).value_or(""));
}

TEST_F(Lifecycle, AnAgentThatKnowsNothingReachesItsFirstAttestation) {
    const Finished finished = play.pursue(Phase::Submit);
    EXPECT_EQ(finished.ending, Ending::Reached);
    EXPECT_EQ(finished.phase, Phase::Submit);
    EXPECT_EQ(finished.status, 202);
    EXPECT_EQ(finished.attestation_index, 0);
    EXPECT_EQ(finished.next_attestation, seconds{2});
    EXPECT_TRUE(play.machine.registered());
    EXPECT_TRUE(play.machine.authenticated());
    EXPECT_TRUE(play.peer.active);
    EXPECT_TRUE(play.pauses.empty());

    std::vector<Call> calls;
    for (const auto& sent : play.sent_requests)
        calls.push_back(call_in(sent.request));
    EXPECT_THAT(calls, testing::ElementsAre(Call::AskVersion, Call::Register, Call::Activate,
                                            Call::OpenSession, Call::Prove, Call::Negotiate, Call::Submit));
}

TEST_F(Lifecycle, TheSecondCycleNegotiatesWithTheSameToken) {
    play.pursue(Phase::Submit);
    play.clear_record();
    const Finished finished = play.pursue(Phase::Submit);
    EXPECT_EQ(finished.ending, Ending::Reached);
    EXPECT_EQ(finished.attestation_index, 1);
    EXPECT_EQ(play.machine.attestation_index(), 1);
    EXPECT_EQ(play.sent_requests.size(), 2U);
    EXPECT_EQ(play.sent(Call::Negotiate), 1);
    EXPECT_EQ(play.sent(Call::Submit), 1);
    EXPECT_FALSE(play.pursue(Phase::Authenticate).attestation_index) << "it negotiated nothing";
}

TEST_F(Lifecycle, EachGoalEndsWithItsPhase) {
    const std::vector<std::pair<Phase, std::optional<int>>> goals = {
        {Phase::Register, 200},  {Phase::Activate, 200}, {Phase::Authenticate, 200},
        {Phase::Negotiate, 201}, {Phase::Collect, {}},   {Phase::Submit, 202}};
    for (const auto& [goal, status] : goals) {
        const Finished finished = play.pursue(goal);
        EXPECT_EQ(finished.ending, Ending::Reached) << to_string(goal);
        EXPECT_EQ(finished.phase, goal);
        EXPECT_EQ(finished.status, status) << to_string(goal);
        EXPECT_FALSE(finished.reason.empty());
    }
    EXPECT_EQ(play.sent(Call::Register), 1);
    EXPECT_EQ(play.sent(Call::OpenSession), 1);
    EXPECT_EQ(play.sent(Call::Negotiate), 3) << "every goal from negotiate on begins a cycle of its own";
}

TEST_F(Lifecycle, RegisteringAgainTakesTheActivationBackUntilTheNextOne) {
    play.prepare();
    play.pursue(Phase::Register);
    EXPECT_FALSE(play.machine.registered());
    play.pursue(Phase::Activate);
    EXPECT_TRUE(play.machine.registered());
    EXPECT_EQ(play.sent(Call::Register), 1);
    EXPECT_EQ(play.sent(Call::Activate), 1);
}

TEST_F(Lifecycle, TheTpmAnswersTheChallengesItWasGiven) {
    play.pursue(Phase::Submit);
    ASSERT_EQ(play.tpm_uses.size(), 5U);
    EXPECT_EQ(std::get<ActivateCredential>(play.tpm_uses[1].operation).id_object, Bytes(68, 1));
    EXPECT_EQ(std::get<ActivateCredential>(play.tpm_uses[1].operation).encrypted_secret, Bytes(256, 2));
    EXPECT_EQ(std::get<CertifyAk>(play.tpm_uses[2].operation).challenge,
              *from_base64("hHTVTWBxqtWGBq6FS3xetg=="));
    const auto& quote = std::get<QuotePcrs>(play.tpm_uses[4].operation);
    EXPECT_EQ(quote.challenge, *from_base64("hVf5xf2bVbURTI9jhTXJPw=="));
    EXPECT_EQ(quote.bank, tpm::HashAlgorithm::Sha256);
    EXPECT_THAT(quote.pcrs, testing::ElementsAre(0, 7));
    EXPECT_THAT(play.requests(Call::Prove)[0].body, HasSubstr("hHTVTWBxqtWGBq6FS3xetg=="));
    EXPECT_THAT(play.requests(Call::Submit)[0].body, HasSubstr("hVf5xf2bVbURTI9jhTXJPw=="));
}

TEST_F(Lifecycle, EveryRequestHasARequestIdOfItsOwnSessionCallsToo) {
    play.next(Call::Negotiate, bare_status(500), 2);
    play.pursue(Phase::Submit);
    std::set<std::string> ids;
    for (const auto& sent : play.sent_requests)
        ids.insert(header_of(sent.request, "x-request-id"));
    EXPECT_EQ(ids.size(), 9U);
    for (const auto& id : ids)
        EXPECT_EQ(id.size(), 12U);
}

TEST_F(Lifecycle, TheTokenGoesWithAttestationsOnly) {
    play.pursue(Phase::Submit);
    for (const auto& sent : play.sent_requests) {
        const bool needs_it = call_in(sent.request) >= Call::Negotiate;
        EXPECT_EQ(header_of(sent.request, "authorization"), needs_it ? "Bearer " + play.peer.token : "");
        EXPECT_EQ(sent.peer, call_in(sent.request) <= Call::Activate ? Peer::Registrar : Peer::Verifier);
    }
}

TEST_F(Lifecycle, TheRegistrarsOlderVersionIsSpoken) {
    play.next(
        Call::AskVersion,
        json_answer(
            200,
            R"({"code":200,"status":"Success","results":{"current_version":"2.3","supported_versions":["2.3"]}})"));
    EXPECT_EQ(play.pursue(Phase::Activate).ending, Ending::Reached);
    EXPECT_EQ(play.requests(Call::Register)[0].target, "/v2.3/agents/" + kAgent);
    EXPECT_EQ(play.requests(Call::Activate)[0].target, "/v2.3/agents/" + kAgent);
}

TEST_F(Lifecycle, ARegistrarWithoutAVersionListIsSpokenToInTheNewest) {
    play.next(Call::AskVersion, bare_status(410));
    EXPECT_EQ(play.pursue(Phase::Activate).ending, Ending::Reached);
    EXPECT_EQ(play.requests(Call::Register)[0].target, "/v2.6/agents/" + kAgent);
}

TEST_F(Lifecycle, ARegistrarThatSpeaksNoneOfOurVersionsStopsUs) {
    play.next(
        Call::AskVersion,
        json_answer(
            200,
            R"({"code":200,"status":"Success","results":{"current_version":"9.0","supported_versions":["9.0"]}})"));
    const Finished finished = play.pursue(Phase::Submit);
    EXPECT_EQ(finished.ending, Ending::Stopped);
    EXPECT_THAT(finished.reason, HasSubstr("9.0"));
}

TEST_F(Lifecycle, EvidenceGoesToTheLocationThatWasGiven) {
    play.prepare();
    const std::string path = "/v3/agents/" + kAgent + "/attestations/41";
    play.next(Call::Negotiate, play.peer.negotiated("https://127.0.0.1:41811" + path));
    const Finished finished = play.pursue(Phase::Submit);
    EXPECT_EQ(play.requests(Call::Submit)[0].target, path);
    EXPECT_EQ(play.sent_requests.back().peer, Peer::Verifier);
    EXPECT_EQ(finished.attestation_index, 41);
}

TEST_F(Lifecycle, ATokenAboutToExpireIsRenewedBeforeItDoes) {
    play.prepare();
    play.clock.advance(seconds{173});
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
    EXPECT_EQ(play.sent(Call::OpenSession), 0) << "seven seconds are left";
    play.clear_record();
    play.clock.advance(seconds{2});
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
    EXPECT_EQ(play.sent(Call::OpenSession), 1) << "less than five seconds are left";
    EXPECT_EQ(play.sent(Call::Negotiate), 1);
}

TEST_F(Lifecycle, ATokenThatRunsOutDuringARetryIsRenewedBeforeTheNextSending) {
    play.prepare();
    play.next(Call::Submit, bare_status(503, {{"Retry-After", "600"}}));
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
    EXPECT_EQ(play.sent(Call::OpenSession), 1);
    EXPECT_EQ(play.sent(Call::Submit), 2);
    EXPECT_EQ(header_of(play.requests(Call::Submit)[1], "authorization"), "Bearer " + play.peer.token);
}

TEST_F(Lifecycle, ATokenShorterThanTwiceTheMarginIsUsedForHalfItsLife) {
    play.peer.session_lifetime = seconds{4};
    play.prepare();
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
    EXPECT_EQ(play.sent(Call::OpenSession), 0);
    play.clock.advance(seconds{2});
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
    EXPECT_EQ(play.sent(Call::OpenSession), 1);
}

TEST_F(Lifecycle, ATokenThatHasEndedByOurClockWhenItComesIsUsedUntilItIsRefused) {
    play.peer.session_lifetime = seconds{-3600};
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
    EXPECT_EQ(play.sent(Call::OpenSession), 1);
    EXPECT_FALSE(play.machine.authenticated());
}

TEST_F(Lifecycle, ARestartForgetsAllButTheTpm) {
    play.pursue(Phase::Submit);
    play.machine.restart({});
    EXPECT_FALSE(play.machine.registered());
    EXPECT_FALSE(play.machine.authenticated());
    EXPECT_FALSE(play.machine.attestation_index());
    play.clear_record();
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
    EXPECT_EQ(play.sent(Call::Register), 1) << "as the Rust agent does at every start";
    EXPECT_EQ(play.sent(Call::OpenSession), 1);
}

TEST_F(Lifecycle, ARestartInMidRequestLetsANewGoalBegin) {
    play.machine.begin(Phase::Submit);
    EXPECT_THROW(play.machine.begin(Phase::Submit), std::logic_error);
    EXPECT_THROW(play.machine.on_pause_over(), std::logic_error);
    play.machine.restart({});
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
}

TEST_F(Lifecycle, ATpmThatFailsEndsTheCycleWithItsError) {
    play.prepare();
    play.tpm_fails_next({ErrorKind::Tpm, "TPM2_PCR_Read: TPM_RC_FAILURE"});
    const Finished finished = play.pursue(Phase::Submit);
    EXPECT_EQ(finished.ending, Ending::Failed);
    EXPECT_EQ(finished.phase, Phase::Negotiate);
    EXPECT_THAT(finished.reason, HasSubstr("TPM_RC_FAILURE"));
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
}

TEST_F(Lifecycle, ACredentialForAnotherTpmIsNotTriedTwice) {
    play.pursue(Phase::Register);
    play.tpm_fails_next({ErrorKind::Tpm, "TPM2_ActivateCredential: TPM_RC_INTEGRITY"});
    EXPECT_EQ(play.pursue(Phase::Activate).ending, Ending::Failed);
    EXPECT_EQ(play.pursue(Phase::Activate).ending, Ending::Reached);
    EXPECT_EQ(play.sent(Call::Register), 2);
}

TEST(Determinism, TheSameSeedGivesTheSameWants) {
    const auto played = [](std::uint64_t seed) {
        Play play{seed};
        play.next(Call::Register, bare_status(500), 2);
        play.next(Call::OpenSession, bare_status(429));
        play.next_fails(Call::Submit, transport::FailureKind::ConnectRefused, 3);
        play.pursue(Phase::Submit);
        std::string text = play.transcript();
        for (const auto& sent : play.sent_requests)
            text += header_of(sent.request, "x-request-id") + " ";
        return text;
    };
    EXPECT_EQ(played(1), played(1));
    EXPECT_NE(played(1), played(2));
}

}  // namespace
}  // namespace pushsim::lifecycle
