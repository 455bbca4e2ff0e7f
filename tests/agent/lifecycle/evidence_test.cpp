// What is asked for and what is given, and whether it arrived.

#include <gmock/gmock.h>

#include "play.hpp"

namespace pushsim::lifecycle {
namespace {

using Ending = Finished::Ending;
using testing::HasSubstr;
using transport::FailureKind;

class Evidence : public Lifecycle {
  protected:
    void SetUp() override { play.prepare(); }
};

TEST_F(Evidence, WhatWasNotOfferedIsNotGiven) {
    const std::string location = "/v3.0/agents/" + kAgent + "/attestations/0";
    const std::vector<std::tuple<std::string, std::string, std::string>> changes = {
        {R"("signature_scheme":"rsassa")", R"("signature_scheme":"rsapss")", "rsapss"},
        {R"("selected_subjects":{"sha256":[0,7])", R"("selected_subjects":{"sha256":[])", "no PCR"},
        {R"("hash_algorithm":"sha256","selected_subjects":{"sha256")",
         R"("hash_algorithm":"sha512","selected_subjects":{"sha512")", "sha512"},
        {R"("hash_algorithm":"sha256","selected_subjects":{"sha256":[0,7],"sha1":null})",
         R"("hash_algorithm":"sha1","selected_subjects":{"sha1":[0,7]})",
         "hash algorithm 'sha1', which the attestation key cannot do"},
        {R"("server_identifier":"ak")", R"("server_identifier":"iak")", "certification key"},
        {R"("evidence_type":"tpm_quote")", R"("evidence_type":"ima_log")", "ima_log"},
        {R"("evidence_requested":[{)",
         R"("evidence_requested":[{"evidence_class":"x","evidence_type":"selfie","chosen_parameters":{}},{)",
         "selfie"}};
    for (const auto& [text, by, named] : changes) {
        play.next(Call::Negotiate, play.peer.negotiated(location, text, by));
        const Finished finished = play.pursue(Phase::Submit);
        EXPECT_EQ(finished.ending, Ending::Failed) << named;
        EXPECT_EQ(finished.phase, Phase::Collect) << named;
        EXPECT_THAT(finished.reason, HasSubstr(named));
    }
    EXPECT_EQ(play.sent(Call::Submit), 0);
}

TEST_F(Evidence, PcrValuesThatAreNoDigestsOfTheBankAreNotSent) {
    for (const std::size_t size : {0, 20, 64, 65}) {
        play.peer.pcr_value = Bytes(size, 0);
        const Finished finished = play.pursue(Phase::Submit);
        EXPECT_EQ(finished.ending, Ending::Failed) << size;
        EXPECT_EQ(finished.phase, Phase::Collect);
        EXPECT_THAT(finished.reason, HasSubstr("PCR values"));
    }
    EXPECT_EQ(play.sent(Call::Submit), 0);
}

TEST_F(Evidence, EvidenceWhoseAnswerWasLostIsSentAgainAndItsImmutabilityProvesThatItArrived) {
    for (const auto kind : {FailureKind::Closed, FailureKind::Reset, FailureKind::Timeout}) {
        play.clear_record();
        play.next_answer_is_lost(Call::Submit, kind);
        const Finished finished = play.pursue(Phase::Submit);
        EXPECT_EQ(finished.ending, Ending::Reached);
        EXPECT_EQ(finished.status, 403);
        EXPECT_EQ(finished.code, "evidence_immutable");
        EXPECT_FALSE(finished.next_attestation);
        EXPECT_THAT(finished.reason, HasSubstr("an earlier sending had arrived"));
        EXPECT_EQ(play.sent(Call::Submit), 2);
        EXPECT_EQ(play.requests(Call::Submit)[0].body, play.requests(Call::Submit)[1].body);
        EXPECT_EQ(play.pauses.size(), 1U);
    }
}

TEST_F(Evidence, ImmutableEvidenceThatCannotHaveArrivedIsARefusal) {
    play.next_fails(Call::Submit, FailureKind::ConnectRefused);
    play.next(Call::Submit, refusal(403, "evidence_immutable"));
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Refused);
    play.next_answer_is_lost(Call::Submit);
    play.next(Call::Submit, refusal(409, "conflict"));
    play.next(Call::Submit, refusal(403, "evidence_immutable"));
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Refused)
        << "a new negotiation has evidence of its own";
}

}  // namespace
}  // namespace pushsim::lifecycle
