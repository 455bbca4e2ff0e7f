#include "tests/reports/diagnosis_cases.hpp"

namespace pushsim::reports::test {

using std::chrono::seconds;

namespace {

/// An attestation now and one three seconds later, and a reading three seconds after that.
Script& attesting_until_timeout(Script& script) {
    script.enrol(list(quoted)).attest(0).verdict(0, "pass").wait(seconds{3});
    script.attest(1).verdict(1, "pass").wait(seconds{3});
    return script.status("TIMEOUT", 2);
}

}  // namespace

std::vector<Case> status_cases() {
    return {
        {"FailureSticks",
         {"failure_sticks", "pcr_changed"},
         "Attestation 0 failed, attestation 1 passed after it, and the status is FAIL all the same",
         [](Script& s) {
             s.enrol(list(quoted)).quoting({"sha256", {{7, old_value}}}).attest(0);
             s.verdict(0, "fail", "policy_violation").quoting({"sha256", {{7, quoted}}}).attest(1);
             s.verdict(1, "pass").status("FAIL", 1);
         }},
        {"FailureCleared",
         {"pcr_changed"},
         "PCR 7",
         [](Script& s) {
             s.enrol(list(quoted)).quoting({"sha256", {{7, old_value}}}).attest(0);
             s.verdict(0, "fail", "policy_violation").quoting({"sha256", {{7, quoted}}}).attest(1);
             s.verdict(1, "pass").status("PASS", 1);
         }},
        {"Silent",
         {"no_evidence_for_too_long"},
         "the verifier says TIMEOUT after 5 times quote_interval (1 s) without any",
         [](Script& s) {
             s.enrol(list(quoted)).attest(0).verdict(0, "pass").wait(seconds{6}).status("TIMEOUT", 1);
         }},
        {"SilentWhileOthersAreNotDone",
         {"no_evidence_for_too_long"},
         "It had done its part of the script and waited for agents that had not",
         [](Script& s) {
             s.enrol(list(quoted)).attest(0).verdict(0, "pass").wait(seconds{6}).session(200, "slow[0]");
             s.status("TIMEOUT", 1);
         }},
        {"SilentAfterTheScriptStoppedIt",
         {"no_evidence_for_too_long"},
         "(1 s) without any. The script had stopped it",
         [](Script& s) {
             s.enrol(list(quoted))
                 .attest(0)
                 .verdict(0, "pass")
                 .stop()
                 .wait(seconds{6})
                 .session(200, "slow[0]");
             s.status("TIMEOUT", 1);
         }},
        // The answer may come when nothing is left of the interval.
        {"TimeoutWithoutAnInterval",
         {},
         "",
         [](Script& s) {
             s.next_in(0)
                 .enrol(list(quoted))
                 .attest(0)
                 .verdict(0, "pass")
                 .wait(seconds{6})
                 .status("TIMEOUT", 1);
         }},
        {"TimeoutThatAnotherWorkerSays",
         {"timeout_although_in_time"},
         "The status was TIMEOUT 3.3 s after evidence that was accepted, which is less than 5 times "
         "quote_interval (1 s)",
         [](Script& s) { attesting_until_timeout(s); }},
        {"TimeoutOfAnAgentOnOneConnection",
         {},
         "",
         [](Script& s) { attesting_until_timeout(s.on_one_connection()); }},
        {"TimeoutAfterTheConnectionChangedLongBefore",
         {"timeout_although_in_time"},
         "one that took evidence 7.",
         [](Script& s) {
             s.enrol(list(quoted)).attest(0).verdict(0, "pass").session();
             s.on_one_connection()
                 .attest(1)
                 .verdict(1, "pass")
                 .wait(seconds{3})
                 .attest(2)
                 .verdict(2, "pass")
                 .wait(seconds{3});
             s.status("TIMEOUT", 3);
         }},
        {"TimeoutOfAnotherWorkerThatAPassTookBack",
         {},
         "",
         [](Script& s) {
             s.enrol(list(quoted)).attest(0).verdict(0, "pass").attest(1).verdict(1, "pass");
             s.on_one_connection().wait(seconds{10}).attest(2).verdict(2, "pass").wait(seconds{1});
             s.status("TIMEOUT", 3);
         }},
        {"PassThoughSilentSinceARestart",
         {"pass_though_silent"},
         "a timer in its memory, was gone.",
         [](Script& s) {
             s.enrol(list(quoted)).attest(0).verdict(0, "pass").restart_verifier().wait(seconds{11});
             s.status("PASS", 1).status("PASS", 1);
         }},
        {"PassThoughSilentWithoutARestart",
         {},
         "",
         [](Script& s) {
             s.enrol(list(quoted)).attest(0).verdict(0, "pass").wait(seconds{11}).status("PASS", 1);
         }},
        {"PassThoughLateAtTheRestart",
         {},
         "",
         [](Script& s) {
             s.enrol(list(quoted)).attest(0).verdict(0, "pass").wait(seconds{6}).restart_verifier();
             s.wait(seconds{11}).status("PASS", 1);
         }},
        {"PassSoonAfterARestart",
         {},
         "",
         [](Script& s) {
             s.enrol(list(quoted)).attest(0).verdict(0, "pass").restart_verifier().wait(seconds{8});
             s.status("PASS", 1);
         }},
        // Not the agent's silence: the verifier is wrong, and no rule explains why.
        {"TimeoutOfAnAgentThatAttests",
         {},
         "",
         [](Script& s) { s.enrol(list(quoted)).attest(0).verdict(0, "pass").status("TIMEOUT", 1); }},
    };
}

}  // namespace pushsim::reports::test
