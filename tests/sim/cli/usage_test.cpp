#include <CLI/CLI.hpp>
#include <gmock/gmock.h>

#include "sim/cli/usage_error.hpp"
#include "tests/sim/cli/program.hpp"

namespace pushsim::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

TEST(CommandLine, VersionIsThatOfTheProjectAndItsCommit) {
    const Place place;
    const Ended version = pushsim(place, {"--version"});
    EXPECT_EQ(version.exit_code, 0);
    EXPECT_THAT(version.out,
                MatchesRegex("pushsim [0-9]+\\.[0-9]+\\.[0-9]+(\\+g[0-9a-f]{10}(\\.changed)?)?\n"));
}

TEST(CommandLine, WrongUsageIsExitTwoAndNamesTheOption) {
    const Place place;
    const Ended unknown = pushsim(place, {"run", "x.yaml", "--sead", "1"});
    EXPECT_EQ(unknown.exit_code, 2);
    EXPECT_THAT(unknown.err, HasSubstr("pushsim: run: there is no option '--sead'; did you mean '--seed'?\n"
                                       "  mend: pushsim run --help\n"));
    EXPECT_EQ(pushsim(place, {}).exit_code, 2);
    const std::vector<std::pair<std::vector<std::string>, std::string>> wrong = {
        {{"walk"}, "pushsim: there is no 'walk', only run, conformance, report, replay, stack, list, "},
        {{"walk"}, "\n  mend: pushsim --help\n"},
        {{"rum"}, "did you mean 'run'?"},
        {{"stack"}, "pushsim: stack: a command is missing: one of up, down, status, logs, clean"},
        {{"stack", "dwon"},
         "pushsim: stack: there is no 'dwon', only up, down, status, logs, clean, certificates; "
         "did you mean"},
        {{"list", "stepss"},
         "pushsim: list: there is no 'stepss', only scenarios, requirements, profiles, groups, steps, "},
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

TEST(CommandLine, TheKindStackIsMadeBeforeItIsUsed) {
    const Place place;
    const Ended run = pushsim(place, {"run", scenario_file("honest-agent"), "--stack", "kind"});
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_THAT(run.err,
                HasSubstr("pushsim: no cluster is up\n  mend: pushsim stack up --stack kind makes it"));
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

TEST(Output, ThatCannotBeWrittenIsExitThreeWithTheReason) {
    const Place place;
    for (const char* words : {"pool list", "list faults --all --format json", "--help", "man"}) {
        const Ended ended = shell(place, PUSHSIM_BINARY " " + std::string(words) + " >/dev/full");
        EXPECT_EQ(ended.exit_code, 3) << words;
        EXPECT_EQ(ended.err, "pushsim: the output could not be written: No space left on device\n") << words;
    }
}

TEST(Usage, WithoutACommandTheHelpIsShown) {
    const Place place;
    const Ended ended = pushsim(place, {});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_THAT(ended.err, HasSubstr("Subcommands:"));
}

TEST(Usage, ATagThatNoScenarioHasIsRefusedWithThoseThereAre) {
    const Place place;
    const Ended ended = pushsim(place, {"run", scenario_file("honest-agent"), "--tag", "quik"});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_THAT(ended.err, HasSubstr("--tag: no scenario here has the tag 'quik'\n  mend: they have quick"));
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
