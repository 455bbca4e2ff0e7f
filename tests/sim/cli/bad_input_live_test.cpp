// What a person gets wrong about a stack that runs elsewhere: each is named, with the way out, and nothing is
// played.

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/core/clock.hpp"
#include "sim/pki/pki.hpp"
#include "tests/sim/cli/program.hpp"

namespace pushsim::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class BadInput : public ::testing::Test {
  protected:
    void bring_up(std::vector<std::string> options) {
        options.insert(options.begin(), {"stack", "up"});
        const Ended up = pushsim(place_, options);
        ASSERT_EQ(up.exit_code, 0) << up.out << up.err;
        up_ = up.out;
    }
    void TearDown() override { EXPECT_EQ(pushsim(place_, {"stack", "down"}).exit_code, 0); }

    /// `run` and `tenant` both end so, before an agent or a tenant has acted.
    void expect_named(const std::map<std::string, std::string>& changed, int exit_code,
                      const std::string& found, const std::string& mend) {
        place_.write("plain.yaml",
                     "scenario: plain\ntitle: T\nagents: {one: {enrol: {tpm_policy: {from_boot: [0]}}}}\n"
                     "script:\n  - attest: one\n    expect: {verdict: pass}\n");
        for (const std::vector<std::string>& command :
             {std::vector<std::string>{"run", "plain.yaml"}, {"tenant", "list"}}) {
            std::vector<std::string> words = command;
            for (const std::string& option : external_options(up_, changed))
                words.push_back(option);
            const Ended ended = pushsim(place_, words);
            EXPECT_EQ(ended.exit_code, exit_code) << ended.out << ended.err;
            EXPECT_THAT(ended.err, AllOf(HasSubstr(found), HasSubstr("mend: "), HasSubstr(mend)));
            EXPECT_THAT(ended.out, ::testing::Not(HasSubstr("no agent is enrolled")));
        }
        EXPECT_THAT(place_.read("runs/latest/history.jsonl"),
                    ::testing::Not(HasSubstr("\"kind\":\"exchange\"")));
    }

    Place place_;
    std::string up_;
};

TEST_F(BadInput, AboutCertificatesAndNames) {
    bring_up({});
    const pki::TestPki elsewhere(core::SystemClock().wall_now());
    const auto ca = *pki::write_certificate(elsewhere.ca_certificate_pem(), place_.path() / "their-ca.pem");
    const auto admin = *pki::write_files(
        elsewhere.issue(pki::CertificateKind::Admin, pki::Role::Client, {.common_name = "somebody"}),
        place_.path(), "somebody");
    const std::string verifier = value_of(up_, "verifier");

    expect_named({{"ca", ca.string()}}, 2,
                 "the verifier at " + verifier.substr(8) + ": its certificate does not verify: ",
                 "--ca wants the certificate of the CA that issued the server's; " + ca.string());
    // Another way to write 127.0.0.1, which the certificate does not bear.
    const std::string other_name = "127.1" + verifier.substr(verifier.rfind(':'));
    expect_named({{"verifier", other_name}}, 2,
                 "the verifier at " + other_name +
                     ": its certificate does not verify: host name mismatch: it is "
                     "for DNS:localhost, IP Address:127.0.0.1",
                 "--verifier wants a name or address that the certificate bears");
    expect_named({{"admin-cert", admin.certificate.string()}, {"admin-key", admin.key.string()}}, 2,
                 "the verifier at " + verifier.substr(8) + " does not take " + admin.certificate.string() +
                     " for an administrator's certificate: it ended the connection when it was shown",
                 "--admin-cert wants a client certificate of a CA in the verifier's trusted_client_ca");
}

TEST_F(BadInput, AVerifierInPullModeIsNoStackForAgentsThatPush) {
    bring_up({"--verifier-option", "mode=pull"});
    expect_named({}, 2, "is in pull mode: it answers GET /version with 200",
                 "set mode = push in its verifier.conf");
    const Ended kept = pushsim(place_, {"tenant", "list"});
    EXPECT_EQ(kept.exit_code, 2) << kept.err;
    EXPECT_THAT(kept.err, HasSubstr("is in pull mode"));
}

}  // namespace
}  // namespace pushsim::testing
