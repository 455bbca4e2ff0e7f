#include <gmock/gmock.h>

#include "tests/sim/cli/program.hpp"

namespace pushsim::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

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

TEST(Explain, WhatTheSuiteHasIsTold) {
    const Place place;
    const auto told = [&](const char* name) {
        const Ended ended =
            Program(place, {"explain", name}, {{"PUSHSIM_SCENARIOS", PUSHSIM_SOURCE_DIR "/scenarios"}})
                .wait();
        EXPECT_EQ(ended.exit_code, 0) << ended.err;
        return ended.out;
    };
    EXPECT_THAT(told("RATE"), HasSubstr("RATE: rate limits\n  KPM-RATE-001 MUST   As many sessions"));
    EXPECT_THAT(told("KPM-SESS-007"), HasSubstr("Decided by session-requests/methods-wrong_type"));
    const std::string one = told("session-requests/methods-wrong_type");
    EXPECT_THAT(one, AllOf(HasSubstr("  Case methods-wrong_type:\n"), HasSubstr("It decides KPM-SESS-007."),
                           HasSubstr("pushsim conformance session-requests/methods-wrong_type\n")));
    EXPECT_THAT(one, Not(HasSubstr("Case methods-absent")));
    EXPECT_THAT(told("ops-mode"), HasSubstr("mode: pull or push"));
    const Ended none = pushsim(place, {"explain", "session-requests/methods"});
    EXPECT_EQ(none.exit_code, 2);
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
    EXPECT_THAT(told("hibernate"), HasSubstr("(not yet in this version)"));
    const Ended none = pushsim(place, {"explain", "attset"});
    EXPECT_EQ(none.exit_code, 2);
    EXPECT_THAT(none.err, HasSubstr("did you mean `attest`?"));
}

}  // namespace
}  // namespace pushsim::testing
