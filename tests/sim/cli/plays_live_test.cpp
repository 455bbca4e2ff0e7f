// What a script means against the real servers: many small scenarios, judged in one run on one stack.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/cli/program.hpp"

namespace pushsim::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kStack = "stack: {verifier: {quote_interval: 1s}}\n";
const std::string kAgent = "agents: {one: {enrol: {tpm_policy: {from_boot: [0]}}}}\n";

/// All of the folder's scenarios, played; the report of one of them is the text between its name and the
/// next.
class Plays : public ::testing::Test {
  protected:
    void add(const std::string& name, const std::string& agents, const std::string& rest) {
        place_.write("plays/" + name + ".yaml",
                     "scenario: " + name + "\ntitle: T\n" + kStack + agents + rest);
    }
    void SetUp() override { fs::create_directories(place_.path() / "plays"); }
    Ended play() { return pushsim(place_, {"run", "plays"}); }

    Place place_;
};

TEST_F(Plays, MeanWhatTheySay) {
    // A deleted agent stays deleted: only the first need of an enrolment is met unasked.
    add("deleted", kAgent,
        "script:\n  - attest: {times: 1}\n    expect: {verdict: pass}\n  - delete\n"
        "  - negotiate:\n    expect: {response: {status: 404}}\n");
    add("enrolled-again", kAgent,
        "script:\n  - attest: {times: 1}\n  - delete\n  - enrol\n  - attest: {times: 1}\n"
        "    expect: {verdict: pass}\nexpect: [accounted]\n");
    // A status can be waited for in any step; five intervals without evidence are a time-out.
    add("times-out", kAgent,
        "script:\n  - attest: {times: 1}\n  - wait: 4s\n    expect: {status: TIMEOUT, within: 4s}\n");
    // The answer to the tenant's own question.
    add("asked-of-nobody", "agents: {one: {enrol: false}}\n",
        "script:\n  - activate\n  - read_status:\n    expect: {response: {status: 404}}\n");
    // What the step itself enrols has no status before.
    add("watched", kAgent, "script:\n  - attest: {times: 1}\n    expect: {never: FAIL, verdict: pass}\n");
    add("some-of-them", "agents: {a: {count: 3, enrol: {tpm_policy: {from_boot: [0]}}}}\n",
        "script:\n  - attest: a\n    expect: {response: {status: 202}, verdict: pass, at_least: 2}\n");
    const Ended run = play();
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_THAT(run.out, HasSubstr("6 scenarios: 6 as expected"));
}

TEST_F(Plays, ImaLogsAreJudgedByThePolicyOfTheMoment) {
    const std::string logged =
        "agents: {a: {boot: {extend: {4: ['text:loader']}, ima: {entries: 3}}, enrol: {runtime_policy: "
        "from_boot}}}\n";
    const std::string offset = "{/data/attributes/evidence_requested/1/chosen_parameters/starting_offset: ";
    add("goes-on", logged,
        "script:\n  - reboot\n  - attest:\n    expect: {verdict: pass}\n  - wait: 1s\n"
        "  - negotiate:\n    expect: {response: {status: 201, body: " +
            offset +
            "4}}}\n"
            "  - wait: 1s\n  - attest:\n    expect: {verdict: pass}\n");
    add("unknown-file", logged,
        "script:\n  - enrol\n  - measure: {path: /usr/bin/new, digest: 'text:new'}\n"
        "  - attest:\n    expect: {verdict: fail, reason: policy_violation}\n");
    // A log that another PCR 10 belongs to.
    add("not-of-the-log", logged,
        "script:\n  - extend: {10: ['text:by hand']}\n"
        "  - attest:\n    expect: {verdict: fail, reason: broken_evidence_chain}\n");
    // A file that the policy knows by another digest.
    add("other-digest",
        "agents: {a: {boot: {ima: {entries: 1}}, enrol: {runtime_policy: {from_boot: b}}},\n"
        "  b: {boot: {ima: {entries: 1}}, enrol: false}}\n",
        "script:\n  - measure: {agents: b, path: /usr/bin/new, digest: 'text:of b'}\n"
        "  - enrol: a\n  - measure: {agents: a, path: /usr/bin/new, digest: 'text:of a'}\n"
        "  - attest: a\n    expect: {verdict: fail, reason: policy_violation}\n");
    // Open in Keylime 7.14: it replays the log from the PCR 10 of before the reboot, whose value therefore
    // passes, and no other.
    const std::string after_reboot =
        "  - attest:\n    expect: {verdict: pass}\n  - wait: 1s\n  - reboot\n"
        "  - negotiate:\n    expect: {response: {status: 201, body: " +
        offset + "0}}}\n  - attest:\n    expect: ";
    add("rebooted-alike", logged, "script:\n" + after_reboot + "{verdict: pass}\n");
    add("rebooted", logged,
        "script:\n  - measure: {path: /usr/bin/new, digest: 'text:new'}\n" + after_reboot +
            "{verdict: fail, reason: broken_evidence_chain}\n");
    const Ended run = play();
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_THAT(run.out, HasSubstr("6 scenarios: 6 as expected"));
}

TEST_F(Plays, TheImaPolicyIsCorrectedWhileEvidenceIsOnItsWay) {
    const Ended run = pushsim(place_, {"run", scenario_file("examples/ima-policy-corrected")});
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_THAT(run.out, HasSubstr("1 scenario: 1 as expected"));
    const std::string history = place_.read("runs/latest/history.jsonl");
    EXPECT_THAT(history, HasSubstr(R"("act":"ima_log","pcr":10)"));
}

TEST_F(Plays, OfTheReferenceComeOutAsItSays) {
    const std::string page = pushsim(place_, {"list", "reference"}).out;
    const std::string fence = "```yaml\n";
    int number = 0;
    for (std::size_t at = 0; (at = page.find(fence, at)) != std::string::npos;) {
        at += fence.size();
        std::string text = page.substr(at, page.find("```", at) - at);
        // A tenth of the crowd, and of what it is allowed.
        for (const auto& [many, few] :
             {std::pair{"count: 50", "count: 5"}, std::pair{"_ip: 120", "_ip: 12"}}) {
            if (const auto found = text.find(many); found != std::string::npos)
                text.replace(found, std::string(many).size(), few);
        }
        if (text.find("scenario: ") == std::string::npos) continue;
        place_.write("plays/" + std::to_string(++number) + ".yaml", text);
    }
    ASSERT_EQ(number, 4);
    const Ended run = play();
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_THAT(run.out, HasSubstr("4 scenarios: 4 as expected"));
}

TEST_F(Plays, FaultsOfTimingChangeWhenAnAgentActs) {
    const std::string stack = "stack: {verifier: {quote_interval: 2s, challenge_lifetime: 1s}}\n";
    const auto write = [&](const std::string& name, const std::string& script) {
        place_.write("plays/" + name + ".yaml",
                     "scenario: " + name + "\ntitle: T\n" + stack + kAgent + script);
    };
    // Too early is told to wait, waits, and is accepted.
    write("early",
          "script:\n  - attest: {times: 2, faults: [early: {by: 1500ms}]}\n    expect: {verdict: pass}\n");
    for (const std::string fault :
         {"delay: {before: collect, for: 1100ms}", "stall: {after: negotiate, for: 1100ms}"}) {
        write(fault.substr(0, 5),
              "script:\n  - attest: {faults: [" + fault +
                  "]}\n    expect: {response: {status: 403, code: challenges_expired}}\n");
    }
    // No answer can come before the earliest expiry, so nothing is shown, three times.
    write("doubt",
          "script:\n  - attest: {faults: [delay: {before: submit, for: 1100ms}, hold_evidence: {until: "
          "challenges_expire_at - 1ms}]}\n    expect: {response: {status: 202}}\n");
    const Ended run = play();
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_THAT(run.out, HasSubstr("4 scenarios: 3 as expected, 1 skipped"));
    EXPECT_THAT(run.out, HasSubstr("inconclusive: the answer came"));
    const std::string history = place_.read("runs/latest/history.jsonl");
    EXPECT_THAT(history, HasSubstr("premature_attestation"));
    EXPECT_THAT(history,
                HasSubstr(R"("fault":"stall after negotiate for 1s100ms","effect":"waits 1s100ms with)"));
}

TEST_F(Plays, WhatAFaultCannotDoIsAnErrorWhateverIsExpected) {
    add("no-earlier-token", kAgent,
        "script:\n  - negotiate: {faults: [old_token]}\n    expect: {response: {status: 401}}\n");
    const Ended run = play();
    EXPECT_EQ(run.exit_code, 3) << run.out << run.err;
    EXPECT_THAT(run.out + run.err, HasSubstr("one[0]: fault old_token: "));
    EXPECT_THAT(run.out, HasSubstr("1 could not be judged"));
}

TEST_F(Plays, SessionsOfScenariosAreNotCountedTogether) {
    // Each by itself is below the limit of 50 a minute, all three are not.
    for (const std::string name : {"one", "another", "third"})
        add(name, "agents: {a: {count: 24, ak: primary, enrol: {tpm_policy: {from_boot: [0]}}}}\n",
            "script:\n  - authenticate:\n    expect: {response: {status: 200}}\n");
    const Ended run = play();
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_THAT(place_.read("runs/latest/history.jsonl"), Not(HasSubstr(R"("status":429)")));
}

TEST_F(Plays, APolicyThatNobodyTookEndsThePlay) {
    add("nobody-there",
        "agents: {one: {boot: {ima: {entries: 1}}, enrol: {runtime_policy: from_boot, runtime_policy_name: "
        "web}}}\n",
        "script:\n  - enrol\n  - kill: verifier\n"
        "  - change_policy: {runtime_policy_name: web, runtime_policy: {from_boot: one}}\n"
        "  - start: verifier\n  - attest:\n    expect: {verdict: pass}\n");
    const Ended run = play();
    EXPECT_EQ(run.exit_code, 3) << run.out << run.err;
    EXPECT_THAT(run.out, HasSubstr("change_policy web: "));
    EXPECT_THAT(run.out, HasSubstr("1 could not be judged"));
}

TEST_F(Plays, WhatTheTenantIsToldIsJudgedOfEachAgent) {
    const std::string agents = "agents: {all: {count: 3, enrol: {tpm_policy: {from_boot: [0]}}}}\n";
    const auto script = [](const std::string& status) {
        return "script:\n  - enrol: all\n    expect: {response: {status: 200, body: {/status: " + status +
               "}}}\n";
    };
    add("told", agents, script("Success"));
    const Ended run = play();
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_THAT(run.out, Not(HasSubstr("not judged")));
    add("told", agents, script("Other"));
    const Ended other = play();
    EXPECT_EQ(other.exit_code, 1) << other.out << other.err;
    for (const char* agent : {"all[0]", "all[1]", "all[2]"})
        EXPECT_THAT(other.out, HasSubstr(agent));
}

TEST_F(Plays, ThatAreNotAsExpectedSaySo) {
    // `early` cannot authenticate, and the expectation speaks of `late` alone.
    add("another-group",
        "agents:\n  early: {enrol: false}\n  late: {enrol: {tpm_policy: {from_boot: [0]}}}\n",
        "script:\n  - attest: {agents: [early, late]}\n    expect: {agents: late, verdict: pass}\n");
    // The status of an agent that is no more is not the last one that it had.
    add("status-of-the-deleted", kAgent,
        "script:\n  - attest: {times: 1}\n    expect: {status: PASS, within: 5s}\n  - delete\n"
        "expect:\n  - {status: PASS}\n");
    const Ended run = play();
    EXPECT_EQ(run.exit_code, 1) << run.out << run.err;
    EXPECT_THAT(run.out, HasSubstr("2 scenarios: 2 not as expected"));
    EXPECT_THAT(run.out, HasSubstr("goal_reached: early[0]: authenticate"));
    EXPECT_THAT(run.out, HasSubstr("one[0]: not known: "));
    EXPECT_THAT(run.out, ::testing::ContainsRegex("decided by history line .*GET /v2.6/agents/.* -> 404"));
}

}  // namespace
}  // namespace pushsim::testing
