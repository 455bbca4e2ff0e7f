// The parsers of the v3 API (sessions, attestations) read what was recorded.

#include <gmock/gmock.h>

#include "agent/protocol/protocol.hpp"
#include "tests/agent/protocol/recording.hpp"

namespace pushsim::protocol {
namespace {

using ::testing::ElementsAre;
using testing::expect_value;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::json_answer;
using testing::recording;

const std::string kAgent = "a1000000-0000-4000-8000-000000000001";

nlohmann::json body_of(const testing::Recording& recorded) {
    return nlohmann::json::parse(recorded.response.body);
}

WallTime time_at(const nlohmann::json& text) {
    return from_rfc3339(text.get<std::string>()).value();
}

TEST(Answers, SessionGivesChallengeAndTimes) {
    const auto recorded = recording("session-create");
    const auto attributes = body_of(recorded)["/data/attributes"_json_pointer];
    const auto session = expect_value(parse_session(recorded.response));
    EXPECT_EQ(session.session_id, body_of(recorded)["/data/id"_json_pointer]);
    EXPECT_EQ(session.agent_id, kAgent);
    EXPECT_EQ(session.challenge.size(), 16U);
    EXPECT_EQ(to_base64(session.challenge),
              attributes["/authentication_requested/0/chosen_parameters/challenge"_json_pointer]);
    EXPECT_EQ(session.created_at, time_at(attributes.at("created_at")));
    EXPECT_EQ(session.challenges_expire_at - session.created_at, std::chrono::seconds{3});
}

TEST(Answers, SessionCreatedWith201IsTakenToo) {
    auto answer = recording("session-create").response;
    answer.status = 201;
    EXPECT_TRUE(parse_session(answer));
}

TEST(Answers, ProofThatHoldsGivesToken) {
    const auto recorded = recording("session-proof-pass");
    const auto attributes = body_of(recorded)["/data/attributes"_json_pointer];
    const auto verdict = expect_value(parse_proof(recorded.response));
    EXPECT_TRUE(verdict.passed);
    EXPECT_EQ(verdict.token, attributes.at("token"));
    EXPECT_EQ(verdict.agent_id, kAgent);
    EXPECT_TRUE(verdict.token.starts_with(verdict.session_id + "."));
    EXPECT_EQ(verdict.token_expires_at, time_at(attributes.at("token_expires_at")));
    EXPECT_EQ(verdict.response_received_at, time_at(attributes.at("response_received_at")));
}

TEST(Answers, VerdictsAreOfTheSessionAndAgentThatTheProofWasFor) {
    for (const char* name : {"session-proof-pass", "session-proof-not-enrolled", "session-proof-expired",
                             "session-proof-fail-401"}) {
        const auto recorded = recording(name);
        const auto verdict = expect_value(parse_proof(recorded.response));
        EXPECT_EQ(verdict.session_id, recorded.sent()["/data/id"_json_pointer]) << name;
        EXPECT_EQ(verdict.agent_id, recorded.sent()["/data/attributes/agent_id"_json_pointer]) << name;
    }
}

TEST(Answers, ProofThatFailsIsAVerdictWhateverItsStatus) {
    for (const char* name :
         {"session-proof-not-enrolled", "session-proof-expired", "session-proof-fail-401"}) {
        const auto verdict = expect_value(parse_proof(recording(name).response));
        EXPECT_FALSE(verdict.passed) << name;
        EXPECT_THAT(verdict.token, IsEmpty()) << name;
        EXPECT_FALSE(verdict.token_expires_at) << name;
    }
}

TEST(Answers, ProofAnsweredWithAPlain401IsARefusal) {
    auto answer = json_answer(401, R"({"errors":[{"status":"401","title":"Unauthorized","detail":"no"}]})");
    auto verdict = parse_proof(answer, "PATCH /x");
    ASSERT_FALSE(verdict);
    EXPECT_EQ(verdict.error().kind, ErrorKind::Protocol);
    EXPECT_EQ(verdict.error().message, "PATCH /x: answered 401 no, expected 200");
    answer.body = "<html>";
    EXPECT_EQ(parse_proof(answer).error().kind, ErrorKind::Protocol);
}

TEST(Answers, NegotiationGivesTheQuoteRequest) {
    const auto recorded = recording("attestation-negotiate");
    const auto attributes = body_of(recorded)["/data/attributes"_json_pointer];
    const auto negotiation = expect_value(parse_negotiation(recorded.response));
    EXPECT_EQ(negotiation.stage, "awaiting_evidence");
    EXPECT_EQ(negotiation.target, attestation_target(kAgent, "0"));
    EXPECT_EQ(negotiation.location, negotiation.target);
    EXPECT_EQ(negotiation.index, 0);
    EXPECT_EQ(negotiation.challenges_expire_at, time_at(attributes.at("challenges_expire_at")));
    EXPECT_EQ(negotiation.capabilities_received_at, time_at(attributes.at("capabilities_received_at")));
    ASSERT_EQ(negotiation.evidence_requested.size(), 1U);
    const auto& quote = std::get<QuoteRequest>(negotiation.evidence_requested[0]);
    EXPECT_EQ(quote.challenge.size(), 16U);
    EXPECT_EQ(quote.signature_scheme, "rsassa");
    EXPECT_EQ(quote.hash_algorithm, "sha256");
    EXPECT_THAT(quote.pcrs(), ElementsAre(0, 7));
    EXPECT_EQ(quote.key_server_identifier, "ak");
    EXPECT_EQ(quote.key_local_identifier.size(), 68U);
}

TEST(Answers, NegotiationGivesLogRequestsInOrder) {
    const auto negotiation =
        expect_value(parse_negotiation(recording("attestation-negotiate-logs").response));
    ASSERT_EQ(negotiation.evidence_requested.size(), 3U);
    EXPECT_EQ(std::get<QuoteRequest>(negotiation.evidence_requested[0]).pcrs().size(), 16U);
    EXPECT_EQ(std::get<UefiLogRequest>(negotiation.evidence_requested[1]).format, "application/octet-stream");
    const auto& ima = std::get<ImaLogRequest>(negotiation.evidence_requested[2]);
    EXPECT_EQ(ima.starting_offset, 0U);
    EXPECT_EQ(ima.entry_count, std::nullopt);
    EXPECT_EQ(ima.format, "text/plain");
}

TEST(Answers, NegotiationThatRequestsNothingIsRead) {
    const auto negotiation =
        expect_value(parse_negotiation(recording("attestation-negotiate-nothing").response));
    EXPECT_THAT(negotiation.evidence_requested, IsEmpty());
    EXPECT_FALSE(negotiation.challenges_expire_at);
    EXPECT_EQ(negotiation.index, 0);
}

/// The recorded negotiation with its first evidence request changed.
HttpResponse negotiation_with(const std::string& pointer, const nlohmann::json& value) {
    auto answer = recording("attestation-negotiate").response;
    auto body = nlohmann::json::parse(answer.body);
    body[nlohmann::json::json_pointer{"/data/attributes/evidence_requested/0" + pointer}] = value;
    answer.body = body.dump();
    return answer;
}

TEST(Answers, BanksThatAreNullAreNotSelected) {
    const auto answer =
        negotiation_with("/chosen_parameters/selected_subjects", {{"sha256", {1}}, {"sha1", nullptr}});
    const auto negotiation = expect_value(parse_negotiation(answer));
    const auto& quote = std::get<QuoteRequest>(negotiation.evidence_requested[0]);
    EXPECT_EQ(quote.selected_subjects.size(), 1U);
    EXPECT_THAT(quote.pcrs(), ElementsAre(1));
}

TEST(Answers, QuoteOfABankThatIsNotSelectedIsAnError) {
    const auto answer =
        negotiation_with("/chosen_parameters/selected_subjects", {{"sha1", {1}}, {"sha256", nullptr}});
    const auto negotiation = parse_negotiation(answer);
    ASSERT_FALSE(negotiation);
    EXPECT_THAT(
        negotiation.error().message,
        HasSubstr("/chosen_parameters/selected_subjects: selects nothing of hash_algorithm 'sha256'"));
}

TEST(Answers, PcrThatNoTpmHasIsAnError) {
    const auto negotiation =
        parse_negotiation(negotiation_with("/chosen_parameters/selected_subjects/sha256/1", 24));
    ASSERT_FALSE(negotiation);
    EXPECT_THAT(negotiation.error().message,
                HasSubstr("/selected_subjects/sha256/1: 24, expected a PCR (0 to 23)"));
}

TEST(Answers, ChallengeThatIsNotBase64IsNamed) {
    const auto negotiation =
        parse_negotiation(negotiation_with("/chosen_parameters/challenge", "%%%%"), "POST /a");
    ASSERT_FALSE(negotiation);
    EXPECT_EQ(negotiation.error().kind, ErrorKind::Parse);
    EXPECT_THAT(
        negotiation.error().message,
        ::testing::StartsWith(
            "POST /a: /data/attributes/evidence_requested/0/chosen_parameters/challenge: not base64"));
}

TEST(Answers, EmptyChallengeIsAnError) {
    EXPECT_FALSE(parse_negotiation(negotiation_with("/chosen_parameters/challenge", "")));
}

TEST(Answers, UnknownEvidenceIsHandedOnByName) {
    const auto negotiation = expect_value(parse_negotiation(negotiation_with("/evidence_type", "sbom")));
    const auto& unknown = std::get<UnknownEvidenceRequest>(negotiation.evidence_requested[0]);
    EXPECT_EQ(unknown.evidence_type, "sbom");
    EXPECT_EQ(unknown.evidence_class, "certification");
}

HttpResponse negotiation_at(const std::string& location) {
    auto answer = recording("attestation-negotiate").response;
    std::erase_if(answer.headers, [](const auto& header) { return header.first == "Location"; });
    answer.headers.emplace_back("location", location);
    return answer;
}

TEST(Answers, LocationBecomesATarget) {
    const auto target = [](const std::string& location) {
        return expect_value(parse_negotiation(negotiation_at(location))).target;
    };
    EXPECT_EQ(target("/3/agents/a/attestations/7"), "/3/agents/a/attestations/7");
    EXPECT_EQ(target("https://h:1//v3.0/agents//a?x=//#f"), "/v3.0/agents/a?x=//");
    EXPECT_EQ(target("http://h"), "/");
    EXPECT_EQ(target("//other/a"), "/other/a");
    EXPECT_EQ(expect_value(parse_negotiation(negotiation_at("/a/12"))).index, 12);
    EXPECT_EQ(expect_value(parse_negotiation(negotiation_at("/a/12?b=3"))).index, 12);
    for (const char* odd : {"/a/", "/a/x", "/a/-1", "/a/1x", "/a/99999999999"})
        EXPECT_EQ(expect_value(parse_negotiation(negotiation_at(odd))).index, std::nullopt) << odd;
}

TEST(Answers, LocationThatIsNoPathIsAnError) {
    for (const std::string& location : {std::string{}, std::string{"x/y"}, std::string{"ftp://h/a"},
                                        std::string{"/a b"}, std::string{"/a\r\nx: y"}, std::string{"#a"},
                                        std::string{"/\xc3\xa4"}, "/" + std::string(4096, 'a')}) {
        const auto negotiation = parse_negotiation(negotiation_at(location));
        ASSERT_FALSE(negotiation) << location;
        EXPECT_THAT(negotiation.error().message, HasSubstr("header Location: neither")) << location;
    }
    auto answer = negotiation_at("");
    std::erase_if(answer.headers, [](const auto& header) { return header.first == "location"; });
    EXPECT_THAT(parse_negotiation(answer).error().message, HasSubstr("header Location: missing"));
}

TEST(Answers, EvidenceAnswerSaysWhenToComeAgain) {
    for (const char* name : {"attestation-evidence", "attestation-evidence-logs"}) {
        const auto answer = expect_value(parse_evidence_answer(recording(name).response));
        EXPECT_EQ(answer.stage, "evaluating_evidence");
        EXPECT_EQ(answer.next_attestation, std::chrono::seconds{2});
        EXPECT_TRUE(answer.evidence_received_at);
        EXPECT_EQ(*answer.challenges_expire_at - *answer.capabilities_received_at, std::chrono::seconds{4});
    }
}

TEST(Answers, WhenToComeAgainIsLeftOutWhenItIsNoTime) {
    auto answer = recording("attestation-evidence").response;
    const auto body = nlohmann::json::parse(answer.body);
    const auto next = [&](const nlohmann::json& meta) {
        auto changed = body;
        changed["meta"] = meta;
        answer.body = changed.dump();
        return expect_value(parse_evidence_answer(answer)).next_attestation;
    };
    for (const nlohmann::json& none :
         {nlohmann::json{"3"}, nlohmann::json(-1), nlohmann::json(nullptr), nlohmann::json(1e300),
          nlohmann::json(true), nlohmann::json::array({2}), nlohmann::json(UINT64_MAX)}) {
        EXPECT_EQ(next({{"seconds_to_next_attestation", none}}), std::nullopt) << none;
    }
    EXPECT_EQ(next(nullptr), std::nullopt);
    EXPECT_EQ(next("meta"), std::nullopt);
    EXPECT_EQ(next({{"seconds_to_next_attestation", 0}}), Duration::zero());
    EXPECT_EQ(next({{"seconds_to_next_attestation", 1.5}}), std::chrono::milliseconds{1500});
}

TEST(Answers, ResourceOfAnotherTypeIsAnError) {
    auto answer = recording("session-create").response;
    auto body = nlohmann::json::parse(answer.body);
    body["data"]["type"] = "attestation";
    answer.body = body.dump();
    EXPECT_EQ(parse_session(answer).error().message, "/data/type: 'attestation', expected 'session'");
}

TEST(Answers, StageThatIsNotTheCallsIsAnError) {
    const auto at_stage = [](const std::string& name, const std::string& stage) {
        auto answer = recording(name).response;
        auto body = nlohmann::json::parse(answer.body);
        body["data"]["attributes"]["stage"] = stage;
        answer.body = body.dump();
        return answer;
    };
    for (const char* stage : {"evaluating_evidence", "verification_complete", "", "\n"})
        EXPECT_FALSE(parse_negotiation(at_stage("attestation-negotiate", stage))) << stage;
    EXPECT_EQ(parse_negotiation(at_stage("attestation-negotiate", "done")).error().message,
              "/data/attributes/stage: 'done', expected 'awaiting_evidence'");
    EXPECT_TRUE(parse_evidence_answer(at_stage("attestation-evidence", "verification_complete")));
    EXPECT_EQ(parse_evidence_answer(at_stage("attestation-evidence", "awaiting_evidence")).error().message,
              "/data/attributes/stage: 'awaiting_evidence', expected 'evaluating_evidence' or "
              "'verification_complete'");
}

TEST(Answers, TextOfTheServerCannotBecomePartOfALaterRequestLine) {
    auto session = recording("session-create").response;
    for (const char* id : {"", "a/b", "a b", "a?b", "a\r\nb"}) {
        auto body = nlohmann::json::parse(session.body);
        body["data"]["id"] = id;
        const auto parsed = parse_session(json_answer(200, body.dump()));
        ASSERT_FALSE(parsed) << id;
        EXPECT_THAT(parsed.error().message, HasSubstr("/data/id: "));
    }
    const auto proof = recording("session-proof-pass").response;
    for (const char* token : {"", "a b", "a\r\nx: y"}) {
        auto body = nlohmann::json::parse(proof.body);
        body["data"]["attributes"]["token"] = token;
        const auto parsed = parse_proof(json_answer(200, body.dump()));
        ASSERT_FALSE(parsed) << token;
        EXPECT_THAT(parsed.error().message, HasSubstr("/data/attributes/token: "));
    }
}

TEST(Answers, VerdictThatIsNoVerdictIsAnError) {
    auto proof = recording("session-proof-pass").response;
    proof.status = 401;
    EXPECT_EQ(parse_proof(proof).error().message, "/data/attributes/evaluation: 'pass' with status 401");
    auto body = nlohmann::json::parse(proof.body);
    body["data"]["attributes"]["evaluation"] = "pending";
    EXPECT_EQ(parse_proof(json_answer(200, body.dump())).error().message,
              "/data/attributes/evaluation: 'pending', expected 'pass' or 'fail'");
}

}  // namespace
}  // namespace pushsim::protocol
