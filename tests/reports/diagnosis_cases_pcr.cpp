#include "tests/reports/diagnosis_cases.hpp"

namespace pushsim::reports::test {

std::vector<Case> pcr_cases() {
    return {
        {"Honest",
         {},
         "",
         [](Script& s) { s.enrol(list(quoted)).attest(0).verdict(0, "pass").status("PASS", 1); }},
        {"ExtendedBeforeEnrolment",
         {},
         "",
         [](Script& s) { s.extend(7).enrol(list(quoted)).attest(0).verdict(0, "pass").status("PASS", 1); }},
        {"PcrChanged",
         {"pcr_changed"},
         "PCR 7 (sha256) was extended once after enrolment: policy allows " + old_value + ", quoted " +
             quoted,
         [](Script& s) {
             s.enrol(list(old_value))
                 .extend(7)
                 .attest(0)
                 .verdict(0, "fail", "policy_violation")
                 .status("FAIL", 0);
         }},
        {"PcrNeverRight",
         {"pcr_changed"},
         "PCR 7 (sha256): policy allows " + zeros + ", quoted " + quoted,
         [](Script& s) { s.enrol().attest(0).verdict(0, "fail", "policy_violation"); }},
        {"PcrNotQuoted",
         {"pcr_changed"},
         "PCR 4 (sha256): policy allows " + zeros + ", not quoted",
         [](Script& s) {
             s.enrol(R"({"4":[")" + zeros + R"("]})").attest(0).verdict(0, "fail", "policy_violation");
         }},
        {"UpperCase",
         {"policy_in_upper_case"},
         "in upper case, and the verifier compares text",
         [](Script& s) { s.enrol(list(upper(quoted))).attest(0).verdict(0, "fail", "policy_violation"); }},
        {"OtherBank",
         {"policy_of_another_bank"},
         "The policy's values for PCR 7 are 40 hex digits long, as those of the sha1 bank, the quote is of "
         "the "
         "sha256 bank (64 digits)",
         [](Script& s) { s.enrol(list(sha1_value)).attest(0).verdict(0, "fail", "policy_violation"); }},
        {"NotEnforced",
         {"policy_not_enforced"},
         "the policy gives the PCR a text where a list belongs",
         [](Script& s) { s.enrol(R"({"7":")" + old_value + R"("})").attest(0).verdict(0, "pass"); }},
        {"TextThatIsRight",
         {},
         "",
         [](Script& s) { s.enrol(R"({"7":")" + quoted + R"("})").attest(0).verdict(0, "pass"); }},
        {"MissingFromPolicy",
         {"pcr_missing_from_policy"},
         "PCR 4 was extended twice after enrolment, and the attestation passed: the policy names PCR 7 alone",
         [](Script& s) { s.enrol(list(quoted)).extend(4).extend(4).attest(0).verdict(0, "pass"); }},
        {"QuotedAndOfNoPolicy",  // as PCR 10, for an IMA log
         {},
         "",
         [](Script& s) {
             s.enrol(R"({"4":[")" + quoted + R"("]})")
                 .quoting({"sha256", {{4, quoted}, {7, quoted}}})
                 .extend(7)
                 .attest(0)
                 .verdict(0, "pass");
         }},
        {"PrefixedValues",
         {"pcr_changed"},
         "PCR 7 (sha256): policy allows " + old_value + ", quoted",
         [](Script& s) { s.enrol(list("0x" + old_value)).attest(0).verdict(0, "fail", "policy_violation"); }},
        {"BrokenEvidenceOfAPcrThatIsWrongToo",
         {},
         "",
         [](Script& s) { s.enrol(list(old_value)).attest(0).verdict(0, "fail", "broken_evidence_chain"); }},
    };
}

}  // namespace pushsim::reports::test
