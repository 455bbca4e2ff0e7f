#include <csignal>

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sim/cli/usage_error.hpp"
#include "sim/core/clock.hpp"
#include "sim/pki/pki.hpp"
#include "tests/sim/cli/program.hpp"

namespace pushsim::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

TEST(CommandLine, VersionIsThatOfTheProject) {
    const Place place;
    const Ended version = pushsim(place, {"--version"});
    EXPECT_EQ(version.exit_code, 0);
    EXPECT_THAT(version.out, MatchesRegex("pushsim [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(CommandLine, WrongUsageIsExitTwoAndNamesTheOption) {
    const Place place;
    const Ended unknown = pushsim(place, {"run", "x.yaml", "--sead", "1"});
    EXPECT_EQ(unknown.exit_code, 2);
    EXPECT_THAT(unknown.err, HasSubstr("pushsim: run: there is no option '--sead'; did you mean '--seed'?\n"
                                       "  mend: pushsim run --help\n"));
    EXPECT_EQ(pushsim(place, {}).exit_code, 2);
    const std::vector<std::pair<std::vector<std::string>, std::string>> wrong = {
        {{"walk"}, "pushsim: there is no 'walk', only run, replay, stack, list, "},
        {{"walk"}, "\n  mend: pushsim --help\n"},
        {{"rum"}, "did you mean 'run'?"},
        {{"stack"}, "pushsim: stack: a command is missing: one of up, down, status, logs, clean"},
        {{"stack", "dwon"},
         "pushsim: stack: there is no 'dwon', only up, down, status, logs, clean; did you mean"},
        {{"list", "stepss"}, "pushsim: list: there is no 'stepss', only scenarios, groups, steps, "},
        {{"stack", "status", "now"}, "pushsim: stack status: one word too many: 'now'"},
        {{"run", "--verifer", "h:1"}, "there is no option '--verifer'; did you mean '--verifier'?"},
        {{"run", "--seed", "x"},
         "pushsim: run: --seed: expected a number from 0 to 18446744073709551615, found 'x'\n"
         "  mend: pushsim run --help"},
        {{"run", "--seed", "-1"}, "--seed: expected a number from 0 to 18446744073709551615, found '-1'"},
        {{"run", "--seed", "18446744073709551616"}, "found '18446744073709551616'"},
        {{"run", "--seed", "0x10"}, "found '0x10'"},
        {{"stack", "up", "--verifier-port", "70000"},
         "pushsim: stack up: --verifier-port: expected a number from 0 to 65535, found '70000'"},
        {{"run", "--bodies", "some"}, "pushsim: run: --bodies: expected all, failures or none, found 'some'"},
        {{"agent", "--every", "5"}, "pushsim: --every: expected a duration with its unit, found '5'"},
        {{"agent", "--times", "0"}, "--times: expected a number from 1 to 1000000000, found '0'"},
        {{"agent", "--id", "a/b"}, "pushsim: 'a/b' is no agent id"},
        {{"agent", "--cert", "x.pem"}, "pushsim: --cert and --key go together"},
        {{"agent"}, "pushsim: no stack is up\n  mend: pushsim stack up starts one"},
        {{"agent", "--stack", "external", "--verifier", "127.0.0.1:8881"},
         "pushsim: --stack external needs --registrar or --registrar-tls"},
        {{"agent", "extend", "--id", "a", "24", "text:x"}, "expected a number from 0 to 23, found '24'"},
        {{"agent", "extend", "7", "text:x"}, "agent extend: whose TPM? --id or --tcti says it"},
        {{"agent", "extend", "--id", "nobody", "7", "text:x"},
         "agent 'nobody' has no TPM here yet: there is no "},
        {{"agent", "extend", "--id", "nobody", "7", "changed"}, "mend: for example text:changed"},
        {{"tenant", "add", "a"}, "pushsim: tenant add: "},
        {{"tenant", "add", "a", "--from-boot", "7,24"}, "expected a number from 0 to 23, found '24'"},
        {{"tenant", "add", "nobody", "--from-boot", "7"},
         "/state/pushsim/tpms/nobody.json\n"
         "  mend: start it first: pushsim agent --id nobody, with --tcti where its TPM is outside"},
        // A list takes one word: what stands behind it is not lost.
        {{"tenant", "add", "--from-boot", "7", "web-1"}, "agent 'web-1' has no TPM here yet"},
        {{"tenant", "add", "--from-boot", "7,0", "--from-boot", "1", "web-1"}, "agent 'web-1' has no TPM"},
        {{"run", "--tag", "quick", "nowhere.yaml"}, "nowhere.yaml"},
        {{"agent", "extend", "--tcti", "foo:", "7", "text:x"},
         "pushsim: agent extend: --tcti: 'foo:': there is no TCTI 'foo' on this machine; for example "
         "swtpm:host=127.0.0.1,port=2321, swtpm:path=/run/swtpm.sock or device:/dev/tpmrm0\n"},
        {{"agent", "extend", "--id", "a", "--tcti", "", "7", "text:x"}, "--tcti: '' names no TPM"},
        {{"agent", "--tcti", ""}, "--tcti: '' names no TPM; for example swtpm:"},
        {{"agent", "--tcti="}, "pushsim: agent: --tcti: "},
        {{"agent", "--tcti", "swtpm:port=x"}, "pushsim: agent: --tcti: 'swtpm:port=x': 'x' is no port"},
        {{"tenant", "add", "a", "--from-boot", "7", "--tcti", ""}, "--tcti: '' names no TPM"},
        {{"pool"}, "pushsim: pool: a command is missing: one of make, list, verify, drop"},
        {{"pool", "make", "a b"},
         "pushsim: 'a b' is no name of a pool\n  mend: letters, digits, '_', '.' and '-', at most 64"},
        {{"pool", "make", "a", "b"}, "pushsim: pool make: one word too many: 'b'"},
        {{"pool", "make", "--count", "0"},
         "pushsim: pool make: --count: expected a number from 1 to 100000, found '0'"},
        {{"pool", "make", "--count", "100001"}, "found '100001'"},
        {{"pool", "make", "--jobs", "0"}, "pool make: --jobs: expected a number from 1 to 256, found '0'"},
        {{"pool", "make", "--ak", "ek"}, "pushsim: pool make: --ak: expected primary or child, found 'ek'"},
        {{"help", "pool", "nix"}, "\n  mend: pushsim pool --help\n"},
        {{"pool", "verify"}, "pushsim: there is no pool 'default' ("},
        {{"pool", "verify", "-x"}, "pool verify: "},
        {{"pool", "verify", "x.pool"}, "there is no pool x.pool\n  mend: pushsim pool make x.pool makes it"},
        {{"pool", "drop"}, "pushsim: pool drop: "},
        {{"run", scenario_file("honest-agent"), "--pool", "a b"}, "pushsim: 'a b' is no name of a pool"},
        {{"run", scenario_file("honest-agent"), "--pool", ""}, "'' is no name of a pool"},
        {{"tenat", "list"}, "pushsim: there is no 'tenat', only run, "},
        {{"tenant", "list", "--verifier", "127.0.0.1:9"},
         "pushsim: tenant list: --verifier is about an external stack: add --stack external"},
        {{"run", scenario_file("honest-agent"), "--ca", "ca.pem"}, "run: --ca is about an external stack"},
        {{"agent", "--verifier", "127.0.0.1:9"}, "agent: --verifier is about an external stack"},
        {{"doctor", "--admin-key", "key.pem"}, "doctor: --admin-key is about an external stack"},
        {{"run", scenario_file("honest-agent"), "--accelerators", "rsa"},
         "pushsim: --accelerators: there is no accelerator 'rsa'\n  mend: rsa-factors, named-p256"},
        {{"run", scenario_file("honest-agent"), "--accelerators", "none", "--accelerators", "all"},
         "pushsim: --accelerators: 'none' goes with no other\n"},
        {{"run", scenario_file("fleet"), "--pool", "x", "--tpm", "swtpm"},
         "pushsim: --pool and --tpm swtpm do not go together: "},
        {{"run", scenario_file("honest-agent"), "--jobs", "0"},
         "pushsim: run: --jobs: expected a number from 1 to 256, found '0'"},
        {{"stack", "logs", "--lines", "-3"},
         "pushsim: stack logs: --lines: expected a number from 1 to 1000000, found '-3'"},
    };
    for (const auto& [arguments, words] : wrong) {
        const Ended ended = pushsim(place, arguments);
        EXPECT_EQ(ended.exit_code, 2);
        EXPECT_THAT(ended.err, HasSubstr(words));
    }
    const Ended unit = pushsim(place, {"run", scenario_file("honest-agent"), "--timeout", "10"});
    EXPECT_EQ(unit.exit_code, 2);
    EXPECT_THAT(unit.err, HasSubstr("--timeout: expected a duration with its unit, found '10'"));
}

TEST(CommandLine, ATpmThatDoesNotAnswerIsExitThreeAndSaysWhatToStart) {
    const Place place;
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"agent", "extend", "7", "text:x"},
          {"tenant", "add", "a", "--from-boot", "7"}}) {
        auto words = command;
        words.insert(words.end(), {"--tcti", "swtpm:port=1"});
        const Ended ended = pushsim(place, words);
        EXPECT_EQ(ended.exit_code, 3);
        EXPECT_THAT(ended.err,
                    HasSubstr("pushsim: no TPM at \"swtpm:port=1\": no swtpm listens at 127.0.0.1 port 1\n"
                              "  mend: start one: swtpm socket --tpm2 --tpmstate dir=DIR "
                              "--server type=tcp,port=1 --ctrl type=tcp,port=2 "));
    }
}

TEST(WholeNumber, IsDecimalWhateverItBeginsWith) {
    std::string text = "010";
    EXPECT_EQ(cli::whole_number(1, 10)(text), "");
    EXPECT_EQ(text, "10") << "CLI11 would read 010 as 8";
    for (std::string wrong : {"", "0", "11", "+1", " 1", "1s", "1.5"})
        EXPECT_EQ(cli::whole_number(1, 10)(wrong), "expected a number from 1 to 10, found '" + wrong + "'");
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
    const auto run = [&](const std::string& scenario, const std::string& host) {
        // Of the addresses for documentation (RFC 5737): nobody is there.
        std::vector<std::string> words{"run",
                                       scenario,
                                       "--stack",
                                       "external",
                                       "--verifier",
                                       "192.0.2.1:8881",
                                       "--registrar",
                                       "192.0.2.1:8890",
                                       "--registrar-tls",
                                       "192.0.2.1:8891",
                                       "--ca",
                                       "ca.pem",
                                       "--admin-cert",
                                       "cert.pem",
                                       "--admin-key",
                                       "key.pem"};
        if (!host.empty()) words.insert(words.end(), {"--i-may-break", host});
        return pushsim(place, words);
    };
    for (const auto& [scenario, harm] :
         {std::pair{"crowd.yaml", "11 agents at a time"}, std::pair{"fault.yaml", "faults: no_token"},
          std::pair{"raw.yaml", "raw requests"}}) {
        const Ended refused = run(scenario, "");
        EXPECT_EQ(refused.exit_code, 2);
        EXPECT_THAT(refused.err, HasSubstr(std::string("this would bring to 192.0.2.1: ") + harm));
        EXPECT_THAT(refused.err, HasSubstr("--i-may-break 192.0.2.1\n"));
    }
    EXPECT_EQ(run("crowd.yaml", "192.0.2.2").exit_code, 2);
}

TEST(CommandLine, TheKindStackIsNotThereYetAndSaysSo) {
    const Place place;
    const Ended run = pushsim(place, {"run", scenario_file("honest-agent"), "--stack", "kind"});
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_THAT(run.err, HasSubstr("--stack kind is not in this version"));
}

TEST(CommandLine, NoKeylimeIsExitTwoWithTheWayOut) {
    const Place place;
    const Ended run = pushsim(place, {"run", scenario_file("honest-agent"), "--keylime", "7.14.99"});
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_THAT(run.err, HasSubstr("run scripts/setup --keylime 7.14.99"));
    const Ended pull = pushsim(place, {"run", scenario_file("honest-agent"), "--keylime", "7.13.1"});
    EXPECT_EQ(pull.exit_code, 2);
    EXPECT_THAT(pull.err, HasSubstr("installs 7.14 releases"));
}

TEST(ScenarioFiles, AllMistakesAreReportedWithTheirPlacesBeforeAnythingStarts) {
    const Place place;
    place.write(
        "a.yaml",
        "scenario: a\ntitle: A\nagents:\n  one: { cuont: 2 }\nscript:\n  - atest: one\n  - attest: two\n");
    const Ended run = pushsim(place, {"run", "a.yaml"});
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_THAT(run.err, HasSubstr("a.yaml:4:10: "));
    EXPECT_THAT(run.err, HasSubstr("count"));
    EXPECT_THAT(run.err, HasSubstr("a.yaml:6:5: "));
    EXPECT_THAT(run.err, HasSubstr("attest"));
    EXPECT_THAT(run.err, HasSubstr("a.yaml:7:13: "));
    EXPECT_FALSE(place.has("runs"));
}

TEST(ScenarioFiles, AMissingFileIsNamed) {
    const Place place;
    const Ended run = pushsim(place, {"run", "nowhere.yaml"});
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_THAT(run.err, HasSubstr("nowhere.yaml"));
}

TEST(List, EndsQuietlyWhereNobodyReadsItsOutput) {
    const Place place;
    const std::vector<std::string> unread{
        "python3", "-c",
        "import os, subprocess, sys\n"
        "reader, writer = os.pipe()\n"
        "os.close(reader)\n"
        "sys.exit(-subprocess.run(sys.argv[1:], stdout=writer).returncode)"};
    Program program(place, {"list", "faults", "--all", "--format", "json"}, {}, unread);
    const Ended list = program.wait();
    EXPECT_EQ(list.exit_code, SIGPIPE);
    EXPECT_EQ(list.err, "");
}

TEST(Output, ThatCannotBeWrittenIsExitThreeWithTheReason) {
    const Place place;
    for (const char* words : {"pool list", "list faults --all --format json", "--help", "man"}) {
        const Ended ended = shell(place, PUSHSIM_BINARY " " + std::string(words) + " >/dev/full");
        EXPECT_EQ(ended.exit_code, 3) << words;
        EXPECT_EQ(ended.err, "pushsim: the output could not be written: No space left on device\n") << words;
    }
}

TEST(Explain, AScenarioIsToldInWords) {
    const Place place;
    const Ended ended = pushsim(place, {"explain", scenario_file("reproduce/challenges-expired-late")});
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_THAT(ended.out,
                HasSubstr("challenges-expired-late: Evidence sent after challenges_expire_at is refused\n"));
    EXPECT_THAT(ended.out, HasSubstr("  The verifier has challenge_lifetime = 2 and quote_interval = 1.\n"));
    EXPECT_THAT(ended.out,
                HasSubstr("  late: one agent, enrolled with the TPM policy: the values of PCR 0, 7 at "
                          "enrolment. "));
    EXPECT_THAT(ended.out, HasSubstr("  2   late attests once. The evidence is held back until 50ms after "
                                     "challenges_expire_at.\n"));
    EXPECT_THAT(ended.out,
                HasSubstr("      Expected: late: the response has status 403 and code challenges_expired"));
    EXPECT_THAT(pushsim(place, {"explain", scenario_file("reproduce/token-lost-on-403")}).out,
                ::testing::ContainsRegex("habits[ \n]+of[ \n]+Keylime's[ \n]+Rust[ \n]+agent"));
    EXPECT_THAT(pushsim(place, {"explain", scenario_file("fleet")}).out,
                HasSubstr("  1   The 200 agents of fleet attest once.\n"));
    const Ended none = pushsim(place, {"explain", "no-such.yaml"});
    EXPECT_EQ(none.exit_code, 2);
    EXPECT_THAT(none.err, HasSubstr("no-such.yaml"));
}

TEST(Explain, TheCasesOfAMatrixAreToldOnceWithTheirValues) {
    const Place place;
    place.write("m.yaml",
                "scenario: m\nmatrix: { times: [1, 4] }\nagents: { a: {} }\n"
                "script: [ attest: { times: \"${times}\" } ]\nexpect: accounted\n");
    const Ended ended = pushsim(place, {"explain", "m.yaml"});
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("  2 cases, a run of each:\n    times: 1 or 4\n"));
    EXPECT_THAT(ended.out, HasSubstr("  1   a attests once.\n"));
    EXPECT_THAT(ended.out, Not(HasSubstr("a attests 4 times")));
}

TEST(Explain, AWordOfTheLanguageIsToldWithItsKeys) {
    const Place place;
    const auto told = [&](const char* name) { return pushsim(place, {"explain", name}).out; };
    EXPECT_THAT(told("hold_evidence"),
                HasSubstr("Fault hold_evidence (timing): sends the evidence at an instant."));
    EXPECT_THAT(told("attest"), HasSubstr("    spread: 2s: the agents begin at times drawn from so long"));
    EXPECT_THAT(told("accounted"), HasSubstr("Check accounted: everything sent is accounted for"));
    EXPECT_THAT(told("submit.p99"), HasSubstr("    submit.p99: 99th percentile of how long"));
    EXPECT_THAT(told("status"), HasSubstr("Key status of `response`: HTTP status"));
    EXPECT_THAT(told("quote_interval"), HasSubstr("  stack: { verifier: { quote_interval: 2s } }\n"));
    EXPECT_THAT(told("suspend"), HasSubstr("(not yet in this version)"));
    const Ended none = pushsim(place, {"explain", "attset"});
    EXPECT_EQ(none.exit_code, 2);
    EXPECT_THAT(none.err, HasSubstr("did you mean `attest`?"));
}

TEST(List, SchemaReferenceChecksAndMetricsArePrinted) {
    const Place place;
    const auto schema = nlohmann::json::parse(pushsim(place, {"list", "schema"}).out);
    EXPECT_EQ(schema.at("$schema"), "http://json-schema.org/draft-07/schema#");
    EXPECT_THAT(pushsim(place, {"list", "reference"}).out, HasSubstr("# Scenarios\n"));
    EXPECT_THAT(pushsim(place, {"list", "checks"}).out, HasSubstr("\ninvariants             every check there is holds\n"));
    EXPECT_THAT(pushsim(place, {"list", "metrics"}).out,
                HasSubstr("\n  p99                 99th percentile"));
}

TEST(List, WhatTheAgentsOfAGroupCanBeIsListedWithTheValues) {
    const Place place;
    const Ended groups = pushsim(place, {"list", "groups"});
    EXPECT_EQ(groups.exit_code, 0) << groups.err;
    EXPECT_THAT(groups.out, HasSubstr("count                         how many agents; 1 if left out\n"));
    EXPECT_THAT(groups.out,
                HasSubstr("\nak                            child of the EK (default), or primary, "));
    EXPECT_THAT(groups.out, HasSubstr("\n  per_request                 a new one for each request, "));
    EXPECT_THAT(groups.out, HasSubstr("\n  resumption                  true: each new connection "));
    EXPECT_THAT(groups.out, HasSubstr("pushsim list groups --all\n"));
    EXPECT_THAT(pushsim(place, {"list", "groups", "--all"}).out, HasSubstr("(not yet)"));
    const auto list = nlohmann::json::parse(pushsim(place, {"list", "groups", "--format", "json"}).out);
    EXPECT_EQ(list.at(4).at("name"), "ak");
    EXPECT_EQ(list.at(4).at("values").at(1).at("name"), "primary");
}

TEST(List, ScenariosAndStepsAreListed) {
    const Place place;
    const Ended scenarios =
        pushsim(place, {"list", "scenarios", std::string(PUSHSIM_SOURCE_DIR) + "/scenarios"});
    EXPECT_EQ(scenarios.exit_code, 0);
    EXPECT_THAT(scenarios.out, HasSubstr("pcr-mismatch"));
    const Ended steps = pushsim(place, {"list", "steps"});
    EXPECT_THAT(steps.out, HasSubstr("attest"));
    EXPECT_THAT(steps.out,
                HasSubstr("more are part of the language and not yet in pushsim: pushsim list steps --all"));
    EXPECT_THAT(steps.out, Not(HasSubstr("(not yet)")));
    EXPECT_THAT(pushsim(place, {"list", "steps", "--all"}).out, HasSubstr("(not yet)"));
    EXPECT_THAT(pushsim(place, {"list", "steps", "--format", "json"}).out, HasSubstr("\"available\": true"));
}

TEST(Usage, WithoutACommandTheHelpIsShown) {
    const Place place;
    const Ended ended = pushsim(place, {});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_THAT(ended.err, HasSubstr("Subcommands:"));
}

TEST(Tenant, APolicyThatAVerifierWouldNotEnforceIsRefusedBeforeItIsAsked) {
    const Place place;
    place.write("broken.json", "{\"7\": ");
    const std::vector<std::pair<std::string, std::string>> wrong = {
        {"@broken.json", "broken.json:1:7: not JSON"},
        {"{\"7\":\n nothing}", "--tpm-policy:2:3: not JSON"},
        {"@none.json", "--tpm-policy: cannot read none.json: No such file"},
        {"[]", "--tpm-policy: not a JSON object"},
        {"broken.json",
         "--tpm-policy: 'broken.json' is no JSON but names a file\n"
         "  mend: a file is meant by an @ before it: --tpm-policy @broken.json"},
        {"policies/none", "--tpm-policy @policies/none"},
        {"7", "--tpm-policy: not a JSON object\n  mend: for example --tpm-policy '{"},
        {R"({"24": ["00"]})", "--tpm-policy: '24' is no PCR; they go from 0 to 23"},
        {R"({"seven": ["00"]})", "'seven' is no PCR"},
        {R"({"7": "00"})", "PCR 7 has a text where a list belongs, which the verifier would not compare"},
        {R"({"7": ["AB"]})", "PCR 7 has \"AB\" where the hex digits of a digest belong, in lower case"},
        {R"({"7": ["abcd"]})", "PCR 7 has \"abcd\" where the hex digits of a digest belong"},
        {"{}", "--tpm-policy: names no PCR"},
        {R"({"mask": "0x80"})", "--tpm-policy: names no PCR"},
        {R"({"7": []})", "PCR 7 has no list of values"},
    };
    for (const auto& [policy, words] : wrong) {
        const Ended ended = pushsim(place, {"tenant", "add", "web-0", "--tpm-policy", policy});
        EXPECT_EQ(ended.exit_code, 2) << ended.err;
        EXPECT_THAT(ended.err, HasSubstr(words));
    }
}

TEST(Tenant, AFileOfAPolicyThatAVerifierWouldNotEnforceIsRefusedToo) {
    const Place place;
    place.write("broken.json", "{\"meta\":\n  {,}}");
    place.write("list.json", "[]");
    place.write("empty.json", "{}");
    place.write("generator.json", R"({"meta": {"version": 1, "generator": 1}})");
    struct Wrong {
        const char* option;
        const char* file;
        const char* words;
        const char* mend;
    };
    const std::vector<Wrong> wrong = {
        {"--runtime-policy", "broken.json", "broken.json:2:4: not JSON", "keylime-policy create runtime"},
        {"--runtime-policy", "list.json", "list.json: not a JSON object", "keylime-policy create runtime"},
        {"--runtime-policy", "none.json", "--runtime-policy: cannot read none.json: No such file",
         "a file of JSON that this user may read"},
        {"--runtime-policy", ".", "--runtime-policy: cannot read .: Is a directory", "a file of JSON"},
        {"--runtime-policy", "generator.json",
         "generator.json: meta.generator is 1, and the verifier asks for no IMA log",
         "keylime-policy create runtime"},
        {"--mb-policy", "broken.json", "broken.json:2:4: not JSON", "keylime-policy create measured-boot"},
        {"--mb-policy", "none.json", "--mb-policy: cannot read none.json: No such file", "a file of JSON"},
        {"--mb-policy", "empty.json", "empty.json: an empty policy: the verifier would ask for the UEFI log",
         "keylime-policy create measured-boot"},
    };
    for (const auto& [option, file, words, mend] : wrong) {
        const Ended ended = pushsim(place, {"tenant", "add", "web-0", option, file});
        EXPECT_EQ(ended.exit_code, 2) << ended.err;
        EXPECT_THAT(ended.err, HasSubstr(words));
        EXPECT_THAT(ended.err, HasSubstr(mend)) << words;
    }
}

TEST(Tenant, AnEnrolmentWithoutAnyPolicyIsRefusedWithWhatWouldCome) {
    const Place place;
    const Ended ended = pushsim(place, {"tenant", "add", "web-0"});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_THAT(ended.err, HasSubstr("no policy: the verifier would ask for no evidence"));
    EXPECT_THAT(ended.err,
                HasSubstr("mend: pushsim tenant add web-0 --tpm-policy '{\"7\": [\"HEX\"]}' enrols it; "
                          "pushsim tenant add --help tells of the other policies"));
}

TEST(Tenant, WithoutAStackTheWayOutIsNamed) {
    const Place place;
    const Ended ended = pushsim(place, {"tenant", "list"});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_THAT(ended.err, HasSubstr("no stack is up\n  mend: pushsim stack up starts one"));
}

TEST(Usage, ATagThatNoScenarioHasIsRefusedWithThoseThereAre) {
    const Place place;
    const Ended ended = pushsim(place, {"run", scenario_file("honest-agent"), "--tag", "quik"});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_THAT(ended.err, HasSubstr("--tag: no scenario here has the tag 'quik'\n  mend: they have quick"));
}

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

TEST(Usage, AnOptionThatKeylimeDoesNotHaveIsRefusedWithTheNearest) {
    const Place place;
    const Ended ended = pushsim(place, {"stack", "up", "--verifier-option", "quote_intervall=1"});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_THAT(ended.err, HasSubstr("Keylime has no option 'quote_intervall'"));
    EXPECT_THAT(ended.err, HasSubstr("quote_interval"));
    EXPECT_THAT(place.servers(), ::testing::IsEmpty());
}

TEST(Usage, AnOptionInSecondsThatIsNoneIsRefused) {
    const Place place;
    const Ended ended = pushsim(place, {"stack", "up", "--verifier-option", "quote_interval=1500ms"});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_THAT(ended.err, HasSubstr("Keylime reads whole seconds here, found '1500ms'"));
}

TEST(Usage, AKeylimeThatIsNotThereLeavesNoRunFolder) {
    const Place place;
    const Ended ended = pushsim(place, {"run", scenario_file("honest-agent"), "--keylime", "9.9"});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_THAT(ended.err, HasSubstr("installs 7.14 releases"));
    EXPECT_FALSE(place.has("runs"));
}

}  // namespace
}  // namespace pushsim::testing
