// Whom the transport trusts, and how it says that it does not.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "client.hpp"

namespace pushsim::transport::testing {
namespace {

using pki::CertificateKind;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Certificates : public ::testing::Test, public Client {
  public:
    Outcome meet(CertificateKind kind) {
        TestServer server(server_tls(kind), answer_always(ok("{}")));
        prefix = fmt::format("127.0.0.1:{}: ", server.port());
        const Outcome outcome = once(tls(server), post("secret"));
        return outcome;
    }
    std::string prefix;
};

TEST_F(Certificates, ValidIsAccepted) {
    const Outcome outcome = meet(CertificateKind::Valid);
    EXPECT_EQ(word(outcome), "answer 200") << message(outcome);
}

struct Refusal {
    CertificateKind kind;
    std::string reason;
};

void PrintTo(const Refusal& refusal, std::ostream* out) {
    *out << pki::to_string(refusal.kind);
}

class RefusedCertificates : public Certificates, public ::testing::WithParamInterface<Refusal> {};

TEST_P(RefusedCertificates, AreRefusedWithReasonAndPeer) {
    const Outcome outcome = meet(GetParam().kind);
    EXPECT_EQ(word(outcome), "certificate");
    EXPECT_THAT(message(outcome), StartsWith(prefix + "the server's certificate is not accepted: "));
    EXPECT_THAT(message(outcome), HasSubstr(GetParam().reason));
    EXPECT_THAT(message(outcome), HasSubstr("CN=test server"));
    EXPECT_FALSE(outcome.timings.tls);
    EXPECT_FALSE(outcome.timings.send);
}

INSTANTIATE_TEST_SUITE_P(
    Each, RefusedCertificates,
    ::testing::Values(Refusal{CertificateKind::Expired, "certificate has expired"},
                      Refusal{CertificateKind::NotYetValid, "certificate is not yet valid"},
                      Refusal{CertificateKind::WrongCa, "unable to get local issuer certificate"},
                      Refusal{CertificateKind::SelfSigned, "self-signed certificate"},
                      Refusal{CertificateKind::WrongName,
                              "host name mismatch: it is for DNS:wrong-name.invalid, IP "
                              "Address:192.0.2.1, '127.0.0.1' is wanted"},
                      Refusal{
                          CertificateKind::NoSan,
                          "host name mismatch: it has no subject alternative name, '127.0.0.1' is wanted"},
                      Refusal{CertificateKind::WrongUsage, "unsuitable certificate purpose"}),
    [](const auto& refusal) { return std::string(pki::to_string(refusal.param.kind)); });

TEST_F(Certificates, CommonNameNeverStandsInForASan) {
    const auto named = test_pki().issue(CertificateKind::NoSan, pki::Role::Server, {"localhost"});
    TestServer server(ServerTls{.credentials = named}, answer_always(ok("{}")));
    Endpoint endpoint = tls(server);
    endpoint.server_name = "localhost";
    const Outcome outcome = once(endpoint);
    EXPECT_EQ(word(outcome), "certificate");
    EXPECT_THAT(message(outcome),
                HasSubstr("no subject alternative name, 'localhost' is wanted (CN=localhost)"));
}

TEST_F(Certificates, AddressInADnsNameIsNotAnIpName) {
    const auto named = test_pki().issue(CertificateKind::Valid, pki::Role::Server, {"x", {"127.0.0.1"}, {}});
    TestServer server(ServerTls{.credentials = named}, answer_always(ok("{}")));
    const Outcome outcome = once(tls(server));
    EXPECT_EQ(word(outcome), "certificate") << message(outcome);
}

TEST_F(Certificates, NameToVerifyMayDifferFromTheAddress) {
    const auto named =
        test_pki().issue(CertificateKind::Valid, pki::Role::Server, {"x", {"verifier.example"}, {}});
    TestServer server(ServerTls{.credentials = named}, [](Peer& peer) {
        peer.read_request();
        peer.write(ok(peer.server_name() + " " + peer.tls_version()));
    });
    Endpoint endpoint = tls(server);
    endpoint.server_name = "verifier.example";
    const Outcome outcome = once(endpoint);
    ASSERT_TRUE(outcome.response) << message(outcome);
    EXPECT_EQ(outcome.response->body, "verifier.example TLSv1.3");  // the name is the SNI
}

TEST_F(Certificates, NoServerNameIsSentForAddresses) {
    TestServer server(server_tls(), [](Peer& peer) {
        peer.read_request();
        peer.write(ok("'" + peer.server_name() + "'"));
    });
    const Outcome outcome = once(tls(server));
    ASSERT_TRUE(outcome.response) << message(outcome);
    EXPECT_EQ(outcome.response->body, "''");
}

TEST_F(Certificates, Tls12IsAccepted) {
    TestServer server(ServerTls{.credentials = server_credentials(), .newest_version = TLS1_2_VERSION},
                      [](Peer& peer) {
                          peer.read_request();
                          peer.write(ok(peer.tls_version()));
                      });
    const Outcome outcome = once(tls(server));
    ASSERT_TRUE(outcome.response) << message(outcome);
    EXPECT_EQ(outcome.response->body, "TLSv1.2");
}

TEST_F(Certificates, Tls11IsRefused) {
    TestServer server(ServerTls{.credentials = server_credentials(), .newest_version = TLS1_1_VERSION},
                      answer_always(ok("{}")));
    const Outcome outcome = once(tls(server));
    EXPECT_EQ(word(outcome), "tls");
    EXPECT_THAT(message(outcome),
                AllOf(StartsWith(fmt::format("127.0.0.1:{}: TLS failed in the TLS handshake", server.port())),
                      HasSubstr("protocol version")));
}

TEST_F(Certificates, ClientCertificateIsShownWhereOneIsGiven) {
    TestServer server(
        ServerTls{.credentials = server_credentials(), .client_ca_pem = test_pki().ca_certificate_pem()},
        [](Peer& peer) {
            while (peer.read_request())
                peer.write(ok(peer.client_subject()));
        });
    const auto admin = test_pki().issue(CertificateKind::Admin, pki::Role::Client, {"the admin"});
    const auto identity = TlsIdentity::make({.ca_pem = test_pki().ca_certificate_pem(),
                                             .certificate_pem = admin.certificate_pem,
                                             .key_pem = admin.key_pem});
    ASSERT_TRUE(identity) << identity.error().text();
    const Outcome with = once(tls(server), get(), {}, *identity);
    ASSERT_TRUE(with.response) << message(with);
    EXPECT_EQ(with.response->body, "/CN=the admin");
    const Outcome without = once(tls(server));
    ASSERT_TRUE(without.response) << message(without);
    EXPECT_EQ(without.response->body, "");
}

TEST_F(Certificates, RefusedClientCertificateIsATlsFailure) {
    TestServer server(
        ServerTls{.credentials = server_credentials(), .client_ca_pem = test_pki().ca_certificate_pem()},
        answer_always(ok("{}")));
    const auto stranger = test_pki().issue(CertificateKind::WrongCa, pki::Role::Client, {"a stranger"});
    const auto identity = TlsIdentity::make({.ca_pem = test_pki().ca_certificate_pem(),
                                             .certificate_pem = stranger.certificate_pem,
                                             .key_pem = stranger.key_pem});
    ASSERT_TRUE(identity) << identity.error().text();
    const Outcome outcome = once(tls(server), get(), {}, *identity);
    EXPECT_EQ(word(outcome), "tls");
    EXPECT_THAT(message(outcome), HasSubstr("alert unknown ca"));
}

}  // namespace
}  // namespace pushsim::transport::testing
