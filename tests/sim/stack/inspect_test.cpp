// What is asked of a stack that runs already, against scripted servers. They stand in for nothing but the
// answers that a real one would have to be broken, old or ill configured to give.

#include "sim/stack/inspect.hpp"

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include "sim/pki/pki.hpp"
#include "sim/stack/process.hpp"
#include "tests/sim/stack/support.hpp"

namespace pushsim::stack::test {
namespace {

using testing::HasSubstr;

/// Serves in a thread of its own until it goes.
class Serving {
  public:
    explicit Serving(std::unique_ptr<httplib::Server> server) : server_(std::move(server)) {
        where_ = {"127.0.0.1", static_cast<std::uint16_t>(server_->bind_to_any_port("127.0.0.1"))};
        thread_ = std::thread([this] { server_->listen_after_bind(); });
        while (!server_->is_running())
            wait_for(std::chrono::milliseconds{1});
    }
    ~Serving() {
        server_->stop();
        thread_.join();
    }
    const HostPort& where() const { return where_; }

  private:
    std::unique_ptr<httplib::Server> server_;
    HostPort where_;
    std::thread thread_;
};

class Inspect : public testing::Test {
  protected:
    pki::CredentialFiles issue(pki::CertificateKind kind, pki::Role role, const std::string& name) {
        return *pki::write_files(
            pki_.issue(kind, role, {.common_name = name, .dns = {"localhost"}, .ip = {"127.0.0.1"}}),
            folder_.path(), name);
    }

    std::unique_ptr<httplib::Server> tls_server(pki::CertificateKind kind) {
        const auto files = issue(kind, pki::Role::Server, "server");
        return std::make_unique<httplib::SSLServer>(files.certificate.c_str(), files.key.c_str());
    }

    /// The stack as the members below describe it, inspected.
    Result<StackAddress> inspected() {
        const auto ca = *pki::write_certificate(pki_.ca_certificate_pem(), folder_.path() / "ca.pem");
        auto plain = std::make_unique<httplib::Server>();
        auto registrar = tls_server(pki::CertificateKind::Valid);
        for (auto* server : {plain.get(), registrar.get()}) {
            server->Get("/version", [this](const httplib::Request&, httplib::Response& response) {
                response.set_content(versions_, "application/json");
            });
        }
        auto verifier = tls_server(certificate_);
        verifier->Get("/version", [this](const httplib::Request&, httplib::Response& response) {
            response.status = mode_;
            response.set_content("{}", "application/json");
        });
        verifier->Get("/v3.0/sessions", [this](const httplib::Request&, httplib::Response& response) {
            response.status = sessions_;
        });
        for (auto* server : {verifier.get(), registrar.get()}) {
            server->Get(R"(/v([0-9.]+)/agents/?)",
                        [this](const httplib::Request& request, httplib::Response& response) {
                            const std::string version = request.matches[1];
                            response.status = version <= newest_ ? admin_ : 404;
                        });
        }
        const Serving serving_plain(std::move(plain)), serving_verifier(std::move(verifier)),
            serving_registrar(std::move(registrar));
        const auto admin = issue(pki::CertificateKind::Admin, pki::Role::Client, "admin");
        StackAddress address;
        address.kind = "external";
        address.registrar_http = serving_plain.where();
        address.verifier = serving_verifier.where();
        address.registrar_tls = serving_registrar.where();
        address.ca_file = other_ca_.empty() ? ca : other_ca_;
        address.admin_certificate = admin.certificate;
        address.admin_key = admin.key;
        change_(address);
        return inspect(address, clock_);
    }

    static std::string versions(const std::string& list) {
        return R"({"code":200,"status":"Success","results":{"current_version":"9.9","supported_versions":[)" +
               list + "]}}";
    }

    void expect_refused(ErrorKind kind, const std::string& found, const std::string& mend) {
        const auto result = inspected();
        ASSERT_FALSE(result) << found;
        EXPECT_EQ(result.error().kind, kind) << result.error().text();
        EXPECT_THAT(result.error().message, HasSubstr(found));
        EXPECT_THAT(result.error().mend, HasSubstr(mend));
    }

    TemporaryFolder folder_;
    core::SystemClock clock_;
    pki::TestPki pki_{clock_.wall_now()};
    // The servers' side.
    std::string versions_ = versions(R"("1.0","2.0","2.1","2.2","2.3","2.4","2.5","2.6","3.0")");
    std::string newest_ = "2.6";  ///< that is served
    int mode_ = 410;              ///< the verifier's answer to GET /version
    int sessions_ = 405;          // they are POSTed
    int admin_ = 200;             ///< the answer to a list of agents
    pki::CertificateKind certificate_ = pki::CertificateKind::Valid;
    // Ours.
    std::filesystem::path other_ca_;  ///< trusted instead of the servers'
    std::function<void(StackAddress&)> change_ = [](StackAddress&) {};
};

TEST_F(Inspect, TheNewestVersionThatAllKnowIsUsed) {
    const auto newest = inspected();
    ASSERT_TRUE(newest) << newest.error().text();
    EXPECT_EQ(newest->api_version, "2.6");

    versions_ = versions(R"("2.0","2.1","2.4","3.0","9.9")");
    newest_ = "2.4";
    const auto older = inspected();
    ASSERT_TRUE(older) << older.error().text();
    EXPECT_EQ(older->api_version, "2.4");
}

TEST_F(Inspect, AVerifierOlderThanItsRegistrarIsSpokenToAsItUnderstands) {
    newest_ = "2.5";
    const auto found = inspected();
    ASSERT_TRUE(found) << found.error().text();
    EXPECT_EQ(found->api_version, "2.5");
}

TEST_F(Inspect, ServersWithoutACommonVersionAreNamedWithTheirs) {
    versions_ = versions(R"("1.0","2.0","3.0")");
    expect_refused(ErrorKind::Config,
                   "serves other API versions than we speak: 1.0, 2.0, 3.0, and not 2.1 to 2.6",
                   "use a Keylime 7.14");
    versions_ = versions(R"("2.6")");
    newest_ = "2.0";
    expect_refused(ErrorKind::Config, "none that the registrar serves", "use a Keylime 7.14");
}

TEST_F(Inspect, AVerifierInPullModeIsNamed) {
    mode_ = 200;
    expect_refused(ErrorKind::Config, "is in pull mode", "set mode = push in its verifier.conf");
}

TEST_F(Inspect, ARegistrarIsNotTakenForAVerifierInPullMode) {
    mode_ = 200;
    sessions_ = 404;
    expect_refused(ErrorKind::Stack, "has no sessions, as no verifier of Keylime does: it is a registrar",
                   "is --verifier its host and port?");
}

TEST_F(Inspect, WhatHasNoSessionsIsNoVerifierInPushMode) {
    mode_ = 410;
    sessions_ = 404;
    expect_refused(ErrorKind::Stack,
                   "as a verifier in push mode does, but GET /v3.0/sessions with 404, where a verifier of "
                   "Keylime 7.14 has 405",
                   "is --verifier its host and port?");
}

TEST_F(Inspect, AVerifierThatIsTooBusyToSayIsNotSaidToHaveNoSessions) {
    mode_ = 410;
    sessions_ = 503;
    expect_refused(ErrorKind::Stack, "but GET /v3.0/sessions with 503, where", "A busy one: try again");
}

TEST_F(Inspect, PortsThatAreSwappedAreNamedWithWhatIsRight) {
    std::string right;
    change_ = [&](StackAddress& address) {
        right = "--verifier " + address.verifier.text() + " --registrar-tls " + address.registrar_tls.text();
        std::swap(address.verifier, address.registrar_tls);
    };
    const auto result = inspected();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::Config);
    EXPECT_THAT(result.error().message, HasSubstr("--verifier and --registrar-tls are swapped"));
    EXPECT_EQ(result.error().mend, right);
}

TEST_F(Inspect, AVerifierIsNotTakenForTheRegistrarAlthoughItListsAgents) {
    change_ = [](StackAddress& address) { address.registrar_tls = address.verifier; };
    expect_refused(ErrorKind::Stack, "has sessions, as no registrar of Keylime does: it is a verifier",
                   "is --registrar-tls its port for TLS?");
}

TEST_F(Inspect, WhatIsNoVerifierOrNoRegistrarIsNamed) {
    mode_ = 404;
    expect_refused(ErrorKind::Stack, "answered GET /version with 404, as no verifier of Keylime does",
                   "is --verifier its host and port?");
    mode_ = 410;
    versions_ = "<html>";
    expect_refused(ErrorKind::Stack, "answered GET /version with 200, as no registrar of Keylime does",
                   "is --registrar its host and port?");
    versions_ = versions(R"("2.6")");
    admin_ = 500;
    expect_refused(ErrorKind::Stack, "answered GET /v2.6/agents/ with 500, as no verifier of Keylime does",
                   "is --verifier its host and port?");
}

TEST_F(Inspect, ACertificateThatIsNoAdministratorsIsNamed) {
    admin_ = 403;
    expect_refused(ErrorKind::Config, "admin-cert.pem for an administrator's certificate: it answers 403",
                   "--admin-cert wants a client certificate of a CA in the verifier's trusted_client_ca");
}

TEST_F(Inspect, ANameThatTheCertificateDoesNotBearIsNamedWithThoseItBears) {
    certificate_ = pki::CertificateKind::WrongName;
    expect_refused(ErrorKind::Config, "host name mismatch: it is for DNS:wrong-name.invalid",
                   "--verifier wants a name or address that the certificate bears");
    certificate_ = pki::CertificateKind::NoSan;
    expect_refused(ErrorKind::Config, "it has no subject alternative name, '127.0.0.1' is wanted",
                   "--verifier");
}

TEST_F(Inspect, AWrongCaIsNamedWithTheFile) {
    other_ca_ = *pki::write_certificate(pki_.foreign_ca_certificate_pem(), folder_.path() / "other-ca.pem");
    expect_refused(ErrorKind::Config, "its certificate does not verify: ", "other-ca.pem was given");
}

TEST_F(Inspect, APortThatDoesNotSpeakTlsIsNamed) {
    change_ = [](StackAddress& address) { address.verifier = address.registrar_http; };
    expect_refused(ErrorKind::Stack, "the verifier at 127.0.0.1:", "is --verifier its port for TLS?");
    change_ = [](StackAddress& address) { address.registrar_tls = address.registrar_http; };
    expect_refused(ErrorKind::Stack, "the registrar at 127.0.0.1:", "is --registrar-tls its port for TLS?");
}

TEST_F(Inspect, AKeyThatIsNotTheCertificatesIsNamed) {
    change_ = [this](StackAddress& address) {
        address.admin_key = issue(pki::CertificateKind::Admin, pki::Role::Client, "another").key;
    };
    expect_refused(ErrorKind::Config, "another-key.pem: is not the key of the certificate",
                   "want PEM files that belong together");
}

TEST_F(Inspect, ServersThatNobodyCanConnectToAreLeftToWhoeverNeedsThem) {
    change_ = [](StackAddress& address) {
        address.verifier = address.registrar_http = address.registrar_tls = {"127.0.0.1", 1};
    };
    const auto found = inspected();
    ASSERT_TRUE(found) << found.error().text();
    EXPECT_EQ(found->api_version, "2.6");
}

}  // namespace
}  // namespace pushsim::stack::test
