#include "sim/kind/certificates.hpp"

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "agent/base/bytes.hpp"
#include "tests/sim/pki/strict_verifier.hpp"
#include "tests/sim/stack/support.hpp"

namespace pushsim::kind {
namespace {

namespace fs = std::filesystem;
using pki::Role;
using pki::test::verify;
using ::testing::HasSubstr;
using ::testing::Not;

const WallTime kNow{std::chrono::seconds{1'790'000'000}};

std::string read(const fs::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

class ClusterCertificates : public ::testing::Test {
  protected:
    CertificateFiles make(const std::vector<std::string>& more = {}, WallTime now = kNow) {
        const auto made = make_certificates(folder, more, now);
        EXPECT_TRUE(made) << made.error().text();
        return made.value_or(CertificateFiles{});
    }
    std::string error(const std::vector<std::string>& more = {}, WallTime now = kNow) {
        const auto made = make_certificates(folder, more, now);
        return made ? "" : made.error().text();
    }

    const stack::test::TemporaryFolder temporary;
    const fs::path folder = temporary.path() / "certs";
};

TEST_F(ClusterCertificates, ServersHaveTheNamesThatBothClustersAndThisMachineCallThemBy) {
    const CertificateFiles files = make({"keylime.example", "172.18.0.1"});
    const std::string ca = read(files.ca), verifier = read(files.verifier / "tls.crt");
    for (const char* name : {"localhost", "keylime-infra-control-plane", "host.docker.internal", "verifier",
                             "verifier.keylime.svc", "keylime.example"})
        EXPECT_EQ(verify(ca, verifier, Role::Server, kNow, name), X509_V_OK) << name;
    for (const char* address : {"127.0.0.1", "::1", "172.18.0.1"})
        EXPECT_EQ(verify(ca, verifier, Role::Server, kNow, "", address), X509_V_OK) << address;
    EXPECT_EQ(verify(ca, verifier, Role::Server, kNow, "registrar"), X509_V_ERR_HOSTNAME_MISMATCH);
    EXPECT_EQ(verify(ca, read(files.registrar / "tls.crt"), Role::Server, kNow, "registrar.keylime.svc"),
              X509_V_OK);
    EXPECT_EQ(verify(ca, read(files.tenant / "tls.crt"), Role::Client, kNow, ""), X509_V_OK);
    EXPECT_NE(verify(ca, read(files.tenant / "tls.crt"), Role::Server, kNow, ""), X509_V_OK);
}

TEST_F(ClusterCertificates, AreRenewedByTheSameCa) {
    const CertificateFiles first = make();
    EXPECT_TRUE(first.ca_is_new);
    const std::string ca = read(first.ca), before = read(first.verifier / "tls.crt");
    const WallTime later = kNow + std::chrono::days{500};  // the first ones have expired
    EXPECT_NE(verify(ca, before, Role::Server, later, "verifier"), X509_V_OK);
    const CertificateFiles second = make({}, later);
    EXPECT_FALSE(second.ca_is_new);
    EXPECT_EQ(read(second.ca), ca);
    EXPECT_EQ(verify(ca, read(second.verifier / "tls.crt"), Role::Server, later, "verifier"), X509_V_OK);
}

TEST_F(ClusterCertificates, OneServersIsRenewedForAllItsNamesAndTheOthersStay) {
    const CertificateFiles files = make({"192.0.2.7", "more.example"});
    const std::string ca = read(files.ca), before = read(files.verifier / "tls.crt"),
                      other = read(files.registrar / "tls.crt"), tenant = read(files.tenant / "tls.crt");
    const WallTime later = kNow + std::chrono::days{500};
    const auto renewed = renew_certificate(files.infra_secrets.parent_path(), "verifier", later);
    ASSERT_TRUE(renewed) << renewed.error().text();
    const std::string after = read(files.verifier / "tls.crt");
    EXPECT_EQ(renewed->serial, pki::serial_of(after));
    EXPECT_NE(renewed->serial, pki::serial_of(before));
    for (const std::string name : {"verifier", "keylime-infra-control-plane", "more.example"})
        EXPECT_EQ(verify(ca, after, Role::Server, later, name), X509_V_OK) << name;
    EXPECT_EQ(read(files.registrar / "tls.crt"), other);
    EXPECT_EQ(read(files.tenant / "tls.crt"), tenant);
    const std::string secrets = read(renewed->secrets);
    const auto encoded = [](const std::string& text) {
        return to_base64(ByteView(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
    };
    for (const std::string& text : {after, other, tenant, read(files.verifier / "tls.key")})
        EXPECT_THAT(secrets, HasSubstr(encoded(text)));
    EXPECT_THAT(secrets, Not(HasSubstr(encoded(before))));
}

TEST_F(ClusterCertificates, KeysAreForTheirOwnerAndTheKeyOfTheCaLeavesNot) {
    const CertificateFiles files = make();
    const auto mode = [](const fs::path& file) {
        struct stat about {};
        EXPECT_EQ(::stat(file.c_str(), &about), 0) << file;
        return about.st_mode & 0777U;
    };
    EXPECT_EQ(mode(folder), 0700U);
    for (const fs::path& file : {folder / "ca" / "ca.key", files.verifier / "tls.key", files.infra_secrets})
        EXPECT_EQ(mode(file), 0600U) << file;
    const std::string key = read(folder / "ca" / "ca.key");
    const ByteView octets(reinterpret_cast<const std::uint8_t*>(key.data()), key.size());
    EXPECT_THAT(read(files.infra_secrets), Not(HasSubstr(to_base64(octets))));
    const std::string agents = read(files.agents_secret);
    EXPECT_THAT(agents, HasSubstr("name: keylime-ca"));
    EXPECT_THAT(agents, Not(HasSubstr("key:")));
    EXPECT_THAT(agents, Not(HasSubstr(to_base64(octets))));
}

TEST_F(ClusterCertificates, WhatCannotBeIsNamedWithTheWayOut) {
    EXPECT_THAT(error({"a b"}), HasSubstr("'a b' is neither a host name nor an IP address"));
    EXPECT_FALSE(fs::exists(folder)) << "nothing is made of wrong names";
    make();
    EXPECT_THAT(error({}, kNow + std::chrono::days{4000}), HasSubstr("has expired"));
    std::ofstream(folder / "ca" / "ca.key") << "no key";
    const std::string broken = error();
    EXPECT_THAT(broken, HasSubstr((folder / "ca" / "ca.crt").string()));
    EXPECT_THAT(broken, HasSubstr("remove " + (folder / "ca").string()));
}

}  // namespace
}  // namespace pushsim::kind
