#include <algorithm>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "tests/sim/cli/program.hpp"

namespace pushsim::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(Run, TheTwoScenariosAreAsExpectedAndNothingIsLeft) {
    const Place place;
    const Ended run = pushsim(place, {"run", scenario_file("honest-agent"),
                                      scenario_file("reproduce/pcr-mismatch"), "--seed", "4711"});
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_THAT(run.out, HasSubstr("seed 4711"));
    EXPECT_THAT(run.out, HasSubstr("  ok  honest-agent    3 attestations accepted, status PASS"));
    EXPECT_THAT(run.out, HasSubstr("  ok  pcr-mismatch    FAIL policy_violation, as expected"));
    EXPECT_THAT(run.out,
                HasSubstr("cause  PCR 7 (sha256) was extended once after enrolment: policy allows "));
    EXPECT_THAT(run.out, HasSubstr("2 scenarios: 2 as expected"));
    EXPECT_THAT(place.servers(), IsEmpty());
    for (const char* file :
         {"history.jsonl", "report.json", "junit.xml", "plan.yaml", "stack/verifier.log"}) {
        EXPECT_TRUE(place.has(fs::path("runs/latest") / file)) << file;
    }
    const std::string plan = place.read("runs/latest/plan.yaml");
    EXPECT_THAT(plan, HasSubstr("plan: 1\nseed: 4711\n---\nscenario: \"honest-agent\"\n"));
    // The bearer token of a session is a UUID, a dot and 43 characters; the history has fingerprints instead.
    EXPECT_THAT(place.read("runs/latest/history.jsonl"),
                Not(::testing::ContainsRegex("Bearer [0-9a-f]{8}-")));
}

TEST(Replay, PlaysThePlanAgainAndSaysWhetherItShowsTheSame) {
    const Place place;
    const Ended run =
        pushsim(place, {"run", scenario_file("reproduce/pcr-mismatch"), scenario_file("honest-agent"),
                        "--seed", "7", "--jobs", "2", "--out", "first"});
    ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
    const std::string plan = place.read("first/latest/plan.yaml");
    const Ended again =
        pushsim(place, {"replay", "first/latest", "pcr-mismatch", "--out", "second", "--jobs", "1"});
    EXPECT_EQ(again.exit_code, 0) << again.out << again.err;
    EXPECT_THAT(again.out, HasSubstr("\nreproduced      pcr-mismatch\n"));
    EXPECT_THAT(again.out, Not(HasSubstr("honest-agent")));

    // What could not be compared is told all the same, and that these are other servers than recorded.
    const std::string version = "\"keylime_version\":\"";
    std::string other = place.read("first/latest/history.jsonl");
    for (std::size_t at = 0; (at = other.find(version, at)) != std::string::npos; at += version.size())
        other.insert(at + version.size(), "0.");
    fs::create_directories(place.path() / "other");
    place.write("other/history.jsonl", other);
    place.write("other/plan.yaml", plan);
    const Ended stopped =
        pushsim(place, {"replay", "other", "honest-agent", "--timeout", "100ms", "--out", "second"});
    EXPECT_EQ(stopped.exit_code, 3) << stopped.out << stopped.err;
    EXPECT_THAT(stopped.out, HasSubstr("\nnot comparable  honest-agent: now it did not come to its end"));
    EXPECT_THAT(stopped.out,
                ::testing::ContainsRegex(
                    "\nplayed against another stack \\(local, Keylime .* on loopback\\) than when "
                    "it was recorded \\(local, Keylime 0\\."));
    EXPECT_THAT(pushsim(place, {"replay", "--help"}).out, HasSubstr("4 nothing ran"));

    // Of a run that was killed at once there is the head of its history alone, and the whole plan.
    const std::string history = place.read("first/latest/history.jsonl");
    place.write("first/latest/history.jsonl", history.substr(0, history.find('\n') + 1));
    const Ended nothing_recorded =
        pushsim(place, {"replay", "first/latest", "honest-agent", "--out", "second"});
    EXPECT_EQ(nothing_recorded.exit_code, 1) << nothing_recorded.out << nothing_recorded.err;
    EXPECT_THAT(nothing_recorded.out,
                HasSubstr("\nnot comparable  honest-agent: the recorded run has no verdict"));

    const Ended no_run = pushsim(place, {"replay", "second"});
    EXPECT_EQ(no_run.exit_code, 2);
    EXPECT_THAT(no_run.err, HasSubstr("second: no run is there"));
    const Ended no_scenario = pushsim(place, {"replay", "first/latest", "nothing"});
    EXPECT_EQ(no_scenario.exit_code, 2);
    EXPECT_THAT(no_scenario.err, HasSubstr("the run has no scenario 'nothing'\n  mend: it has "));
    place.write("first/latest/plan.yaml", plan + "\n");
    const Ended changed = pushsim(place, {"replay", "first/latest"});
    EXPECT_EQ(changed.exit_code, 2);
    EXPECT_THAT(changed.err, HasSubstr("would draw or fill in something else"));
}

TEST(Run, QuickScenariosHoldWithASwtpmForEachAgent) {
    const Place place;
    const fs::path temporary = place.path() / "t";
    fs::create_directory(temporary);
    const Ended run = pushsim(
        place, {"run", std::string(PUSHSIM_SOURCE_DIR) + "/scenarios", "--tag", "quick", "--tpm", "swtpm"},
        {{"TMPDIR", temporary.string()}});
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_THAT(place.read("runs/latest/plan.yaml"), HasSubstr("tpm: \"swtpm\""));
    EXPECT_TRUE(fs::is_empty(temporary)) << "the folder of each goes with it";
}

/// Rules that found something, by scenario.
std::map<std::string, std::vector<std::string>> found_rules(const std::string& report) {
    std::map<std::string, std::vector<std::string>> found;
    const auto json = nlohmann::json::parse(report);
    for (const auto& scenario : json.at("scenarios")) {
        auto& rules = found[scenario.at("name")];
        for (const auto& diagnosis : scenario.at("diagnoses"))
            rules.push_back(diagnosis.at("rule"));
    }
    return found;
}

TEST(Run, EveryReproductionIsSeenAndExplained) {
    const Place place;
    Program reproduce(place, {"run", std::string(PUSHSIM_SOURCE_DIR) + "/scenarios/reproduce"});
    const Ended run = reproduce.wait();  // alone about two minutes
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    const std::map<std::string, std::vector<std::string>> expected = {
        {"attestations-without-evidence", {"negotiations_without_evidence"}},
        {"challenges-expired-late", {"evidence_after_expiry"}},
        {"challenges-expired-no-policy", {"no_policy_no_challenge"}},
        {"enrolment-mtls-certificate-required[enrolled=200,mode=push,session=pass]", {}},
        {"enrolment-mtls-certificate-required[enrolled=400,mode=pull,session=fail]",
         {"verifier_in_pull_mode"}},
        {"old-attestation-two-negotiations", {"negotiated_again"}},
        {"pcr-mismatch", {"pcr_changed"}},
        {"pcr-mismatch-upper-case-policy", {"policy_in_upper_case"}},
        {"pcr-mismatch-wrong-bank", {"policy_of_another_bank"}},
        {"pcr-missing-from-policy", {"pcr_missing_from_policy", "pcr_changed"}},
        {"pcr-policy-not-enforced", {"policy_not_enforced", "pcr_changed"}},
        {"push-agent-pull-verifier[mode=pull,negotiated=404,version=200]", {"verifier_in_pull_mode"}},
        {"push-agent-pull-verifier[mode=push,negotiated=201,version=410]", {}},
        {"rate-limit-lockout", {"limit_of_an_address"}},
        {"restart-loop", {"restarts_before_evidence", "limit_of_an_agent"}},
        {"silent-agent-stays-pass-after-restart", {"no_evidence_for_too_long", "pass_though_silent"}},
        {"status-stays-fail", {"pcr_changed", "failure_sticks"}},
        {"status-timeout-and-back", {"no_evidence_for_too_long"}},
        {"token-lost-on-403", {"evidence_after_expiry", "token_dropped_on_403"}},
        {"token-of-another-agent", {"token_of_another_agent"}},
        {"token-outlives-agent", {"deleted_by_tenant"}},
        {"uuid-taken-by-another-tpm", {"id_of_another_tpm"}},
    };
    const auto found = found_rules(place.read("runs/latest/report.json"));
    for (const auto& [scenario, rules] : expected) {
        ASSERT_TRUE(found.contains(scenario)) << scenario;
        EXPECT_EQ(found.at(scenario), rules) << scenario;
    }
    // Those that no rule of diagnosis speaks of yet are judged by their expectations alone.
    EXPECT_GT(found.size(), expected.size());
    EXPECT_THAT(run.err, HasSubstr("--tag long"));
    const Ended explained = pushsim(place, {"explain", "runs/latest"});
    EXPECT_EQ(explained.exit_code, 0) << explained.err;
    EXPECT_THAT(explained.out, ::testing::ContainsRegex("\n               line [0-9]+: PATCH /v3.0/agents/"
                                                        "[0-9a-f-]+/attestations/0 -> 403 challenges_expired "
                                                        "\\(late\\[0\\], submit\\)\n"));
    EXPECT_THAT(place.servers(), IsEmpty());
}

TEST(Run, APassWhereAFailureIsExpectedIsExitOneWithBothSidesAndTheExchange) {
    const Place place;
    place.write("wrong.yaml",
                "scenario: wrong\ntitle: Expects a failure that does not come\nstack: {verifier: "
                "{quote_interval: 1s}}\n"
                "agents: {one: {enrol: {tpm_policy: {from_boot: [4]}}}}\n"
                "script:\n  - attest: one\n    expect: {verdict: fail, reason: policy_violation}\n");
    const Ended run = pushsim(place, {"run", "wrong.yaml"});
    EXPECT_EQ(run.exit_code, 1) << run.out << run.err;
    EXPECT_THAT(run.out, HasSubstr("FAIL"));
    EXPECT_THAT(run.out, HasSubstr("expected"));
    EXPECT_THAT(run.out, HasSubstr("actual"));
    EXPECT_THAT(run.out, ::testing::ContainsRegex("PATCH /v3.0/agents/.*/attestations/0"));
    EXPECT_THAT(place.read("runs/latest/junit.xml"), HasSubstr("<failure"));
    EXPECT_THAT(place.servers(), IsEmpty());
}

TEST(Run, AnAgentThatCannotAuthenticateIsNotTakenForAsExpected) {
    const Place place;
    place.write("stranger.yaml",
                "scenario: stranger\ntitle: Nobody enrolled it\nstack: {verifier: {quote_interval: 1s}}\n"
                "agents: {one: {enrol: false}}\nscript:\n  - attest: one\nexpect: [accounted]\n");
    const Ended run = pushsim(place, {"run", "stranger.yaml"});
    EXPECT_EQ(run.exit_code, 1) << run.out << run.err;
    EXPECT_THAT(run.out, HasSubstr("authenticate"));
}

TEST(Run, WorksWithoutRoot) {
    const Place place;
    // A user namespace in which we are somebody else; the files stay readable wherever the project lies.
    const std::vector<std::string> somebody =
        ::geteuid() == 0 ? std::vector<std::string>{"unshare", "--user", "--map-user=1000"}
                         : std::vector<std::string>{};
    Program program(place, {"run", scenario_file("honest-agent")}, {}, somebody);
    const Ended run = program.wait();
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_THAT(place.servers(), IsEmpty());
}

TEST(Run, ServersWithKeylimesOwnCertificatesWorkToo) {
    const Place place;
    const Ended run = pushsim(place, {"run", scenario_file("honest-agent"), "--certificates", "keylime"});
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
}

}  // namespace
}  // namespace pushsim::testing
