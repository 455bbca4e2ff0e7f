#include "tests/reports/diagnosis_cases.hpp"

namespace pushsim::reports::test {

using std::chrono::milliseconds;

std::vector<Case> challenges_cases() {
    return {
        {"NoPolicy",
         {"no_policy_no_challenge"},
         "The agent is enrolled without a policy that names a PCR. No PCR is required",
         [](Script& s) {
             s.asked_for_nothing().enrol(R"({"mask":"0x0"})").attest(0, 403, "challenges_expired");
         }},
        {"NoPolicyEnrolledElsewhere",
         {"no_policy_no_challenge"},
         "The verifier's policy for the agent requires no PCR.",
         [](Script& s) { s.asked_for_nothing().attest(0, 403, "challenges_expired"); }},
        {"Late",
         {"evidence_after_expiry"},
         "The challenge lived 2000 ms (challenge_lifetime), and the evidence was sent 2250 ms after",
         [](Script& s) {
             s.holding(milliseconds{2050}).enrol(list(quoted)).attest(0, 403, "challenges_expired");
         }},
        {"RefusedInTime",
         {},
         "",
         [](Script& s) { s.enrol(list(quoted)).attest(0, 403, "challenges_expired"); }},
        {"PolicyOfEmptyLists",
         {"no_policy_no_challenge"},
         "names PCRs and gives none of them a value",
         [](Script& s) { s.asked_for_nothing().enrol(R"({"7":[]})").attest(0, 403, "challenges_expired"); }},
        // The verifier asks for nothing although it should: no fault of the policy's.
        {"NothingAskedOfAGoodPolicy",
         {},
         "",
         [](Script& s) { s.asked_for_nothing().enrol(list(quoted)).attest(0, 403, "challenges_expired"); }},
        {"LateTwice",
         {"evidence_after_expiry"},
         "So it went once more.",
         [](Script& s) {
             s.holding(milliseconds{2050}).enrol(list(quoted)).attest(0, 403, "challenges_expired");
             s.holding(milliseconds{2070}).attest(1, 403, "challenges_expired");
         }},
        {"NegotiatedAgain",
         {"negotiated_again"},
         "The evidence was for attestation 0, and the agent had begun attestation 1 before it came",
         [](Script& s) {
             s.enrol(list(quoted)).negotiate(0).negotiate(1).submit_refused(0, "old_attestation");
         }},
        {"NegotiatedAgainTwice",
         {"negotiated_again"},
         "So it went once more.",
         [](Script& s) {
             s.enrol(list(quoted)).negotiate(0).negotiate(1).submit_refused(0, "old_attestation");
             s.negotiate(2).submit_refused(1, "old_attestation").attest(3).verdict(3, "pass");
         }},
        {"NegotiatedAgainByACopy",
         {"negotiated_again"},
         "and copy[0], which has its id, had begun attestation 1",
         [](Script& s) {
             s.enrol(list(quoted)).negotiate(0).negotiate(1, "copy[0]").submit_refused(0, "old_attestation");
         }},
        {"OldAttestationThatNothingFollowed",
         {},
         "",
         [](Script& s) { s.enrol(list(quoted)).negotiate(0).submit_refused(0, "old_attestation"); }},
        {"NegotiatedMoreOftenBeforeItWasEnrolledAnew",
         {},
         "",
         [](Script& s) {
             s.enrol(list(quoted)).negotiate(0).negotiate(1).enrol(list(quoted)).negotiate(0);
             s.submit_refused(0, "old_attestation");
         }},
        {"NegotiatedAgainAfterTheRefusal",
         {},
         "",
         [](Script& s) {
             s.enrol(list(quoted)).negotiate(0).submit_refused(0, "old_attestation").negotiate(1);
         }},
    };
}

}  // namespace pushsim::reports::test
