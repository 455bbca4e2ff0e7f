// The client of the tenant's calls, against servers of cpp-httplib.

#include "sim/stack/admin_client.hpp"

#include <atomic>
#include <memory>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include "sim/pki/pki.hpp"
#include "tests/sim/stack/listener.hpp"
#include "tests/sim/stack/support.hpp"

namespace pushsim::stack::test {
namespace {

using testing::HasSubstr;
using transport::FailureKind;

class AdminClientTest : public testing::Test {
  protected:
    void TearDown() override {
        if (server_) server_->stop();
        if (thread_.joinable()) thread_.join();
    }

    /// Serves with such a certificate; gives where.
    HostPort serve(pki::CertificateKind kind) {
        const auto files = *pki::write_files(
            pki_.issue(kind, pki::Role::Server,
                       {.common_name = "127.0.0.1", .dns = {"localhost"}, .ip = {"127.0.0.1"}}),
            folder_.path(), "server");
        return run(std::make_unique<httplib::SSLServer>(files.certificate.c_str(), files.key.c_str()));
    }
    HostPort serve_plain() { return run(std::make_unique<httplib::Server>()); }

    HostPort run(std::unique_ptr<httplib::Server> server) {
        server_ = std::move(server);
        server_->Get("/hello", [](const httplib::Request& request, httplib::Response& response) {
            response.set_header("X-Seen", request.get_header_value("X-Request-ID"));
            response.set_content("hello", "text/plain");
        });
        server_->Get("/slow", [this](const httplib::Request&, httplib::Response& response) {
            response.set_content_provider("text/plain", [this](std::size_t, httplib::DataSink& sink) {
                sink.write(".", 1);
                wait_for(std::chrono::milliseconds{20});
                return !stop_slow_;
            });
        });
        const int port = server_->bind_to_any_port("127.0.0.1");
        thread_ = std::thread([this] { server_->listen_after_bind(); });
        while (!server_->is_running())
            wait_for(std::chrono::milliseconds{1});
        return {"127.0.0.1", static_cast<std::uint16_t>(port)};
    }

    AdminClient client(const HostPort& where, Duration limit = std::chrono::seconds{20}) {
        const auto ca = *pki::write_certificate(pki_.ca_certificate_pem(), folder_.path() / "ca.pem");
        return AdminClient(where, TlsIdentity{.ca_file = ca, .certificate = {}, .key = {}}, clock_, limit);
    }
    static HttpRequest get(const std::string& target) {
        return {.method = "GET", .target = target, .headers = {{"X-Request-ID", "abc"}}, .body = {}};
    }

    TemporaryFolder folder_;
    core::SystemClock clock_;
    pki::TestPki pki_{clock_.wall_now()};
    std::unique_ptr<httplib::Server> server_;
    std::thread thread_;
    std::atomic<bool> stop_slow_{false};
};

TEST_F(AdminClientTest, CarriesRequestAndAnswerOverOneConnection) {
    auto to_server = client(serve(pki::CertificateKind::Valid));
    const Call first = to_server.exchange(get("/hello"));
    ASSERT_TRUE(first.outcome.response) << first.outcome.failure->message;
    EXPECT_EQ(first.outcome.response->status, 200);
    EXPECT_EQ(first.outcome.response->body, "hello");
    EXPECT_EQ(first.outcome.response->header("x-seen"), "abc");
    EXPECT_EQ(first.request.target, "/hello");
    EXPECT_FALSE(first.outcome.reused_connection);
    EXPECT_GT(first.outcome.timings.total, Duration::zero());
    EXPECT_TRUE(to_server.exchange(get("/hello")).outcome.reused_connection);
    EXPECT_EQ(to_server.exchange(get("/none")).outcome.response->status, 404);
}

TEST_F(AdminClientTest, SpeaksPlainHttpToo) {
    AdminClient plain(serve_plain(), std::nullopt, clock_);
    EXPECT_EQ(plain.exchange(get("/hello")).outcome.response->body, "hello");
}

TEST_F(AdminClientTest, CommonNameDoesNotStandInForAnAlternativeName) {
    auto to_server = client(serve(pki::CertificateKind::NoSan));
    const Call call = to_server.exchange(get("/hello"));
    ASSERT_TRUE(call.outcome.failure) << "the name stands in the subject alone";
    EXPECT_EQ(call.outcome.failure->kind, FailureKind::Certificate);
}

TEST_F(AdminClientTest, BadCertificatesAreRefusedWithTheReason) {
    for (const auto kind : {pki::CertificateKind::Expired, pki::CertificateKind::NotYetValid,
                            pki::CertificateKind::WrongCa, pki::CertificateKind::SelfSigned,
                            pki::CertificateKind::WrongName, pki::CertificateKind::WrongUsage}) {
        auto to_server = client(serve(kind));
        const Call call = to_server.exchange(get("/hello"));
        ASSERT_TRUE(call.outcome.failure) << pki::to_string(kind);
        EXPECT_EQ(call.outcome.failure->kind, FailureKind::Certificate) << pki::to_string(kind);
        EXPECT_THAT(call.outcome.failure->message, HasSubstr("its certificate does not verify: "));
        TearDown();
    }
}

TEST_F(AdminClientTest, DeclaredBadCertificateIsNotVerified) {
    const auto where = serve(pki::CertificateKind::Expired);
    AdminClient lenient(
        where, TlsIdentity{.ca_file = {}, .certificate = {}, .key = {}, .verify_server = false}, clock_);
    EXPECT_TRUE(lenient.exchange(get("/hello")).outcome.response);
}

TEST_F(AdminClientTest, AnswerThatDripsIsCutAtTheDeadlineOfTheWhole) {
    // Each read succeeds at once; only the sum is too long.
    auto to_server = client(serve(pki::CertificateKind::Valid), std::chrono::milliseconds{400});
    const Call call = to_server.exchange(get("/slow"));
    stop_slow_ = true;
    ASSERT_TRUE(call.outcome.failure);
    EXPECT_EQ(call.outcome.failure->kind, FailureKind::Timeout);
    EXPECT_THAT(call.outcome.failure->message, HasSubstr("no complete answer within 400ms"));
}

TEST_F(AdminClientTest, CutEndsTheExchangeUnderWayAndEveryLaterOne) {
    const Listener silent;
    auto to_server = client({"127.0.0.1", silent.port}, std::chrono::hours{1});
    std::thread cutting([&] {
        wait_for(std::chrono::milliseconds{20});  // before or within the exchange: both must end it
        to_server.cut();
    });
    const Call call = to_server.exchange(get("/hello"));
    cutting.join();
    ASSERT_TRUE(call.outcome.failure);
    EXPECT_EQ(call.outcome.failure->kind, FailureKind::Cancelled);
    EXPECT_EQ(to_server.exchange(get("/hello")).outcome.failure->kind, FailureKind::Cancelled);
}

TEST_F(AdminClientTest, CutWhileIdleRaisesNoSignalWhenTheConnectionCloses) {
    auto to_server = client(serve(pki::CertificateKind::Valid));
    ASSERT_TRUE(to_server.exchange(get("/hello")).outcome.response);
    to_server.cut();
}

TEST_F(AdminClientTest, ServerThatAcceptsAndSaysNothingIsGivenUp) {
    // A listening socket that nobody accepts from: the kernel connects, the handshake waits for ever.
    const Listener listener;
    auto to_server = client({"127.0.0.1", listener.port}, std::chrono::milliseconds{300});
    const Call call = to_server.exchange(get("/hello"));
    ASSERT_TRUE(call.outcome.failure);
    EXPECT_EQ(call.outcome.failure->kind, FailureKind::Timeout) << call.outcome.failure->message;
}

TEST_F(AdminClientTest, ServerThatClosesWithoutAnAnswerIsSaidToHaveDoneSo) {
    // What is not TLS at a port for TLS.
    AdminClient plain(serve(pki::CertificateKind::Valid), std::nullopt, clock_);
    const Call call = plain.exchange(get("/hello"));
    ASSERT_TRUE(call.outcome.failure);
    EXPECT_EQ(call.outcome.failure->kind, FailureKind::Closed);
    EXPECT_THAT(call.outcome.failure->message, HasSubstr(": closed without a complete answer"));
}

TEST_F(AdminClientTest, NobodyThereIsATransportErrorThatNamesTheServer) {
    auto to_server = client({"127.0.0.1", 1});
    const Call call = to_server.exchange(get("/hello"));
    const auto response = response_of(call, to_server.server());
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().kind, ErrorKind::Transport);
    EXPECT_THAT(response.error().message, HasSubstr("GET /hello at 127.0.0.1:1: "));
}

TEST_F(AdminClientTest, CertificateOfOursThatCannotBeReadIsNamed) {
    AdminClient broken(serve(pki::CertificateKind::Valid),
                       TlsIdentity{.ca_file = {}, .certificate = folder_.path() / "gone.pem", .key = "k.pem"},
                       clock_);
    const Call call = broken.exchange(get("/hello"));
    ASSERT_TRUE(call.outcome.failure);
    EXPECT_THAT(call.outcome.failure->message, HasSubstr("gone.pem"));
}

}  // namespace
}  // namespace pushsim::stack::test
