// The parsers of the v2 API (registrar, administration) read what was recorded.

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

TEST(Answers, VersionsAreRead) {
    const auto versions = expect_value(parse_versions(recording("registrar-version").response));
    EXPECT_EQ(versions.current, "2.6");
    EXPECT_THAT(versions.supported,
                ElementsAre("1.0", "2.0", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "3.0"));
    EXPECT_EQ(choose_registrar_version(versions), "2.6");
}

TEST(Answers, VersionChoiceFollowsTheRustAgent) {
    EXPECT_EQ(choose_registrar_version({"2.3", {"2.6"}}), "2.3");
    EXPECT_EQ(choose_registrar_version({"3.0", {"1.0", "2.2", "2.5", "3.0"}}), "2.5");
    EXPECT_EQ(choose_registrar_version({"3.0", {"3.0", "2.0"}}), std::nullopt);
    EXPECT_EQ(choose_registrar_version({"3.0", {}}), std::nullopt);
    EXPECT_EQ(known_registrar_versions().front(), "2.6");
    EXPECT_EQ(known_registrar_versions().back(), "2.1");
}

TEST(Answers, RegistrationGivesTheTwoPartsOfTheCredential) {
    const auto blob = expect_value(parse_registration(recording("registrar-register").response));
    EXPECT_EQ(blob.id_object.size(), 68U);
    EXPECT_EQ(blob.encrypted_secret.size(), 256U);
}

TEST(Answers, ActivationAndAdminActsSucceed) {
    EXPECT_TRUE(parse_activation(recording("registrar-activate").response));
    for (const char* name : {"verifier-enrol", "verifier-enrol-logs", "verifier-delete",
                             "verifier-reactivate", "registrar-delete"}) {
        EXPECT_TRUE(parse_done(recording(name).response)) << name;
    }
}

TEST(Answers, StatusIsRead) {
    const auto pending = expect_value(parse_status(recording("verifier-status-pending").response));
    EXPECT_EQ(pending.attestation_status, "PENDING");
    EXPECT_EQ(pending.attestation_count, 0U);
    EXPECT_EQ(pending.last_received_quote, 0U);
    EXPECT_EQ(pending.attestation_period, "2s");
    EXPECT_EQ(pending.maximum_attestation_interval, "10s");
    EXPECT_EQ(pending.operational_state, 3);
    EXPECT_FALSE(pending.has_runtime_policy);
    EXPECT_THAT(pending.accept_tpm_signing_algs, ElementsAre("ecschnorr", "rsassa"));
    EXPECT_THAT(pending.accept_tpm_hash_algs, ElementsAre("sha512", "sha384", "sha256"));
    EXPECT_THAT(pending.accept_tpm_encryption_algs, ElementsAre("ecc", "rsa"));
    EXPECT_THAT(pending.tpm_policy, HasSubstr("\"mask\""));

    const auto pass = expect_value(parse_status(recording("verifier-status-pass").response));
    EXPECT_EQ(pass.attestation_status, "PASS");
    EXPECT_EQ(pass.attestation_count, 1U);
    EXPECT_GT(pass.last_received_quote, 1'700'000'000U);
    EXPECT_EQ(pass.last_successful_attestation, pass.last_received_quote);

    const auto failed = expect_value(parse_status(recording("verifier-status-fail").response));
    EXPECT_EQ(failed.attestation_status, "FAIL");
    EXPECT_EQ(failed.last_successful_attestation, 0U);
    EXPECT_GT(failed.last_received_quote, 0U);

    const auto logs = expect_value(parse_status(recording("verifier-status-logs").response));
    EXPECT_TRUE(logs.has_runtime_policy);
    EXPECT_TRUE(logs.has_mb_refstate);
}

TEST(Answers, ListsOfBothServersAreRead) {
    EXPECT_THAT(expect_value(parse_list(recording("verifier-list-empty").response)), IsEmpty());
    EXPECT_EQ(expect_value(parse_list(recording("verifier-list").response)).size(), 4U);
    const auto ids = expect_value(parse_list(recording("registrar-list").response));
    ASSERT_EQ(ids.size(), 4U);
    EXPECT_EQ(ids[0], kAgent);
}

TEST(Answers, RegistrarRecordIsRead) {
    const auto agent = expect_value(parse_registrar_agent(recording("registrar-agent").response));
    const auto sent = recording("registrar-register").sent();
    EXPECT_EQ(to_base64(agent.ak_public), sent.at("aik_tpm"));
    EXPECT_EQ(to_base64(agent.ek_public), sent.at("ek_tpm"));
    EXPECT_FALSE(agent.ek_certificate);
    EXPECT_EQ(agent.mtls_certificate, "disabled");
    EXPECT_EQ(agent.ip, "127.0.0.1");
    EXPECT_EQ(agent.port, 9002);
    EXPECT_EQ(agent.registration_count, 1U);
}

TEST(Answers, ANamedPolicyIsThereOrNotAndIsGoneUnlessTheServerRefuses) {
    const HttpResponse none =
        json_answer(404, R"({"code":404,"status":"Runtime policy web not found","results":{}})");
    EXPECT_TRUE(
        *parse_runtime_policy_known(json_answer(200, R"({"code":200,"status":"Success","results":{}})")));
    EXPECT_FALSE(*parse_runtime_policy_known(none));
    EXPECT_FALSE(parse_runtime_policy_known(json_answer(500, "{}")));
    EXPECT_TRUE(parse_runtime_policy_deleted({204, {}, ""}));
    EXPECT_TRUE(parse_runtime_policy_deleted(none));
    const auto in_use = parse_runtime_policy_deleted(
        json_answer(409, R"({"code":409,"status":"currently in use by agent a","results":{}})"));
    ASSERT_FALSE(in_use);
    EXPECT_NE(in_use.error().message.find("in use by agent a"), std::string::npos) << in_use.error().message;
}

TEST(Answers, EnvelopeThatContradictsTheStatusIsAnError) {
    const auto done = parse_done(json_answer(200, R"({"code":409,"status":"no","results":{}})"));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().message, "/code: 409, but the status of the answer is 200");
}

}  // namespace
}  // namespace pushsim::protocol
