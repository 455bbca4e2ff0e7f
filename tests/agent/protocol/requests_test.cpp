// Every builder makes, octet for octet, what was recorded.

#include <gmock/gmock.h>

#include "agent/protocol/protocol.hpp"
#include "tests/agent/protocol/recording.hpp"

namespace pushsim::protocol {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using testing::recording;
using testing::Recording;

const std::string kAgent = "a1000000-0000-4000-8000-000000000001";

Bytes base64(const nlohmann::json& text) {
    return from_base64(text.get<std::string>()).value();
}

CallHeaders headers_of(const Recording& recorded) {
    CallHeaders headers;
    for (const auto& [name, value] : recorded.request.headers) {
        if (name == "x-request-id") headers.request_id = value;
        if (name == "authorization") headers.token = value.substr(std::string{"Bearer "}.size());
    }
    return headers;
}

void expect_same(const HttpRequest& built, const Recording& recorded) {
    SCOPED_TRACE(recorded.name);
    EXPECT_EQ(built.method, recorded.request.method);
    EXPECT_EQ(built.target, recorded.request.target);
    EXPECT_EQ(built.headers, recorded.built_headers());
    EXPECT_EQ(built.body, recorded.request.body);
}

Registration registration_in(const Recording& recorded) {
    Registration registration;
    registration.ak_public = base64(recorded.sent().at("aik_tpm"));
    registration.ek_public = base64(recorded.sent().at("ek_tpm"));
    return registration;
}

tpm::Description tpm_in(const Recording& negotiation) {
    tpm::Description tpm;
    tpm.ak_public = base64(negotiation.known.at("ak_tpm"));
    tpm.hash_algorithms = {"sha256"};
    tpm.signature_schemes = {"ecdsa", "ecschnorr", "rsapss", "rsassa"};
    for (int pcr = 0; pcr < 24; ++pcr)
        tpm.available_pcrs["sha256"].push_back(pcr);
    return tpm;
}

TEST(Requests, VersionIsTheRecordedOne) {
    const auto recorded = recording("registrar-version");
    expect_same(version_request(headers_of(recorded)), recorded);
}

TEST(Requests, RegisterIsTheRecordedOne) {
    const auto recorded = recording("registrar-register");
    expect_same(register_request(kAgent, registration_in(recorded), "2.6", headers_of(recorded)), recorded);
}

TEST(Requests, RegisterWithoutEkLeavesTheMemberOut) {
    auto registration = registration_in(recording("registrar-register"));
    registration.ek_public.clear();
    const auto body = nlohmann::json::parse(register_request(kAgent, registration).body);
    EXPECT_FALSE(body.contains("ek_tpm"));
    EXPECT_EQ(body.size(), 7U);
}

TEST(Requests, RegistrationTakesKeysAndCertificateOfTheTpm) {
    tpm::Description tpm;
    tpm.ak_public = {1, 2};
    tpm.ek_public = {3, 4};
    tpm.ek_certificate = "PEM";
    const Registration registration = make_registration(tpm, "127.1.2.3", 9003);
    EXPECT_EQ(registration.ak_public, tpm.ak_public);
    EXPECT_EQ(registration.ek_public, tpm.ek_public);
    const auto body = nlohmann::json::parse(register_request("x", registration).body);
    EXPECT_EQ(body.at("ekcert"), "PEM");
    EXPECT_EQ(body.at("ip"), "127.1.2.3");
    EXPECT_EQ(body.at("port"), 9003);
}

TEST(Requests, ActivateIsTheRecordedOneWithTheTagOfTheRecordedSecret) {
    const auto recorded = recording("registrar-activate");
    const std::string tag = auth_tag(kAgent, base64(recorded.known.at("secret_base64")));
    expect_same(activate_request(kAgent, tag, "2.6", headers_of(recorded)), recorded);
}

TEST(Requests, VersionArgumentBecomesThePathPrefix) {
    EXPECT_EQ(activate_request("id", "00", "2.3").target, "/v2.3/agents/id");
    EXPECT_EQ(enrol_request("id", {}, "2.5").target, "/v2.5/agents/id");
    EXPECT_EQ(status_request("id", "2.5").target, "/v2.5/agents/id");
}

TEST(Requests, SessionIsTheRecordedOneAndCarriesNoRequestId) {
    expect_same(session_request(kAgent), recording("session-create"));
}

TEST(Requests, SessionWithRequestIdPutsItFirst) {
    EXPECT_THAT(session_request(kAgent, {"abc123", ""}).headers,
                ElementsAre(Pair("x-request-id", "abc123"), Pair("content-type", "application/vnd.api+json"),
                            Pair("accept", "*/*")));
}

TEST(Requests, ProofIsTheRecordedOne) {
    for (const char* name : {"session-proof-pass", "session-proof-fail-401", "session-proof-expired"}) {
        const auto recorded = recording(name);
        const auto attributes = recorded.sent()["/data/attributes"_json_pointer];
        const auto data = attributes["/authentication_provided/0/data"_json_pointer];
        expect_same(proof_request(recorded.sent()["/data/id"_json_pointer].get<std::string>(),
                                  attributes.at("agent_id").get<std::string>(), base64(data.at("message")),
                                  base64(data.at("signature"))),
                    recorded);
    }
}

TEST(Requests, NegotiationIsTheRecordedOne) {
    for (const char* name : {"attestation-negotiate", "attestation-negotiate-logs"}) {
        const auto recorded = recording(name);
        const bool logs = recorded.name.ends_with("logs");
        const auto capabilities = make_capabilities(
            tpm_in(recorded), from_rfc3339("2026-11-23T10:00:00Z").value(), 0U + logs, logs ? 2 : 0);
        ASSERT_TRUE(capabilities) << capabilities.error().text();
        const std::string agent = logs ? kAgent.substr(0, 35) + "4" : kAgent;
        expect_same(negotiation_request(agent, *capabilities, headers_of(recorded)), recorded);
    }
}

TEST(Requests, NegotiationWithoutLogsOffersTheQuoteAlone) {
    auto capabilities = make_capabilities(tpm_in(recording("attestation-negotiate")), WallTime{}).value();
    capabilities.uefi_log.reset();
    capabilities.ima_log.reset();
    const auto body = nlohmann::json::parse(negotiation_request("id", capabilities, {}).body);
    const auto& offers = body["/data/attributes/evidence_supported"_json_pointer];
    ASSERT_EQ(offers.size(), 1U);
    EXPECT_EQ(offers[0].at("evidence_type"), "tpm_quote");
}

TEST(Requests, NegotiationWithoutTokenHasNoAuthorization) {
    const auto recorded = recording("attestation-negotiate-no-token-403");
    const auto capabilities =
        make_capabilities(tpm_in(recorded), from_rfc3339("2026-11-23T10:00:00Z").value()).value();
    expect_same(negotiation_request(kAgent, capabilities, headers_of(recorded)), recorded);
}

TEST(Requests, BootTimeIsSentInWholeSeconds) {
    const auto capabilities = make_capabilities(tpm_in(recording("attestation-negotiate")),
                                                from_rfc3339("2026-11-23T10:00:00.999999Z").value())
                                  .value();
    const auto body = nlohmann::json::parse(negotiation_request("id", capabilities, {}).body);
    EXPECT_EQ(body["/data/attributes/system_info/boot_time"_json_pointer], "2026-11-23T10:00:00Z");
}

TEST(Requests, CapabilitiesNeedASigningKey) {
    tpm::Description tpm = tpm_in(recording("attestation-negotiate"));
    tpm.ak_public = base64(recording("registrar-register").sent().at("ek_tpm"));  // an EK has no scheme
    const auto capabilities = make_capabilities(tpm, WallTime{});
    ASSERT_FALSE(capabilities);
    EXPECT_EQ(capabilities.error().kind, ErrorKind::Parse);
    EXPECT_THAT(capabilities.error().message, ::testing::HasSubstr("no signing scheme"));
}

TEST(Requests, EvidenceIsTheRecordedOne) {
    const auto recorded = recording("attestation-evidence");
    const auto data = recorded.sent()["/data/attributes/evidence_collected/0/data"_json_pointer];
    tpm::Quote quote{
        base64(data.at("message")), base64(data.at("signature")), tpm::HashAlgorithm::Sha256, {}};
    for (const auto& [pcr, value] : recorded.known.at("pcrs").items())
        quote.pcrs[std::stoi(pcr)] = from_hex(value.get<std::string>()).value();
    expect_same(
        evidence_request(attestation_target(kAgent, "0"), {make_quote_evidence(quote)}, headers_of(recorded)),
        recorded);
}

TEST(Requests, EvidenceWithLogsIsTheRecordedOne) {
    const auto recorded = recording("attestation-evidence-logs");
    const auto items = recorded.sent()["/data/attributes/evidence_collected"_json_pointer];
    const auto data = items[0].at("data");
    const std::vector<Evidence> evidence = {
        QuoteEvidence{base64(data.at("message")), base64(data.at("signature")),
                      base64(data.at("subject_data"))},
        UefiLogEvidence{base64(items[1]["/data/entries"_json_pointer])},
        ImaLogEvidence{items[2]["/data/entries"_json_pointer], items[2]["/data/entry_count"_json_pointer]}};
    expect_same(evidence_request(recorded.request.target, evidence, headers_of(recorded)), recorded);
}

TEST(Requests, EmptyEvidenceIsTheRecordedOne) {
    const auto recorded = recording("attestation-evidence-nothing-403");
    expect_same(evidence_request(recorded.request.target, {}, headers_of(recorded)), recorded);
}

TEST(Requests, EvidenceErrorIsTheRecordedOne) {
    const auto recorded = recording("attestation-evidence-error-400");
    expect_same(evidence_error_request(recorded.request.target, headers_of(recorded)), recorded);
}

TEST(Requests, LogTextThatIsNotUtf8IsSentWithReplacements) {
    const auto request = evidence_request("/t", {ImaLogEvidence{"10 \xff\xfe x\n", 1}}, {});
    EXPECT_THAT(request.body, ::testing::HasSubstr("10 \xEF\xBF\xBD\xEF\xBF\xBD x\\n"));
}

TEST(Requests, EnrolIsTheRecordedOne) {
    for (const char* name : {"verifier-enrol", "verifier-enrol-no-policy", "verifier-enrol-logs"}) {
        const auto recorded = recording(name);
        const auto sent = recorded.sent();
        Enrolment enrolment;
        enrolment.ak_public = base64(sent.at("ak_tpm"));
        enrolment.tpm_policy = sent.at("tpm_policy");
        const Bytes policy = base64(sent.at("runtime_policy"));
        enrolment.runtime_policy.assign(policy.begin(), policy.end());
        if (!sent.at("mb_policy").is_null()) enrolment.mb_policy = sent.at("mb_policy");
        const std::string agent = recorded.request.target.substr(std::string{"/v2.6/agents/"}.size());
        expect_same(enrol_request(agent, enrolment, "2.6", headers_of(recorded)), recorded);
    }
}

TEST(Requests, OtherAdminCallsAreTheRecordedOnes) {
    const auto status = recording("verifier-status-pending");
    expect_same(status_request(kAgent, "2.6", headers_of(status)), status);
    const auto list = recording("verifier-list");
    expect_same(list_request("2.6", headers_of(list)), list);
    const auto removal = recording("verifier-delete");
    expect_same(delete_request(kAgent.substr(0, 35) + "6", "2.6", headers_of(removal)), removal);
    const auto reactivate = recording("verifier-reactivate");
    expect_same(reactivate_request(kAgent, "2.6", headers_of(reactivate)), reactivate);
    const auto agent = recording("registrar-agent");
    expect_same(registrar_agent_request(kAgent, "2.6", headers_of(agent)), agent);
    const auto registrar_list = recording("registrar-list");
    expect_same(registrar_list_request("2.6", headers_of(registrar_list)), registrar_list);
    const auto registrar_delete = recording("registrar-delete");
    expect_same(registrar_delete_request(kAgent.substr(0, 35) + "4", "2.6", headers_of(registrar_delete)),
                registrar_delete);
}

TEST(Requests, TpmPolicyListsValuesAndMasksItsPcrs) {
    EXPECT_EQ(tpm_policy_text({}), R"({"mask":"0x0"})");
    EXPECT_EQ(tpm_policy_text({{0, {"00", "11"}}, {23, {"ab"}}}),
              R"({"0":["00","11"],"23":["ab"],"mask":"0x800001"})");
}

TEST(Enrolment, RuntimePolicyAllowsTheseFilesAlone) {
    EXPECT_EQ(runtime_policy_text({{"/a", {"00", "11"}}, {"/b", {"ab"}}}),
              R"({"meta":{"version":1,"generator":3},"release":0,"digests":{"/a":["00","11"],"/b":["ab"]},)"
              R"("excludes":[],"keyrings":{},)"
              R"("ima":{"ignored_keyrings":[],"log_hash_alg":"sha1","dm_policy":null},)"
              R"("ima-buf":{},"verification-keys":""})");
}

TEST(Requests, CallNameIsMethodAndTarget) {
    EXPECT_EQ(call_name(session_request("a")), "POST /v3.0/sessions");
}

}  // namespace
}  // namespace pushsim::protocol
