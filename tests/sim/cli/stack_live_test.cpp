#include <algorithm>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "agent/base/bytes.hpp"
#include "tests/sim/cli/program.hpp"

namespace pushsim::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// `run SCENARIO` against what `stack up` printed; `changed` options have these values instead.
std::vector<std::string> run_against(const std::string& up, const std::string& scenario,
                                     const std::map<std::string, std::string>& changed = {}) {
    std::vector<std::string> arguments = external_options(up, changed);
    arguments.insert(arguments.begin(), {"run", scenario});
    return arguments;
}

TEST(Stack, LivesOnBetweenRunsIsUsedByThemAndEndsWhenAsked) {
    const Place place;
    const Ended up = pushsim(place, {"stack", "up", "--verifier-option", "quote_interval=1"});
    ASSERT_EQ(up.exit_code, 0) << up.out << up.err;
    EXPECT_THAT(place.servers(), Not(IsEmpty()));
    const Ended status = pushsim(place, {"stack", "status"});
    EXPECT_THAT(status.out, ContainsRegex("^up \\([0-9]+ processes\\)"));

    // The same options: that stack. It must still be there afterwards, without the agents of the run.
    const Ended run = pushsim(place, {"run", scenario_file("honest-agent")});
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_FALSE(place.has("runs/latest/stack"));
    EXPECT_THAT(pushsim(place, {"stack", "logs", "--lines", "400"}).out,
                HasSubstr("successfully passed verification"));

    // As an external stack, with the addresses and files that `stack up` told.
    const Ended external = pushsim(place, run_against(up.out, scenario_file("reproduce/pcr-mismatch")));
    // Its options cannot be set there, so a scenario that wants some is not played, and says why.
    EXPECT_EQ(external.exit_code, 4) << external.out << external.err;
    EXPECT_THAT(external.out, HasSubstr("external stack is taken as it is"));
    EXPECT_THAT(external.out, HasSubstr("--verifier-conf"));

    const Ended one = pushsim(place, {"stack", "logs", "registrar", "--lines", "1"});
    EXPECT_EQ(std::count(one.out.begin(), one.out.end(), '\n'), 1) << one.out;

    // What is followed goes on until the stack has ended.
    Program follower(place, {"stack", "logs", "--follow", "--lines", "1"});
    EXPECT_TRUE(becomes([&] { return follower.out().find("== registrar") != std::string::npos; }));
    EXPECT_TRUE(follower.running());
    EXPECT_EQ(pushsim(place, {"stack", "down"}).exit_code, 0);
    const Ended followed = follower.wait();
    EXPECT_EQ(followed.exit_code, 0);
    EXPECT_THAT(followed.out, HasSubstr("\nverifier: "));
    EXPECT_THAT(place.servers(), IsEmpty());
    EXPECT_THAT(pushsim(place, {"stack", "status"}).out, HasSubstr("no stack is up"));
    EXPECT_EQ(pushsim(place, {"stack", "clean"}).exit_code, 0);
}

TEST(Stack, WhoseDatabasesWereLeftUnfinishedStartsAgain) {
    for (const int by : {SIGINT, SIGKILL}) {
        const Place place;
        const fs::path run = "state/pushsim/stack/default/run";
        Program up(place, {"stack", "up"});
        const auto begun = [&] {
            std::error_code none;
            const auto size = fs::file_size(place.path() / run / "cv_data.sqlite", none);
            return !none && size > 0;
        };
        ASSERT_TRUE(becomes(begun));
        EXPECT_TRUE(place.has(run / "unfinished-databases"));
        up.signal(by);
        up.wait();
        const Ended again = pushsim(place, {"stack", "up"});
        EXPECT_EQ(again.exit_code, 0) << again.out << again.err;
        EXPECT_FALSE(place.has(run / "unfinished-databases"));
        EXPECT_EQ(pushsim(place, {"stack", "down"}).exit_code, 0);
        // What was finished stays.
        EXPECT_TRUE(place.has(run / "cv_data.sqlite"));
        EXPECT_EQ(pushsim(place, {"stack", "up"}).exit_code, 0);
        EXPECT_EQ(pushsim(place, {"stack", "down"}).exit_code, 0);
    }
}

TEST(Stack, OfTheSameVersionFromElsewhereIsNotTakenForTheOneThatWasAskedFor) {
    const Place place;
    const Ended up = pushsim(place, {"stack", "up", "--verifier-option", "quote_interval=1"});
    ASSERT_EQ(up.exit_code, 0) << up.out << up.err;
    const fs::path program = value_of(up.out, "from");
    fs::create_directories(place.path() / "patched/bin");
    for (const char* server : {"keylime_verifier", "keylime_registrar"}) {
        fs::create_symlink(program.parent_path() / server, place.path() / "patched/bin" / server);
    }
    const Ended run = pushsim(place, {"run", scenario_file("honest-agent"), "--keylime", "patched"});
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    const std::string origin = (place.path() / "patched/bin/keylime_verifier").string();
    EXPECT_THAT(run.out, HasSubstr(" from " + origin + ", on loopback (registrar"));
    EXPECT_THAT(place.read("runs/latest/report.json"), HasSubstr("\"keylime_origin\": \"" + origin + "\""));
    EXPECT_TRUE(place.has("runs/latest/stack/verifier.log"));
    EXPECT_THAT(run.err, HasSubstr("is not used: it runs Keylime "));
    // Who asks for a stack of its own need not be told why the other is not used.
    EXPECT_EQ(pushsim(place, {"run", scenario_file("honest-agent"), "--fresh"}).err, "");
    place.write("fresh.yaml",
                "scenario: fresh\ntitle: T\nstack: {fresh: true}\n"
                "agents: {one: {}}\n"
                "script:\n  - register: one\n    expect: {response: {status: 200}}\n");
    const Ended fresh = pushsim(place, {"run", "fresh.yaml"});
    EXPECT_EQ(fresh.exit_code, 0) << fresh.out << fresh.err;
    EXPECT_EQ(fresh.err, "");
    EXPECT_EQ(pushsim(place, {"stack", "down"}).exit_code, 0);
}

TEST(Stack, AnExternalOneIsPlayedAgainstAndTheAgentsAreRemovedAfterwards) {
    const Place place;
    const Ended up = pushsim(place, {"stack", "up", "--verifier-option", "quote_interval=1"});
    ASSERT_EQ(up.exit_code, 0) << up.out << up.err;
    place.write("plain.yaml",
                "scenario: plain\ntitle: Takes the servers as they are\n"
                "agents: {one: {id: \"web-{n}\", enrol: {tpm_policy: {from_boot: [0]}}}}\n"
                "script:\n  - attest: one\n    expect: {verdict: pass}\n");
    const Ended run = pushsim(place, run_against(up.out, "plain.yaml"));
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    // What the tenant read is in the history like what it did.
    const std::string history = place.read("runs/latest/history.jsonl");
    for (const char* act : {"look_for_agent", "enrol", "read_verdict", "delete", "delete_registration"})
        EXPECT_THAT(history, HasSubstr(std::string("\"act\":\"") + act + '"'));
    EXPECT_THAT(history, ContainsRegex("\"act\":\"read_verdict\"[^\n]*/agents/web-0/attestations/0\"[^\n]*"
                                       "\"status\":20[01]"));
    place.write("chance.yaml",
                "scenario: chance\nintermittent: { tries: 2 }\n"
                "agents: {one: {id: \"web-{n}\", enrol: {tpm_policy: {from_boot: [0]}}}}\n"
                "script: [ { attest: ~, expect: {verdict: fail} } ]\n");
    const Ended tries = pushsim(place, run_against(up.out, "chance.yaml"));
    EXPECT_EQ(tries.exit_code, 0) << tries.out << tries.err;
    EXPECT_THAT(tries.out, HasSubstr("in 2 tries"));
    EXPECT_EQ(pushsim(place, {"stack", "down"}).exit_code, 0);
}

TEST(Stack, OnWhichSomethingIsLeftIsNotMetByTheNextScenario) {
    const Place place;
    place.write("ids.yaml",
                "scenario: ids\nstack: { verifier: { quote_interval: 1s } }\nmatrix: { num: [1, 2] }\n"
                "agents: { a: { id: \"web-{n}\", enrol: { tpm_policy: { from_boot: [7] } } } }\n"
                "script: [ { attest: { times: \"${num}\" }, expect: { verdict: pass } } ]\n");
    for (const std::string entries : {"1", "2"}) {
        place.write(
            "named-" + entries + ".yaml",
            "scenario: named-" + entries +
                "\nstack: { verifier: { quote_interval: 1s } }\nagents: { a: { boot: { ima: { entries: " +
                entries +
                " } }, enrol: { tpm_policy: { from_boot: [7] }, runtime_policy: from_boot, "
                "runtime_policy_name: web } } }\n"
                "script: [ { attest: a, expect: { verdict: pass } } ]\n");
    }
    const Ended run =
        pushsim(place, {"run", "ids.yaml", "named-1.yaml", "named-2.yaml", scenario_file("honest-agent")});
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_THAT(run.err, IsEmpty()) << "nothing is left of stacks that are gone";
    // Each of the four has one, and the honest agent is played on one of them before.
    EXPECT_TRUE(place.has("runs/latest/stack-4"));
    EXPECT_FALSE(place.has("runs/latest/stack-5"));

    // The names of policies, too, are free again on a stack that stays.
    ASSERT_EQ(pushsim(place, {"stack", "up", "--verifier-option", "quote_interval=1"}).exit_code, 0);
    for (const char* once : {"named-1.yaml", "named-2.yaml"}) {
        const Ended kept = pushsim(place, {"run", once});
        EXPECT_EQ(kept.exit_code, 0) << kept.out << kept.err;
        EXPECT_THAT(place.read("runs/latest/history.jsonl"), HasSubstr("\"act\":\"delete_policy\""));
    }

    // One that somebody else has put there is not changed, and those that come after are played.
    const std::string policy =
        R"({"meta": {"version": 1, "generator": 1}, "release": 0, "digests": {}, "excludes": [],)"
        R"( "keyrings": {}, "ima": {"ignored_keyrings": [], "log_hash_alg": "sha1",)"
        R"( "dm_policy": null}, "ima-buf": {}, "verification-keys": ""})";
    place.write(
        "there.yaml",
        "scenario: there\nstack: { verifier: { quote_interval: 1s } }\nagents: { a: { enrol: false } }\n"
        "script: [ { request: { by: admin, method: POST, path: /v2.6/allowlists/web, body: { "
        "tpm_policy: \"\","
        " runtime_policy: \"" +
            to_base64(as_bytes(policy)) + "\" } }, expect: { response: { status: 201 } } } ]\n");
    place.write(
        "changes.yaml",
        "scenario: changes\nstack: { verifier: { quote_interval: 1s } }\nagents: { a: { boot: { ima: { "
        "entries: 1 } }, enrol: { runtime_policy: "
        "from_boot, runtime_policy_name: web } } }\n"
        "script: [ { change_policy: { runtime_policy_name: web, runtime_policy: { from_boot: a } } } ]\n"
        "expect: [ no_5xx ]\n");
    const Ended there = pushsim(place, {"run", "there.yaml"});
    EXPECT_EQ(there.exit_code, 0) << there.out << there.err;
    EXPECT_THAT(there.err,
                HasSubstr("there leaves on a stack that stays: what its POST /v2.6/allowlists/web does"));
    const Ended changes = pushsim(place, {"run", "changes.yaml", "named-1.yaml", "--jobs", "1"});
    EXPECT_THAT(changes.out, HasSubstr("the verifier has an IMA policy called web already"));
    EXPECT_THAT(changes.out, Not(HasSubstr("the run ended before it")));
    EXPECT_EQ(pushsim(place, {"stack", "down"}).exit_code, 0);
}

TEST(Stack, WhoseVerifierHasRefusedSessionsIsNotUsedAgain) {
    const Place place;
    // Of one agent the verifier takes fifteen a minute; of their address it would take more.
    place.write("often.yaml",
                "scenario: often\nstack: { verifier: { quote_interval: 1s } }\nagents: { a: { enrol: { "
                "tpm_policy: { from_boot: [7] } } } }\n"
                "script: [ enrol, repeat: { times: 15, steps: [ authenticate: { bare: true } ] }, "
                "{ authenticate: { bare: true }, expect: { response: { status: 429 } } } ]\n"
                "expect: [ { agents: a, status: PENDING } ]\n");
    const auto honest = scenario_file("honest-agent");
    const Ended run = pushsim(place, {"run", "often.yaml", honest, "--jobs", "1"});
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_TRUE(place.has("runs/latest/stack-2"));
    EXPECT_EQ(pushsim(place, {"stack", "up", "--verifier-option", "quote_interval=1"}).exit_code, 0);
    const Ended kept = pushsim(place, {"run", "often.yaml"});
    EXPECT_THAT(kept.err, HasSubstr("pushsim: often was refused sessions with 429"));
    EXPECT_EQ(pushsim(place, {"stack", "down"}).exit_code, 0);
}

TEST(Stack, WrongAdministratorsKeyIsNamed) {
    const Place place;
    const Ended up = pushsim(place, {"stack", "up"});
    ASSERT_EQ(up.exit_code, 0) << up.out << up.err;
    const Ended run = pushsim(
        place, run_against(up.out, scenario_file("honest-agent"), {{"admin-key", "/nonexistent-key.pem"}}));
    EXPECT_EQ(run.exit_code, 3) << run.out << run.err;
    EXPECT_THAT(run.err, HasSubstr("/nonexistent-key.pem"));
    EXPECT_EQ(pushsim(place, {"stack", "down"}).exit_code, 0);
}

TEST(Stack, ForgetsTheAgentsOfAKilledRunWhenItIsCleaned) {
    const Place place;
    ASSERT_EQ(pushsim(place, {"stack", "up", "--verifier-option", "quote_interval=1"}).exit_code, 0);
    const auto play = [&](const std::string& times) {
        return place.write("named.yaml",
                           "scenario: named\ntitle: T\nstack: {verifier: {quote_interval: 1s}}\n"
                           "agents: {one: {id: \"web-{n}\", enrol: {tpm_policy: {from_boot: [0]}}}}\n"
                           "script:\n  - attest: {times: " +
                               times + "}\n    expect: {verdict: pass}\n");
    };
    play("300");
    Program program(place, {"run", "named.yaml"});
    ASSERT_TRUE(becomes([&] {
        return place.read("runs/latest/history.jsonl").find("\"kind\":\"verdict\"") != std::string::npos;
    }));
    program.signal(SIGKILL);
    program.wait();

    // What somebody enrolled is not ours to change and delete.
    play("1");
    const Ended refused = pushsim(place, {"run", "named.yaml"});
    EXPECT_NE(refused.exit_code, 0);
    EXPECT_THAT(refused.out, HasSubstr("the verifier knows an agent 'web-0' already"));
    EXPECT_THAT(refused.err, HasSubstr("1 agent at 127.0.0.1:"));

    const Ended cleaned = pushsim(place, {"stack", "clean"});
    EXPECT_EQ(cleaned.exit_code, 0) << cleaned.err;
    EXPECT_THAT(cleaned.out, HasSubstr("removed 1 agent at 127.0.0.1:"));
    const Ended again = pushsim(place, {"run", "named.yaml"});
    EXPECT_EQ(again.exit_code, 0) << again.out << again.err;
    EXPECT_EQ(pushsim(place, {"stack", "clean"}).out, "nothing to clean\n");
    EXPECT_EQ(pushsim(place, {"stack", "down"}).exit_code, 0);
}

TEST(Stack, ThatIsKeptAndDiesIsAStackThatFailed) {
    const Place place;
    ASSERT_EQ(pushsim(place, {"stack", "up", "--verifier-option", "quote_interval=1"}).exit_code, 0);
    place.write("long.yaml",
                "scenario: long\ntitle: T\nstack: {verifier: {quote_interval: 1s}}\n"
                "agents: {one: {enrol: {tpm_policy: {from_boot: [0]}}}}\n"
                "script:\n  - attest: {times: 300}\n    expect: {verdict: pass}\n");
    Program program(place, {"run", "long.yaml"});
    ASSERT_TRUE(becomes([&] {
        return place.read("runs/latest/history.jsonl").find("\"kind\":\"verdict\"") != std::string::npos;
    }));
    for (const pid_t pid : place.servers())
        ::kill(pid, SIGKILL);
    const Ended run = program.wait(std::chrono::seconds{60});
    EXPECT_EQ(run.exit_code, 3) << run.out << run.err;
    EXPECT_THAT(run.err, HasSubstr("a server of the stack in "));
    EXPECT_THAT(run.err, HasSubstr("pushsim stack logs"));

    place.write("next.yaml",
                "scenario: next\ntitle: T\nagents: {one: {}}\n"
                "script:\n  - register: one\n    expect: {response: {status: 200}}\n");
    const Ended next = pushsim(place, {"run", "next.yaml"});
    EXPECT_EQ(next.exit_code, 0) << next.out << next.err;
    EXPECT_THAT(next.err, HasSubstr("starts a stack of its own; the one kept in "));
    EXPECT_THAT(next.err, HasSubstr(" is not used: it is gone"));
}

TEST(Stack, ThatIsExternalAndDoesNotAnswerIsAStackThatFailed) {
    const Place place;
    const Ended up = pushsim(place, {"stack", "up"});
    ASSERT_EQ(up.exit_code, 0) << up.out << up.err;
    place.write("plain.yaml",
                "scenario: plain\ntitle: T\nagents: {one: {enrol: {tpm_policy: {from_boot: [0]}}}}\n"
                "script:\n  - register: {bare: true}\n    expect: {response: {status: 200}}\n");
    const Ended run = pushsim(
        place,
        run_against(up.out, "plain.yaml", {{"verifier", "127.0.0.1:1"}, {"registrar", "127.0.0.1:1"}}));
    EXPECT_EQ(run.exit_code, 3) << run.out << run.err;
    EXPECT_THAT(run.out + run.err, HasSubstr("the verifier at 127.0.0.1:1 does not answer: "));
    EXPECT_EQ(pushsim(place, {"stack", "down"}).exit_code, 0);
}

TEST(Stack, ThatIsExternalAndWhoseRegistrarIsDeadIsNotAskedAgainByTheNextScenario) {
    const Place place;
    const Ended up = pushsim(place, {"stack", "up"});
    ASSERT_EQ(up.exit_code, 0) << up.out << up.err;
    fs::create_directories(place.path() / "both");
    for (const std::string name : {"first", "second"}) {
        place.write("both/" + name + ".yaml",
                    "scenario: " + name +
                        "\ntitle: T\nagents: {one: {enrol: {tpm_policy: {from_boot: [0]}}}}\n"
                        "script:\n  - register: {bare: true}\n    expect: {response: {status: 200}}\n");
    }
    const Ended run = pushsim(place, run_against(up.out, "both", {{"registrar", "127.0.0.1:1"}}));
    EXPECT_EQ(run.exit_code, 3) << run.out << run.err;
    EXPECT_THAT(run.err, HasSubstr("the registrar at 127.0.0.1:1 does not answer: "));
    EXPECT_THAT(run.out,
                ContainsRegex("skip +second +the run ended before it: the registrar at 127.0.0.1:1"));
    EXPECT_THAT(place.read("runs/latest/history.jsonl"), HasSubstr("\"act\":\"probe\""));
    EXPECT_EQ(pushsim(place, {"stack", "down"}).exit_code, 0);
}

/// What of the tenant meets the verifier first.
struct FirstContact {
    const char* name;
    const char* agents;
    const char* script;
};

class DeadVerifier : public ::testing::TestWithParam<FirstContact> {};

TEST_P(DeadVerifier, IsMetByOneScenarioAndEndsTheRun) {
    const Place place;
    const Ended up = pushsim(place, {"stack", "up"});
    ASSERT_EQ(up.exit_code, 0) << up.out << up.err;
    fs::create_directories(place.path() / "both");
    for (const std::string name : {"first", "second"}) {
        place.write("both/" + name + ".yaml", "scenario: " + name + "\ntitle: T\nagents: " +
                                                  GetParam().agents + "\nscript:\n" + GetParam().script);
    }
    const Ended run = pushsim(place, run_against(up.out, "both", {{"verifier", "127.0.0.1:1"}}));
    EXPECT_EQ(run.exit_code, 3) << run.out << run.err;
    EXPECT_THAT(run.err, HasSubstr("the verifier at 127.0.0.1:1 does not answer: "));
    EXPECT_THAT(run.out, ContainsRegex("skip +second +the run ended before it: the verifier at 127.0.0.1:1"))
        << run.err;
    EXPECT_EQ(pushsim(place, {"stack", "down"}).exit_code, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Stack, DeadVerifier,
    ::testing::Values(
        FirstContact{"Enrolment", "{one: {enrol: {tpm_policy: {from_boot: [0]}}}}",
                     "  - attest: one\n    expect: {verdict: pass}\n"},
        FirstContact{"EnrolStep", "{one: {enrol: {tpm_policy: {from_boot: [0]}}}}",
                     "  - enrol: one\n    expect: {response: {status: 200}}\n"},
        FirstContact{"LookForAnId", "{one: {id: \"web-{n}\"}}",
                     "  - register: one\n    expect: {response: {status: 200}}\n"},
        FirstContact{"DeleteStep", "{one: {}}", "  - delete: one\n    expect: {response: {status: 200}}\n"},
        FirstContact{"ReadStatus", "{one: {}}", "  - read_status: one\n    expect: {status: PASS}\n"}),
    [](const auto& test) { return test.param.name; });

TEST(Stack, ThatIsExternalAndDeadFailsWhateverTheScenarioExpects) {
    const Place place;
    const Ended up = pushsim(place, {"stack", "up"});
    ASSERT_EQ(up.exit_code, 0) << up.out << up.err;
    // Without an agent that reaches anybody there is no verdict, which must not pass for the expected one.
    place.write("none.yaml",
                "scenario: none\ntitle: T\nagents: {one: {enrol: {tpm_policy: {from_boot: [0]}}}}\n"
                "script:\n  - attest: {times: 1}\n    expect: {verdict: none}\n");
    const Ended run = pushsim(
        place, run_against(up.out, "none.yaml", {{"verifier", "127.0.0.1:1"}, {"registrar", "127.0.0.1:1"}}));
    EXPECT_EQ(run.exit_code, 3) << run.out << run.err;
    EXPECT_EQ(pushsim(place, {"stack", "down"}).exit_code, 0);
}

}  // namespace
}  // namespace pushsim::testing
