// TlsIdentity: what cannot be used is named.

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "client.hpp"

namespace pushsim::transport::testing {
namespace {

using ::testing::HasSubstr;

class Identity : public ::testing::Test {
  public:
    void SetUp() override {
        folder = std::filesystem::temp_directory_path() / ("pushsim-identity-" + std::to_string(::getpid()));
        std::filesystem::create_directory(folder);
    }
    void TearDown() override { std::filesystem::remove_all(folder); }

    std::string file(const std::string& name, const std::string& text) const {
        std::ofstream(folder / name) << text;
        return (folder / name).string();
    }
    static std::string refusal(const TlsSettings& settings) {
        const auto identity = TlsIdentity::make(settings);
        if (identity) return "accepted";
        EXPECT_EQ(identity.error().kind, ErrorKind::Config);
        return identity.error().message;
    }

    std::filesystem::path folder;
    pki::Credentials client = test_pki().issue(pki::CertificateKind::Valid, pki::Role::Client, {"a client"});
    pki::Credentials other = test_pki().issue(pki::CertificateKind::Valid, pki::Role::Client, {"another"});
};

TEST_F(Identity, FilesAndTextsAreTaken) {
    EXPECT_EQ(refusal({.ca_files = {file("ca.pem", test_pki().ca_certificate_pem())},
                       .ca_pem = test_pki().foreign_ca_certificate_pem(),
                       .certificate_file = file("cert.pem", client.certificate_pem),
                       .key_file = file("key.pem", client.key_pem)}),
              "accepted");
}

TEST_F(Identity, SeveralCasInOneFileAreAllTrusted) {
    Client side;
    const auto both =
        file("both.pem", test_pki().foreign_ca_certificate_pem() + test_pki().ca_certificate_pem());
    const auto identity = TlsIdentity::make({.ca_files = {both}});
    ASSERT_TRUE(identity) << identity.error().text();
    for (const auto kind : {pki::CertificateKind::Valid, pki::CertificateKind::WrongCa}) {
        TestServer server(server_tls(kind), answer_always(ok("{}")));
        const Outcome outcome = side.once(Client::tls(server), get(), {}, *identity);
        EXPECT_EQ(word(outcome), "answer 200") << message(outcome);
    }
}

TEST_F(Identity, MissingFileIsNamed) {
    const std::string path = (folder / "nowhere.pem").string();
    EXPECT_EQ(refusal({.ca_files = {path}}), "CA: " + path + ": cannot be read: No such file or directory");
}

TEST_F(Identity, FolderInPlaceOfAFileIsNamed) {
    EXPECT_THAT(refusal({.ca_files = {folder.string()}}),
                HasSubstr("CA: " + folder.string() + ": cannot be read"));
}

TEST_F(Identity, EmptyFileIsNamed) {
    const std::string path = file("empty.pem", "");
    EXPECT_EQ(refusal({.ca_files = {path}}), "CA: " + path + ": cannot be read: empty");
}

TEST_F(Identity, FileWithoutCertificateIsNamed) {
    const std::string path = file("text.pem", "no certificate here\n");
    EXPECT_EQ(refusal({.ca_files = {path}}), "CA: " + path + ": holds no PEM certificate");
}

TEST_F(Identity, DamagedCertificateIsNamedByItsNumber) {
    std::string damaged = test_pki().ca_certificate_pem();
    damaged.replace(100, 4, "!!!!");
    const std::string path = file("damaged.pem", test_pki().ca_certificate_pem() + damaged);
    EXPECT_THAT(refusal({.ca_files = {path}}), HasSubstr(path + ": certificate 2 cannot be read"));
}

TEST_F(Identity, NoCaAtAllIsRefused) {
    EXPECT_THAT(refusal({}), HasSubstr("without a CA"));
}

TEST_F(Identity, KeyOfAnotherCertificateIsNamed) {
    const std::string key = file("other-key.pem", other.key_pem);
    const std::string certificate = file("cert.pem", client.certificate_pem);
    EXPECT_THAT(
        refusal(
            {.ca_pem = test_pki().ca_certificate_pem(), .certificate_file = certificate, .key_file = key}),
        HasSubstr(key + ": is not the key of the certificate in " + certificate));
}

TEST_F(Identity, KeyFileWithoutKeyIsNamed) {
    const std::string key = file("no-key.pem", client.certificate_pem);
    EXPECT_THAT(refusal({.ca_pem = test_pki().ca_certificate_pem(),
                         .certificate_pem = client.certificate_pem,
                         .key_file = key}),
                HasSubstr(key + ": holds no private key"));
}

TEST_F(Identity, CertificateWithoutKeyIsRefused) {
    EXPECT_THAT(
        refusal({.ca_pem = test_pki().ca_certificate_pem(), .certificate_pem = client.certificate_pem}),
        HasSubstr("neither of key_file and key_pem"));
}

}  // namespace
}  // namespace pushsim::transport::testing
