#include "sim/kind/manifests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "agent/base/files.hpp"
#include "sim/pki/tpm_maker.hpp"
#include "tests/sim/stack/support.hpp"

namespace pushsim::kind {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

stack::FoundConfig found(const std::string& text) {
    stack::FoundConfig config("base.conf");
    const auto added = config.add(text, "base.conf");
    EXPECT_TRUE(added) << added.error().text();
    return config;
}

TEST(ServerConfig, HasTheScenariosOptionsAndTheRunsDatabaseInPlaceOfWhatWasThere) {
    const auto config = server_config(
        "verifier",
        found("[verifier]\nmode = push\nquote_interval = 1\nseverity_labels = []\ndatabase_url = sqlite\n"
              "\n[revocations]\nenabled_revocation_notifications = []\n"),
        {{"quote_interval", "60"},
         {"severity_labels", std::nullopt},
         {"enabled_revocation_notifications", "[x]"}},
        "sqlite:////var/lib/keylime/run-1.sqlite");
    ASSERT_TRUE(config);
    const auto read = found(*config);
    EXPECT_EQ(read.find("verifier", "mode")->text, "push");
    EXPECT_EQ(read.find("verifier", "quote_interval")->text, "60");
    EXPECT_EQ(read.find("verifier", "severity_labels"), nullptr);
    EXPECT_EQ(read.find("verifier", "database_url")->text, "sqlite:////var/lib/keylime/run-1.sqlite");
    EXPECT_EQ(read.find("revocations", "enabled_revocation_notifications")->text, "[x]");
}

TEST(ServerConfig, LongValuesStayWhole) {
    const auto config =
        server_config("verifier", found("[verifier]\nlabels = [\"a\",\n  \"b\"]\n"), {}, "sqlite");
    ASSERT_TRUE(config);
    EXPECT_EQ(found(*config).find("verifier", "labels")->text, "[\"a\",\n\"b\"]");
}

TEST(ServerConfig, OptionThatCannotBeWrittenIsNamed) {
    const auto config =
        server_config("registrar", found("[registrar]\nip = 0.0.0.0\n"), {{"a b", "1"}}, "sqlite");
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().kind, ErrorKind::Config);
    EXPECT_THAT(config.error().message, HasSubstr("registrar.conf: 'a b' is no name"));
}

TEST(ServerConfig, WhatTheManifestsAreMadeForIsNoScenariosToChoose) {
    EXPECT_TRUE(is_fixed_option("port"));
    EXPECT_TRUE(is_fixed_option("database_url"));
    EXPECT_FALSE(is_fixed_option("quote_interval"));
}

TEST(ConfigMaps, AreFilesUnderTheirNameWithTheRunThatMadeThem) {
    const json map =
        json::parse(config_map("run-7-1-verifier", "7", "verifier.conf", "[verifier]\na = \"b\"\n"));
    EXPECT_EQ(map.at("kind"), "ConfigMap");
    EXPECT_EQ(map.at("metadata").at("namespace"), "keylime");
    EXPECT_EQ(map.at("metadata").at("labels").at("pushsim.run"), "7");
    EXPECT_EQ(map.at("data").at("verifier.conf"), "[verifier]\na = \"b\"\n");
}

/// What a cluster says of a Deployment, what is looked at of it.
const char* const kDeployment =
    R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"verifier"},)"
    R"("spec":{"replicas":1,"template":)"
    R"({"spec":{"containers":[{"name":"verifier","args":["keylime_verifier"]}],)"
    R"("volumes":[{"name":"conf","projected":)"
    R"({"defaultMode":420,"sources":[{"configMap":{"name":"logging.conf"}},)"
    R"({"configMap":{"name":"verifier.conf"}},{"configMap":{"name":"tenant.conf"}}]}}]}}}})";

TEST(ServerSpecs, ArePutBackAsTheyWereFound) {
    const auto spec = parse_server_spec("verifier", kDeployment);
    ASSERT_TRUE(spec) << spec.error().text();
    EXPECT_EQ(spec->replicas, 1);
    json deployment = json::parse(kDeployment);
    const auto changed = changed_spec(*spec, "verifier", "run-7-1-verifier", {"python", "-c", "import x"});
    deployment = deployment.patch(json::parse(spec_patch(changed)));
    const auto now = parse_server_spec("verifier", deployment.dump());
    ASSERT_TRUE(now);
    EXPECT_EQ(*now, changed);
    EXPECT_THAT(now->sources, HasSubstr("run-7-1-verifier"));
    EXPECT_THAT(now->sources, AllOf(HasSubstr("logging.conf"), HasSubstr("tenant.conf"),
                                    Not(HasSubstr(R"("name":"verifier.conf")"))));
    EXPECT_THAT(now->args, HasSubstr("import x"));
    deployment["spec"]["replicas"] = 0;  // a server that a scenario stopped
    deployment = deployment.patch(json::parse(spec_patch(spec_from(to_json(*spec)))));
    EXPECT_EQ(deployment, json::parse(kDeployment));
}

TEST(Manifests, RegistrarTrustsTheMakerOfTpmsThatLocalOnesTrust) {
    EXPECT_EQ(read_file(std::filesystem::path(PUSHSIM_KIND_FOLDER) / "infra/base/conf/tpm-maker.pem"),
              pki::kTpmMakerCertificate);
}

TEST(ServerSpecs, StartIsLeftAloneWhereNoneIsAskedFor) {
    const auto spec = parse_server_spec("verifier", kDeployment);
    EXPECT_EQ(changed_spec(*spec, "verifier", "c", {}).args, spec->args);
}

TEST(ServerSpecs, DeploymentOfOthersIsNotTouched) {
    for (const auto& [path, value] : {std::pair{"/spec/template/spec/volumes/0/name", "tls"},
                                      {"/spec/template/spec/containers/0/name", "proxy"}}) {
        json deployment = json::parse(kDeployment);
        deployment[json::json_pointer(path)] = value;
        const auto spec = parse_server_spec("verifier", deployment.dump());
        ASSERT_FALSE(spec) << path;
        EXPECT_THAT(spec.error().text(), HasSubstr("not as kind/infra makes it"));
        EXPECT_THAT(spec.error().text(), HasSubstr("stack up --stack kind"));
    }
    EXPECT_FALSE(parse_server_spec("verifier", "error: connection refused"));
    EXPECT_FALSE(parse_server_spec("verifier", "{}"));
}

}  // namespace
}  // namespace pushsim::kind
