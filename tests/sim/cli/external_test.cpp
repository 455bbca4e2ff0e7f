// Stacks that are elsewhere: what is needed to go there, and what comes of nobody being there.

#include <gmock/gmock.h>

#include "sim/core/clock.hpp"
#include "sim/pki/pki.hpp"
#include "tests/sim/cli/program.hpp"

namespace pushsim::testing {
namespace {

using ::testing::HasSubstr;

/// The options of an external stack where nobody listens; the registrar's HTTP port as given.
std::vector<std::string> nobody_there(const Place& place, const std::string& registrar) {
    const pki::TestPki pki(core::SystemClock().wall_now());
    const auto ca = *pki::write_certificate(pki.ca_certificate_pem(), place.path() / "ca.pem");
    const auto admin =
        *pki::write_files(pki.issue(pki::CertificateKind::Admin, pki::Role::Client, {.common_name = "admin"}),
                          place.path(), "admin");
    return {"--stack",     "external",        "--verifier",      "127.0.0.1:1",
            "--registrar", registrar,         "--registrar-tls", "127.0.0.1:1",
            "--ca",        ca.string(),       "--admin-cert",    admin.certificate.string(),
            "--admin-key", admin.key.string()};
}

TEST(CommandLine, AnExternalStackNeedsAllItsOptions) {
    const Place place;
    const Ended run = pushsim(
        place, {"run", scenario_file("honest-agent"), "--stack", "external", "--verifier", "127.0.0.1:1"});
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_THAT(run.err, HasSubstr("--stack external needs --registrar"));
}

TEST(CommandLine, FaultsAndCrowdsForServersElsewhereNeedLeave) {
    const Place place;
    const std::string agents = "scenario: s\nagents: { a: { count: 11 } }\n";
    place.write("crowd.yaml", agents + "script: [ attest ]\nexpect: [ accounted ]\n");
    place.write("fault.yaml",
                "scenario: f\nagents: { a: ~ }\nscript: [ attest: { faults: [ no_token ] } ]\n"
                "expect: [ accounted ]\n");
    place.write("raw.yaml",
                "scenario: r\nagents: { a: ~ }\nscript: [ request: { path: /version }, attest ]\n"
                "expect: [ accounted ]\n");
    for (const char* file : {"ca.pem", "cert.pem", "key.pem"})
        place.write(file, "x");
    place.write("quick.yaml",
                "scenario: q\nagents: { a: ~ }\nscript: [ attest: { times: 2, every: 1ms } ]\n"
                "expect: [ accounted ]\n");
    place.write("nested.yaml",
                "scenario: n\nagents: { a: ~ }\nscript: [ repeat: { times: 40, steps: [ repeat: { times: 50, "
                "steps: [ attest ] } ] } ]\nexpect: [ accounted ]\n");
    const auto run = [&](const std::string& scenario, const std::vector<std::string>& hosts,
                         const std::string& registrar = "192.0.2.1") {
        // Of the addresses for documentation (RFC 5737): nobody is there.
        std::vector<std::string> words{"run",
                                       scenario,
                                       "--stack",
                                       "external",
                                       "--verifier",
                                       "192.0.2.1:8881",
                                       "--registrar",
                                       registrar + ":8890",
                                       "--registrar-tls",
                                       registrar + ":8891",
                                       "--ca",
                                       "ca.pem",
                                       "--admin-cert",
                                       "cert.pem",
                                       "--admin-key",
                                       "key.pem"};
        for (const std::string& host : hosts)
            words.insert(words.end(), {"--i-may-break", host});
        return pushsim(place, words);
    };
    for (const auto& [scenario, harm] :
         {std::pair{"crowd.yaml", "11 agents at a time"}, std::pair{"fault.yaml", "faults: no_token"},
          std::pair{"raw.yaml", "raw requests"}, std::pair{"quick.yaml", "1000 attestations a second"},
          std::pair{"nested.yaml", "2000 acts of agents"}}) {
        const Ended refused = run(scenario, {});
        EXPECT_EQ(refused.exit_code, 2);
        EXPECT_THAT(refused.err, HasSubstr(std::string("this would bring to 192.0.2.1: ") + harm));
        EXPECT_THAT(refused.err, HasSubstr("--i-may-break 192.0.2.1\n"));
    }
    EXPECT_EQ(run("crowd.yaml", {"192.0.2.2"}).exit_code, 2);

    // Servers on several hosts: each is named, and what is on loopback need not be.
    const Ended two = run("raw.yaml", {}, "192.0.2.2");
    EXPECT_THAT(two.err, HasSubstr("would bring to 192.0.2.1 and 192.0.2.2: raw requests"));
    EXPECT_THAT(two.err, HasSubstr("--i-may-break 192.0.2.1 --i-may-break 192.0.2.2\n"));
    EXPECT_THAT(run("raw.yaml", {"192.0.2.1"}, "192.0.2.2").err, HasSubstr("would bring to 192.0.2.2: raw"));
    EXPECT_THAT(run("raw.yaml", {}, "127.0.0.1").err, HasSubstr("would bring to 192.0.2.1: raw"));
}

TEST(Usage, AnAddressOfItsOwnIsRefusedWhereNothingCanBeReachedFromIt) {
    const Place place;
    place.write("own.yaml",
                "scenario: own\ntitle: T\nagents: {one: {source: own}}\n"
                "script:\n  - register: one\n    expect: {response: {status: 200}}\n");
    auto words = nobody_there(place, "[::1]:1");
    words.insert(words.begin(), {"run", "own.yaml"});
    const Ended ended = pushsim(place, words);
    EXPECT_EQ(ended.exit_code, 2) << ended.out << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("own.yaml: group `one`: `source: own` gives each agent an address of "
                                     "127.0.0.0/8, and from there [::1]:1 (::1) cannot be reached\n"
                                     "  mend: play it against a stack on 127.0.0.1"));
    EXPECT_FALSE(place.has("runs"));
}

TEST(Tenant, AServerThatDoesNotAnswerIsNamedWithTheWayOut) {
    const Place place;
    const std::string policy = "{\"7\": [\"" + std::string(64, '0') + "\"]}";
    const std::vector<std::pair<std::vector<std::string>, std::string>> asked = {
        {{"tenant", "list"}, "verifier"},
        {{"tenant", "status", "web-0"}, "verifier"},
        {{"tenant", "delete", "web-0"}, "verifier"},
        {{"tenant", "add", "web-0", "--tpm-policy", policy}, "registrar"}};
    for (const auto& [command, server] : asked) {
        std::vector<std::string> words = command;
        for (const std::string& option : nobody_there(place, "127.0.0.1:1"))
            words.push_back(option);
        const Ended ended = pushsim(place, words);
        EXPECT_EQ(ended.exit_code, 3) << ended.err;
        EXPECT_THAT(ended.err, HasSubstr("the " + server + " at 127.0.0.1:1 does not answer: "));
        EXPECT_THAT(ended.err, HasSubstr("mend: is it running?"));
    }
}

}  // namespace
}  // namespace pushsim::testing
