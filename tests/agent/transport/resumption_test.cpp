// TLS sessions that go on in the next connection, against OpenSSL's own server.

#include <atomic>

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "client.hpp"

namespace pushsim::transport::testing {
namespace {

using pki::CertificateKind;

/// By the newest version of TLS that the server speaks.
class Resumption : public ::testing::TestWithParam<int>, public Client {
  protected:
    static constexpr ConnectionOptions kResuming{.keep_alive = false, .resume_sessions = true};

    static ServerTls settings(CertificateKind kind = CertificateKind::Valid) {
        return {.credentials = server_credentials(kind), .newest_version = GetParam()};
    }
    std::string resumed(Connection& connection) {
        const Outcome outcome = exchange(connection, get());
        if (!outcome.response) return word(outcome);
        EXPECT_EQ(outcome.resumed_session, server_resumed_.load());
        return outcome.resumed_session ? "resumed" : "new";
    }

    std::atomic<bool> server_resumed_{false};
    TestServer server{settings(), [this](Peer& peer) {
                          server_resumed_ = peer.resumed();
                          while (peer.read_request() && peer.write(ok("{}"))) {
                          }
                      }};
};

TEST_P(Resumption, EachSocketContinuesTheSessionOfTheOneBefore) {
    Connection connection(loop, tls(server), trusting_identity(), kResuming);
    EXPECT_EQ(resumed(connection), "new");
    EXPECT_EQ(resumed(connection), "resumed");
    EXPECT_EQ(resumed(connection), "resumed");
    EXPECT_EQ(connection.connections_made(), 3);
}

TEST_P(Resumption, IsNotDoneUnasked) {
    Connection connection(loop, tls(server), trusting_identity(), {.keep_alive = false});
    EXPECT_EQ(resumed(connection), "new");
    EXPECT_EQ(resumed(connection), "new");
}

TEST_P(Resumption, IsToldOfTheExchangeWithTheHandshakeAlone) {
    Connection connection(loop, tls(server), trusting_identity(), {.resume_sessions = true});
    EXPECT_EQ(resumed(connection), "new");
    connection.close();
    EXPECT_EQ(resumed(connection), "resumed");
    const Outcome next = exchange(connection, get());
    EXPECT_TRUE(next.reused_connection);
    EXPECT_FALSE(next.resumed_session);
}

TEST_P(Resumption, ASessionThatIsRefusedIsDroppedForANewOne) {
    Connection connection(loop, tls(server), trusting_identity(), kResuming);
    EXPECT_EQ(resumed(connection), "new");
    server.show(settings());  // as if it had been started again
    EXPECT_EQ(resumed(connection), "new");
    EXPECT_EQ(resumed(connection), "resumed");
}

TEST_P(Resumption, AServerThatRefusesTheSessionIsVerifiedAnew) {
    Connection connection(loop, tls(server), trusting_identity(), kResuming);
    EXPECT_EQ(resumed(connection), "new");
    for (const auto kind : {CertificateKind::WrongName, CertificateKind::WrongCa, CertificateKind::Expired}) {
        server.show(settings(kind));
        EXPECT_EQ(resumed(connection), "certificate") << to_string(kind);
    }
    server.show(settings());
    EXPECT_EQ(resumed(connection), "new");
}

TEST_P(Resumption, ASessionIsOfOneNameAlone) {
    Connection right(loop, tls(server), trusting_identity(), kResuming);
    EXPECT_EQ(resumed(right), "new");
    Endpoint elsewhere = tls(server);
    elsewhere.server_name = "elsewhere.invalid";
    Connection wrong(loop, elsewhere, trusting_identity(), kResuming);
    EXPECT_EQ(resumed(wrong), "certificate");
    EXPECT_EQ(resumed(right), "resumed");
    EXPECT_EQ(resumed(wrong), "certificate");
}

TEST_P(Resumption, ConnectionsDoNotShareASession) {
    Connection first(loop, tls(server), trusting_identity(), kResuming);
    Connection second(loop, tls(server), trusting_identity(), kResuming);
    EXPECT_EQ(resumed(first), "new");
    EXPECT_EQ(resumed(second), "new");
}

INSTANTIATE_TEST_SUITE_P(Versions, Resumption, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) {
                             return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
                         });

}  // namespace
}  // namespace pushsim::transport::testing
