// What an external stack is configured with, beside what scenarios want.

#include "sim/cli/configured.hpp"

#include <gmock/gmock.h>

#include "sim/scenario/loader.hpp"
#include "tests/sim/cli/program.hpp"

namespace pushsim::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

cli::Configured configured(const std::string& verifier, const std::string& registrar = "") {
    cli::Configured all{stack::FoundConfig("verifier.conf"), std::nullopt};
    EXPECT_TRUE(all.verifier->add(verifier, "verifier.conf"));
    if (registrar.empty()) return all;
    all.registrar = stack::FoundConfig("registrar.conf");
    EXPECT_TRUE(all.registrar->add(registrar, "registrar.conf"));
    return all;
}

/// `stack:` as a scenario has it.
scenario::StackOptions wanted(const std::string& stack) {
    const auto loaded = scenario::load_text(
        "scenario: s\nstack: " + stack + "\nagents: { a: ~ }\nscript: [ attest ]\nexpect: [ accounted ]\n",
        "s.yaml");
    EXPECT_TRUE(loaded.ok()) << loaded.text();
    return loaded.ok() ? loaded.scenarios.front().stack : scenario::StackOptions{};
}

std::string why_not(const std::string& stack, const cli::Configured& there) {
    return cli::why_not_as_wanted(there, wanted(stack)).value_or("played");
}

TEST(Configured, WhatIsConfiguredAsWantedIsPlayed) {
    const auto there = configured(
        "[verifier]\nquote_interval = 0\nsession_create_rate_limit_per_ip = 10000\n"
        "max_workers = 4\nmode = \"push\"\nextend_token_on_attestation = no\n"
        "retry_interval = 0.50\n[revocations]\nenabled_revocation_notifications = []\n",
        "[registrar]\ntpm_identity = ek_cert\n");
    for (const char* stack :
         {"{}", "{ verifier: { quote_interval: 0s, session_create_rate_limit_per_ip: 10000 } }",
          "{ verifier: { mode: push } }", "{ workers: 4 }",
          "{ verifier: { extend_token_on_attestation: false } }",
          "{ verifier: { challenge_lifetime: null } }", "{ verifier: { retry_interval: 500ms } }",
          "{ verifier: { enabled_revocation_notifications: '[]' } }",
          "{ registrar: { tpm_identity: ek_cert, malformed_cert_action: null } }"})
        EXPECT_EQ(why_not(stack, there), "played") << stack;
}

TEST(Configured, TheFirstOptionThatDiffersIsNamedWithWhatItIs) {
    const auto there = configured(
        "[verifier]\nquote_interval = 60\nmax_workers = 1\nchallenge_lifetime = 1800\n"
        "extend_token_on_attestation = perhaps\nsession_lifetime =\n"
        "[revocations]\nenabled_revocation_notifications = ['agent']\n",
        "[registrar]\ntpm_identity = default\n");
    const std::pair<const char*, const char*> all[] = {
        {"{ verifier: { quote_interval: 0s } }", "it wants quote_interval = 0, and verifier.conf says 60"},
        {"{ verifier: { quote_interval: 2m, challenge_lifetime: 30m } }",
         "it wants quote_interval = 120, and verifier.conf says 60"},
        {"{ verifier: { quote_interval: null } }",
         "it wants quote_interval left out, and verifier.conf says 60"},
        {"{ verifier: { nonce_lifetime: 4s } }",
         "it wants nonce_lifetime = 4, and verifier.conf leaves it out"},
        {"{ verifier: { extend_token_on_attestation: true } }",
         "it wants extend_token_on_attestation = True, and verifier.conf says perhaps"},
        {"{ verifier: { session_lifetime: 5s } }",
         "it wants session_lifetime = 5, and verifier.conf gives it no value"},
        {"{ verifier: { quote_interval: '60.0', raw: true } }",
         "it wants quote_interval = 60.0, and verifier.conf says 60"},
        {"{ verifier: { enabled_revocation_notifications: null } }",
         "it wants enabled_revocation_notifications left out, and verifier.conf says ['agent']"},
        {"{ workers: 4 }", "it wants max_workers = 4, and verifier.conf says 1"},
        {"{ registrar: { tpm_identity: ek_cert } }",
         "it wants tpm_identity = ek_cert, and registrar.conf says default"}};
    for (const auto& [stack, why] : all)
        EXPECT_EQ(why_not(stack, there), why);
}

TEST(Configured, WithoutItsFileNothingIsKnownOfAServerAndTheWayOutIsNamed) {
    EXPECT_EQ(
        why_not("{ registrar: { tpm_identity: ek_cert } }", configured("[verifier]\n")),
        "it wants options of the registrar, and an external stack is taken as it is; --registrar-conf says "
        "how that one is configured");
    EXPECT_THAT(why_not("{ workers: 4 }", {}), HasSubstr("--verifier-conf says"));
    EXPECT_EQ(why_not("{}", {}), "played");
}

TEST(Configured, WhatMayBeAPasswordIsNotShown) {
    const auto there = configured("[verifier]\nserver_key_password = Hush1\n");
    const std::string why = why_not("{ verifier: { server_key_password: x, raw: true } }", there);
    EXPECT_EQ(why, "it wants server_key_password = x, and verifier.conf says otherwise");
}

TEST(Usage, AConfigurationThatCannotBeReadEndsTheRunBeforeItBegins) {
    const Place place;
    for (const char* file : {"ca.pem", "cert.pem", "key.pem"})
        place.write(file, "x");
    place.write("verifier.conf", "[verifier]\nmode\n");
    const auto run = [&](const std::string& option, const std::string& file) {
        return pushsim(
            place, {"run", scenario_file("honest-agent"), "--stack", "external", "--verifier", "127.0.0.1:1",
                    "--registrar", "127.0.0.1:1", "--registrar-tls", "127.0.0.1:1", "--ca", "ca.pem",
                    "--admin-cert", "cert.pem", "--admin-key", "key.pem", option, file});
    };
    const Ended bad = run("--verifier-conf", "verifier.conf");
    EXPECT_EQ(bad.exit_code, 2);
    EXPECT_THAT(bad.err, HasSubstr("pushsim: --verifier-conf: verifier.conf:2: this is neither"));
    EXPECT_THAT(bad.err, HasSubstr("mend: "));
    const Ended missing = run("--registrar-conf", "registrar.conf");
    EXPECT_EQ(missing.exit_code, 2);
    EXPECT_THAT(missing.err, HasSubstr("--registrar-conf: cannot read registrar.conf: No such file"));
    EXPECT_FALSE(place.has("runs"));

    const Ended local = pushsim(place, {"run", "x.yaml", "--verifier-conf", "verifier.conf"});
    EXPECT_EQ(local.exit_code, 2);
    EXPECT_THAT(local.err, HasSubstr("--verifier-conf is about an external stack: add --stack external"));
    // Only what plays scenarios has it.
    EXPECT_THAT(pushsim(place, {"doctor", "--help"}).out, Not(HasSubstr("--verifier-conf")));
}

}  // namespace
}  // namespace pushsim::testing
