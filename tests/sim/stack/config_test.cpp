#include "sim/stack/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/stack/support.hpp"

namespace pushsim::stack::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::map<std::string, std::string> made(const StackConfig& config) {
    auto files = make_config(config);
    EXPECT_TRUE(files) << files.error().text();
    return files ? *files : std::map<std::string, std::string>{};
}

TEST(Config, WritesEveryFileTheServersRead) {
    const auto files = made({.ports = {8890, 8881, 8891}, .tls = {}, .verifier = {}, .registrar = {}});
    EXPECT_EQ(files.size(), 4U);
    EXPECT_THAT(
        files.at("verifier.conf"),
        AllOf(testing::StartsWith("[verifier]\n"), HasSubstr("\nmode = push\n"), HasSubstr("\nport = 8881\n"),
              HasSubstr("\ntls_dir = generate\n"), HasSubstr("\nseverity_policy = [{\"event_id\""),
              HasSubstr("\n[revocations]\nenabled_revocation_notifications = []\n")));
    EXPECT_THAT(files.at("registrar.conf"),
                AllOf(HasSubstr("\nport = 8890\n"), HasSubstr("\ntls_port = 8891\n"),
                      HasSubstr("\ntls_dir = default\n")));
    EXPECT_THAT(files.at("ca.conf"), HasSubstr("[ca]\n"));
    EXPECT_THAT(files.at("logging.conf"), HasSubstr("%(reqidf)s %(message)s\n"));
}

TEST(Config, OptionsReplaceAppendAndLeaveOut) {
    const auto files = made({.ports = {8890, 8881, 8891},
                             .tls = {},
                             .verifier = {{"quote_interval", "7"},
                                          {"challenge_lifetime", "3"},
                                          {"session_lifetime", std::nullopt},
                                          {"enabled_revocation_notifications", "[\"agent\"]"}},
                             .registrar = {{"max_workers", "4"}}});
    EXPECT_THAT(files.at("verifier.conf"),
                AllOf(HasSubstr("quote_interval = 7\n"), Not(HasSubstr("quote_interval = 2")),
                      HasSubstr("challenge_lifetime = 3\n"), Not(HasSubstr("session_lifetime")),
                      HasSubstr("[revocations]\nenabled_revocation_notifications = [\"agent\"]\n")));
    EXPECT_THAT(files.at("registrar.conf"), HasSubstr("max_workers = 4\n"));
}

TEST(Config, OwnCertificatesReachBothServers) {
    const TlsFiles tls{.ca = "/t/ca.pem",
                       .server_certificate = "/t/server-cert.pem",
                       .server_key = "/t/server-key.pem",
                       .client_certificate = "/t/admin-cert.pem",
                       .client_key = "/t/admin-key.pem"};
    const auto files = made({.ports = {1, 2, 3}, .tls = tls, .verifier = {}, .registrar = {}});
    for (const char* name : {"verifier.conf", "registrar.conf"}) {
        EXPECT_THAT(files.at(name),
                    AllOf(HasSubstr("tls_dir = /t\n"), HasSubstr("server_key = /t/server-key.pem\n"),
                          HasSubstr("trusted_client_ca = [\"/t/ca.pem\"]\n")));
    }
    EXPECT_THAT(files.at("verifier.conf"), AllOf(HasSubstr("client_cert = /t/admin-cert.pem\n"),
                                                 HasSubstr("trusted_server_ca = [\"/t/ca.pem\"]\n")));
}

TEST(Config, TheTenantsNamesServersAndFilesWhereverTheyAre) {
    StackAddress address;
    address.verifier = {"127.0.0.3", 8881};
    address.registrar_tls = {"::1", 8891};
    address.ca_file = "/t/ca.pem";
    address.admin_certificate = "/a/admin-cert.pem";
    address.admin_key = "/a/admin-key.pem";
    EXPECT_THAT(
        tenant_config(address, "/t/makers"),
        AllOf(HasSubstr("verifier_ip = 127.0.0.3\n"), HasSubstr("verifier_port = 8881\n"),
              HasSubstr("registrar_ip = ::1\n"), HasSubstr("registrar_port = 8891\n"),
              HasSubstr("tls_dir = /a\n"), HasSubstr("client_cert = /a/admin-cert.pem\n"),
              HasSubstr("client_key = /a/admin-key.pem\n"),
              HasSubstr("trusted_server_ca = [\"/t/ca.pem\"]\n"), HasSubstr("tpm_cert_store = /t/makers\n")));
}

TEST(Config, ValueOfTwoLinesIsRefusedByNameOfItsOption) {
    const auto files = make_config(
        {.ports = {1, 2, 3}, .tls = {}, .verifier = {{"ip", "127.0.0.1\nmode = pull"}}, .registrar = {}});
    ASSERT_FALSE(files);
    EXPECT_EQ(files.error().kind, ErrorKind::Config);
    EXPECT_THAT(files.error().message, AllOf(HasSubstr("verifier.conf"), HasSubstr("'ip'")));
}

TEST(Config, NameThatIsNoOptionIsRefused) {
    for (const char* name : {"", "quote interval", "a=b", "[x]", "Mode"}) {
        EXPECT_FALSE(make_config({.ports = {1, 2, 3}, .tls = {}, .verifier = {{name, "1"}}, .registrar = {}}))
            << name;
    }
}

TEST(Config, UsersTlsFolderIsReadAsKeylimeReadsIt) {
    const TemporaryFolder folder;
    for (const char* name :
         {"my-ca.pem", "server-cert.crt", "key.pem", "client-cert.crt", "client-private.pem"}) {
        write(folder.path() / name, "x");
    }
    const auto files = user_tls_files({{"tls_dir", folder.path().string()},
                                       {"trusted_server_ca", "[\"my-ca.pem\"]"},
                                       {"server_key", "key.pem"}});
    ASSERT_TRUE(files) << files.error().text();
    ASSERT_TRUE(*files);
    EXPECT_EQ((*files)->ca, folder.path() / "my-ca.pem");
    EXPECT_EQ((*files)->server_key, folder.path() / "key.pem");
    EXPECT_EQ((*files)->client_key, folder.path() / "client-private.pem");
}

TEST(Config, WithoutATlsFolderTheCertificatesAreNotTheUsers) {
    EXPECT_EQ(*user_tls_files({}), std::nullopt);
    EXPECT_EQ(*user_tls_files({{"tls_dir", "generate"}}), std::nullopt);
}

}  // namespace
}  // namespace pushsim::stack::test
