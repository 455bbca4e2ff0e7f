// What is asked for and what is given, and whether it arrived.

#include <gmock/gmock.h>

#include "agent/boot/boot_state.hpp"
#include "play.hpp"

namespace pushsim::lifecycle {
namespace {

using Ending = Finished::Ending;
using testing::HasSubstr;
using testing::Not;
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

/// The answer to a negotiation that asks for the quote and, with these parameters, the IMA log.
auto ima_log_wanted(Play& play, const std::string& parameters) {
    return [&play, parameters](const HttpRequest& request) {
        play.peer.answer(request);
        return play.peer.negotiated(
            "/v3.0/agents/" + kAgent + "/attestations/0", R"("server_identifier":"ak"}}})",
            R"("server_identifier":"ak"}}},{"evidence_class":"log","evidence_type":"ima_log",)"
            R"("chosen_parameters":{)" +
                parameters + "}}");
    };
}

TEST(EvidenceOfIma, TheLogIsOfferedByItsCountAndGivenFromTheOffsetOn) {
    boot::BootState machine{WallTime{}};
    Play play{4711, {.agent_id = kAgent, .boot_time = {}, .measured = &machine}};
    play.prepare();
    play.next(Call::Negotiate, ima_log_wanted(play, R"("starting_offset":0)"));
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Failed) << "IMA was not started";
    EXPECT_THAT(play.requests(Call::Negotiate)[0].body, Not(HasSubstr("ima_log")));

    machine.start_ima();
    machine.measure_file({"/usr/bin/true", Bytes(32, 1)});
    const std::string whole = machine.ima_log().text();
    const std::string second = machine.ima_log().text(1);
    const auto in_json = [](std::string lines) {
        for (auto at = lines.find('\n'); at != std::string::npos; at = lines.find('\n', at))
            lines.replace(at, 1, "\\n");
        return lines;
    };
    const std::vector<std::tuple<std::string, std::string, int>> wanted{
        {R"("starting_offset":0,"format":"text/plain")", whole, 2},
        {R"("starting_offset":1)", second, 1},
        {R"("starting_offset":0,"entry_count":1)", machine.ima_log().text(0, 1), 1},
        {R"("starting_offset":2)", "", 0}};
    for (const auto& [parameters, entries, count] : wanted) {
        play.clear_record();
        play.next(Call::Negotiate, ima_log_wanted(play, parameters));
        const Finished finished = play.pursue(Phase::Submit);
        EXPECT_EQ(finished.ending, Ending::Reached) << finished.reason;
        EXPECT_THAT(play.requests(Call::Negotiate).at(0).body,
                    HasSubstr(R"("evidence_type":"ima_log","capabilities":{"entry_count":2)"));
        EXPECT_THAT(play.requests(Call::Submit).at(0).body,
                    HasSubstr(R"("evidence_type":"ima_log","data":{"entries":")" + in_json(entries) +
                              R"(","entry_count":)" + std::to_string(count) + "}}"));
    }
}

TEST(EvidenceOfIma, WhatIsMeasuredBetweenQuoteAndLogIsGiven) {
    boot::BootState machine{WallTime{}};
    machine.start_ima();
    Play play{4711, {.agent_id = kAgent, .boot_time = {}, .measured = &machine}};
    play.prepare();
    play.next(Call::Negotiate, [&](const HttpRequest& request) {
        machine.measure_file({"/usr/bin/true", Bytes(32, 1)});
        return ima_log_wanted(play, R"("starting_offset":0)")(request);
    });
    EXPECT_EQ(play.pursue(Phase::Submit).ending, Ending::Reached);
    EXPECT_THAT(play.requests(Call::Negotiate)[0].body, HasSubstr(R"("entry_count":1)"));
    EXPECT_THAT(play.requests(Call::Submit)[0].body, HasSubstr(R"("entry_count":2)"));
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
