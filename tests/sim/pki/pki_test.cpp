#include "sim/pki/pki.hpp"

#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/sim/pki/strict_verifier.hpp"

namespace pushsim::pki {

void PrintTo(KeyType type, std::ostream* out) {
    *out << (type == KeyType::EcP256 ? "EC P-256" : "RSA-2048");
}

namespace {

using test::Free;
using test::read_certificate;
using test::read_key;
using test::verify;
using ::testing::HasSubstr;

const WallTime kNow{std::chrono::seconds{1'790'000'000}};
const Holder kServer{"verifier", {"localhost", "verifier.example"}, {"127.0.0.1", "::1"}};

class Pki : public ::testing::TestWithParam<KeyType> {
  public:
    TestPki pki{kNow, GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Keys, Pki, ::testing::Values(KeyType::EcP256, KeyType::Rsa2048),
                         [](const auto& type) {
                             return type.param == KeyType::EcP256 ? "EcP256" : "Rsa2048";
                         });

TEST_P(Pki, ValidPassesAStrictVerifierByEveryName) {
    const Credentials credentials = pki.issue(CertificateKind::Valid, Role::Server, kServer);
    for (const std::string name : {"localhost", "verifier.example"})
        EXPECT_EQ(verify(pki.ca_certificate_pem(), credentials.certificate_pem, Role::Server, kNow, name),
                  X509_V_OK);
    for (const std::string ip : {"127.0.0.1", "::1"})
        EXPECT_EQ(verify(pki.ca_certificate_pem(), credentials.certificate_pem, Role::Server, kNow, "", ip),
                  X509_V_OK);
    EXPECT_EQ(verify(pki.ca_certificate_pem(), credentials.certificate_pem, Role::Server, kNow, "other"),
              X509_V_ERR_HOSTNAME_MISMATCH);
}

TEST_P(Pki, RenewedIsForTheSameNamesWithAnotherKeyAndSerial) {
    const Credentials before = pki.issue(CertificateKind::Expired, Role::Server, kServer);
    const auto renewed = pki.renew(before.certificate_pem);
    ASSERT_TRUE(renewed) << renewed.error().text();
    for (const std::string& name : kServer.dns)
        EXPECT_EQ(verify(pki.ca_certificate_pem(), renewed->certificate_pem, Role::Server, kNow, name),
                  X509_V_OK);
    for (const std::string& ip : kServer.ip)
        EXPECT_EQ(verify(pki.ca_certificate_pem(), renewed->certificate_pem, Role::Server, kNow, "", ip),
                  X509_V_OK);
    EXPECT_EQ(verify(pki.ca_certificate_pem(), renewed->certificate_pem, Role::Server, kNow, "other"),
              X509_V_ERR_HOSTNAME_MISMATCH);
    EXPECT_NE(renewed->key_pem, before.key_pem);
    EXPECT_NE(serial_of(renewed->certificate_pem), serial_of(before.certificate_pem));
    EXPECT_THAT(serial_of(before.certificate_pem), ::testing::MatchesRegex("[0-9A-F]+"));
    EXPECT_FALSE(pki.renew("no certificate"));
    EXPECT_EQ(serial_of("no certificate"), "");
}

TEST_P(Pki, KeyBelongsToItsCertificate) {
    const Credentials credentials = pki.issue(CertificateKind::Valid, Role::Server, kServer);
    const auto key = read_key(credentials.key_pem);
    ASSERT_TRUE(key);
    EXPECT_EQ(X509_check_private_key(read_certificate(credentials.certificate_pem).get(), key.get()), 1);
    EXPECT_EQ(EVP_PKEY_get_base_id(key.get()), GetParam() == KeyType::EcP256 ? EVP_PKEY_EC : EVP_PKEY_RSA);
}

TEST_P(Pki, ForeignCaVouchesForWrongCaAlone) {
    const Credentials wrong = pki.issue(CertificateKind::WrongCa, Role::Server, kServer);
    EXPECT_EQ(
        verify(pki.foreign_ca_certificate_pem(), wrong.certificate_pem, Role::Server, kNow, "localhost"),
        X509_V_OK);
    const Credentials valid = pki.issue(CertificateKind::Valid, Role::Server, kServer);
    EXPECT_NE(
        verify(pki.foreign_ca_certificate_pem(), valid.certificate_pem, Role::Server, kNow, "localhost"),
        X509_V_OK);
}

TEST_P(Pki, ACaThatWasKeptIssuesWhatItsFriendsTrust) {
    const auto again = TestPki::from(pki.ca(), kNow + std::chrono::days{400}, GetParam());
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_EQ(again->ca_certificate_pem(), pki.ca_certificate_pem());
    const Credentials later = again->issue(CertificateKind::Valid, Role::Server, kServer);
    EXPECT_EQ(verify(pki.ca_certificate_pem(), later.certificate_pem, Role::Server,
                     kNow + std::chrono::days{400}, "localhost"),
              X509_V_OK);
}

TEST_P(Pki, WhatIsNoCaIsRefused) {
    const auto error = [](const Credentials& ca, WallTime now = kNow) {
        const auto again = TestPki::from(ca, now);
        return again ? "" : again.error().text();
    };
    const Credentials leaf = pki.issue(CertificateKind::Valid, Role::Server, kServer);
    EXPECT_EQ(error(pki.ca()), "");
    EXPECT_THAT(error(leaf), HasSubstr("no certificate of a CA"));
    EXPECT_THAT(error({pki.ca_certificate_pem(), leaf.key_pem}), HasSubstr("with its key"));
    EXPECT_THAT(error({}), HasSubstr("no certificate of a CA"));
    EXPECT_THAT(error(pki.ca(), kNow + std::chrono::days{4000}), HasSubstr("has expired"));
}

class PkiValues : public ::testing::Test {
  public:
    TestPki pki{kNow};

    int verify_kind(CertificateKind kind, Role role = Role::Server) {
        const Credentials credentials = pki.issue(kind, role, kServer);
        return verify(pki.ca_certificate_pem(), credentials.certificate_pem, role, kNow,
                      role == Role::Server ? "localhost" : "");
    }
};

TEST_F(PkiValues, EveryServerKindFailsForItsOwnReason) {
    EXPECT_EQ(verify_kind(CertificateKind::Admin), X509_V_OK);
    EXPECT_EQ(verify_kind(CertificateKind::Expired), X509_V_ERR_CERT_HAS_EXPIRED);
    EXPECT_EQ(verify_kind(CertificateKind::NotYetValid), X509_V_ERR_CERT_NOT_YET_VALID);
    EXPECT_EQ(verify_kind(CertificateKind::WrongCa), X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
    EXPECT_EQ(verify_kind(CertificateKind::SelfSigned), X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
    EXPECT_EQ(verify_kind(CertificateKind::WrongName), X509_V_ERR_HOSTNAME_MISMATCH);
    EXPECT_EQ(verify_kind(CertificateKind::NoSan), X509_V_ERR_HOSTNAME_MISMATCH);
    EXPECT_EQ(verify_kind(CertificateKind::WrongUsage), X509_V_ERR_INVALID_PURPOSE);
}

TEST_F(PkiValues, ClientKindsFailForTheirOwnReasonToo) {
    EXPECT_EQ(verify_kind(CertificateKind::Admin, Role::Client), X509_V_OK);
    EXPECT_EQ(verify_kind(CertificateKind::Valid, Role::Client), X509_V_OK);
    EXPECT_EQ(verify_kind(CertificateKind::Expired, Role::Client), X509_V_ERR_CERT_HAS_EXPIRED);
    EXPECT_EQ(verify_kind(CertificateKind::WrongUsage, Role::Client), X509_V_ERR_INVALID_PURPOSE);
}

TEST_F(PkiValues, SerialsAreRandomAndPositive) {
    std::set<std::string> serials;
    for (int i = 0; i < 20; ++i) {
        const auto certificate =
            read_certificate(pki.issue(CertificateKind::Valid, Role::Server, kServer).certificate_pem);
        const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate.get());
        EXPECT_EQ(ASN1_STRING_type(serial), V_ASN1_INTEGER);  // V_ASN1_NEG_INTEGER if negative
        EXPECT_EQ(ASN1_STRING_length(serial), 20);
        serials.insert(std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(serial)), 20));
    }
    EXPECT_EQ(serials.size(), 20);
}

TEST_F(PkiValues, ValidityHangsOnTheTimeGiven) {
    const WallTime later = kNow + std::chrono::days{366};
    const Credentials credentials = pki.issue(CertificateKind::Valid, Role::Server, kServer);
    EXPECT_EQ(verify(pki.ca_certificate_pem(), credentials.certificate_pem, Role::Server, later, "localhost"),
              X509_V_ERR_CERT_HAS_EXPIRED);
    const TestPki far_off(WallTime{std::chrono::seconds{2'600'000'000}});  // beyond 2050: GeneralizedTime
    const Credentials then = far_off.issue(CertificateKind::Valid, Role::Server, kServer);
    EXPECT_EQ(verify(far_off.ca_certificate_pem(), then.certificate_pem, Role::Server,
                     WallTime{std::chrono::seconds{2'600'000'000}}, "localhost"),
              X509_V_OK);
}

TEST_F(PkiValues, CommaInANameAddsNoName) {
    const Credentials sly =
        pki.issue(CertificateKind::Valid, Role::Server, {"sly", {"a.example,DNS:b.example"}, {}});
    EXPECT_EQ(verify(pki.ca_certificate_pem(), sly.certificate_pem, Role::Server, kNow, "b.example"),
              X509_V_ERR_HOSTNAME_MISMATCH);
}

TEST_F(PkiValues, AddressThatIsNoneIsRefused) {
    EXPECT_THROW(pki.issue(CertificateKind::Valid, Role::Server, {"x", {}, {"localhost"}}),
                 std::invalid_argument);
}

TEST(CertificateKinds, WordsGoThereAndBack) {
    for (const CertificateKind kind : certificate_kinds()) {
        const auto again = certificate_kind(to_string(kind));
        ASSERT_TRUE(again) << to_string(kind);
        EXPECT_EQ(*again, kind);
    }
    const auto unknown = certificate_kind("vaild");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().kind, ErrorKind::Config);
    EXPECT_THAT(unknown.error().text(), HasSubstr("'vaild'"));
    EXPECT_THAT(unknown.error().text(), HasSubstr("valid, admin, expired"));
}

class Files : public ::testing::Test {
  public:
    void SetUp() override {
        folder = std::filesystem::temp_directory_path() / ("pushsim-pki-" + std::to_string(::getpid()));
        std::filesystem::create_directory(folder);
    }
    void TearDown() override { std::filesystem::remove_all(folder); }
    static mode_t mode(const std::filesystem::path& file) {
        struct stat status {};
        ::stat(file.c_str(), &status);
        return status.st_mode & 0777U;
    }
    static std::string text(const std::filesystem::path& file) {
        std::ostringstream content;
        content << std::ifstream(file).rdbuf();
        return content.str();
    }
    std::filesystem::path folder;
};

TEST_F(Files, KeysAreForTheirOwnerAloneEvenWhereAnOpenFileWas) {
    std::ofstream(folder / "server-key.pem") << "open to all";
    ::chmod((folder / "server-key.pem").c_str(), 0666);
    const auto files = write_files({"certificate\n", "key\n"}, folder, "server");
    ASSERT_TRUE(files) << files.error().text();
    EXPECT_EQ(files->key, folder / "server-key.pem");
    EXPECT_EQ(mode(files->key), 0600U);
    EXPECT_EQ(mode(files->certificate), 0644U);
    EXPECT_EQ(text(files->key), "key\n");
    EXPECT_EQ(text(files->certificate), "certificate\n");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 2);
}

TEST_F(Files, FolderThatIsMissingIsNamed) {
    const auto files = write_files({"c", "k"}, folder / "missing", "server");
    ASSERT_FALSE(files);
    EXPECT_EQ(files.error().kind, ErrorKind::System);
    EXPECT_EQ(files.error().message, "cannot write " + (folder / "missing" / "server-cert.pem").string() +
                                         ": No such file or directory");
}

}  // namespace
}  // namespace pushsim::pki
