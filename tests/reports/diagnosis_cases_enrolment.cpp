#include "tests/reports/diagnosis_cases.hpp"

namespace pushsim::reports::test {

using std::chrono::seconds;

std::vector<Case> enrolment_cases() {
    return {
        {"ProofWithAnotherAk",
         {"proof_with_another_ak"},
         "the agent's AK has the name 000b22, and it is enrolled with that of the name 000b11",
         [](Script& s) {
             s.provision("000b22").enrolled_ak("000b11").enrol(list(quoted)).session().proof_refused();
         }},
        {"ProofWithAnotherAkThanThatOfTheReading",
         {"proof_with_another_ak"},
         "enrolled with that of the name 000b11",
         [](Script& s) {
             s.provision("000b22").enrolled_ak("000b11").read_policy(list(quoted)).session();
             s.proof_refused();
         }},
        {"ProofRefusedWithTheRightAk",
         {},
         "",
         [](Script& s) {
             s.provision("000b11").enrolled_ak("000b11").enrol(list(quoted)).session().proof_refused();
         }},
        {"ProofRefusedWhereTheEnrolledAkIsNotKnown",
         {},
         "",
         [](Script& s) { s.provision("000b22").enrol(list(quoted)).session().proof_refused(); }},
        {"AnotherAkThatIsEnrolledBeforeTheProof",
         {},
         "",
         [](Script& s) {
             s.provision("000b22").enrolled_ak("000b11").enrol(list(quoted)).enrolled_ak("000b22");
             s.enrol(list(quoted)).session().proof_refused();
         }},
        {"NoAttestationsInPullMode",
         {"verifier_in_pull_mode"},
         "answered its attestation with 404 and an empty body",
         [](Script& s) { s.enrol(list(quoted)).session().proof(seconds{180}).no_attestations(); }},
        {"A404WithABodyAndWithoutACode",
         {},
         "",
         [](Script& s) { s.enrol(list(quoted)).session().proof(seconds{180}).negotiate_in_vain(404); }},
        {"AnEmpty404ToWhoHasNoToken", {}, "", [](Script& s) { s.no_attestations(); }},
        {"EnrolmentInPullMode",
         {"verifier_in_pull_mode"},
         "The verifier refused the enrolment: it wants the agent's mTLS certificate",
         [](Script& s) { s.enrol_in_vain(400, "mTLS certificate for agent is required!"); }},
        {"EnrolmentRefusedForAnotherReason",
         {},
         "",
         [](Script& s) { s.enrol_in_vain(400, "the policy is no JSON"); }},
        {"DeletedByTheTenant",
         {"deleted_by_tenant"},
         "The tenant had deleted the agent at the verifier, and it went on.",
         [](Script& s) {
             s.enrol(list(quoted)).attest(0).verdict(0, "pass").tenant("delete");
             s.negotiate_in_vain(404, "not_found").negotiate_in_vain(404, "not_found");
         }},
        {"DeletedAndEnrolledAgain",
         {},
         "",
         [](Script& s) {
             s.enrol(list(quoted)).tenant("delete").enrol(list(quoted)).negotiate_in_vain(404, "not_found");
         }},
        {"NeverEnrolled", {}, "", [](Script& s) { s.negotiate_in_vain(404, "not_found"); }},
        {"IdOfAnotherTpm",
         {"id_of_another_tpm"},
         "the id id is registered by other[0]",
         [](Script& s) { s.registration(200, "other[0]").registration(403); }},
        {"IdOfAnotherTpmAsTheRegistrarSays",
         {"id_of_another_tpm"},
         "the id id is registered by another TPM",
         [](Script& s) {
             s.registration(403, agent,
                            R"({"status":"Agent re-registration with different TPM identity is …"})");
         }},
        {"RegistrationForbiddenForAnotherReason",
         {},
         "",
         [](Script& s) { s.registration(200).registration(200, "other[1]").registration(403); }},
    };
}

}  // namespace pushsim::reports::test
