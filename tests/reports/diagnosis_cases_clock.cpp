#include "tests/reports/diagnosis_cases.hpp"

namespace pushsim::reports::test {

std::vector<Case> clock_cases() {
    return {
        {"TpmStartedAnewWithAnOlderClock",
         {"tpm_clock_went_back"},
         "behind that of the one before: its clock went from 9000 to 4000 ms. So it went once more.",
         [](Script& s) {
             s.enrol(list(quoted)).clock({9000, 1, 0, true}).attest(0).verdict(0, "pass");
             s.clock({4000, 2, 0, true}).attest(1).verdict(1, "fail", "broken_evidence_chain");
             s.clock({5000, 2, 0, true}).attest(2).verdict(2, "fail", "broken_evidence_chain");
             s.clock({9001, 2, 0, true}).attest(3).verdict(3, "pass");
         }},
        {"TpmKilled",
         {"tpm_clock_went_back", "tpm_clock_went_back"},
         "Nor will it take those after it: the clock went from 9000 to 100 ms, and must be past what it was.",
         [](Script& s) {
             s.enrol(list(quoted)).clock({9000, 1, 0, true}).attest(0).verdict(0, "pass");
             s.clock({100, 2, 0, false}).attest(1).verdict(1, "fail", "broken_evidence_chain");
             s.clock({5000, 2, 0, true}).attest(2).verdict(2, "fail", "broken_evidence_chain");
             s.clock({8000, 2, 0, true}).attest(3).verdict(3, "fail", "broken_evidence_chain");
         }},
        {"TpmOfAnOlderState",
         {"tpm_clock_went_back"},
         "its resetCount went from 3 to 2",
         [](Script& s) {
             s.enrol(list(quoted)).clock({9000, 3, 0, true}).attest(0).verdict(0, "pass");
             s.clock({10000, 2, 0, true}).attest(1).verdict(1, "fail", "broken_evidence_chain");
         }},
        {"TpmThatLostItsRestarts",
         {"tpm_clock_went_back"},
         "The TPM lost part of its state, and the verifier takes no quote whose clock is behind that of the "
         "one before: its restartCount went from 2 to 1.",
         [](Script& s) {
             s.enrol(list(quoted)).clock({9000, 3, 2, true}).attest(0).verdict(0, "pass");
             s.clock({10000, 3, 1, true}).attest(1).verdict(1, "fail", "broken_evidence_chain");
         }},
        // As a TPM is meant to count (Part 1, 36): nothing was lost.
        {"BootedAnewAfterSuspending",
         {"tpm_clock_went_back"},
         "The machine was booted anew after it had been suspended. Then the TPM's restartCount begins at 0 "
         "again (it went from 2 to 0, resetCount from 3 to 4)",
         [](Script& s) {
             s.enrol(list(quoted)).clock({9000, 3, 2, true}).attest(0).verdict(0, "pass");
             s.clock({10000, 4, 0, true}).attest(1).verdict(1, "fail", "broken_evidence_chain");
         }},
        {"TpmThatWasNotShutDown",
         {"tpm_clock_went_back"},
         "The TPM says itself that its clock is not safe",
         [](Script& s) {
             s.enrol(list(quoted)).clock({9000, 3, 0, false}).attest(0);
             s.verdict(0, "fail", "broken_evidence_chain");
         }},
        // Two events, with an attestation between them that passed.
        {"TpmStartedAnewTwice",
         {"tpm_clock_went_back", "tpm_clock_went_back"},
         "its clock went from 9000 to 4000 ms.",
         [](Script& s) {
             s.enrol(list(quoted)).clock({9000, 1, 0, true}).attest(0).verdict(0, "pass");
             s.clock({4000, 2, 0, true}).attest(1).verdict(1, "fail", "broken_evidence_chain");
             s.clock({9001, 2, 0, true}).attest(2).verdict(2, "pass");
             s.clock({4000, 3, 0, true}).attest(3).verdict(3, "fail", "broken_evidence_chain");
         }},
        {"BrokenForAnotherReasonThanTheClock",
         {},
         "",
         [](Script& s) {
             s.enrol(list(quoted)).clock({9000, 3, 0, true}).attest(0).verdict(0, "pass");
             s.clock({9500, 3, 0, true}).attest(1).verdict(1, "fail", "broken_evidence_chain");
         }},
        {"OlderClockAfterBothCountsGrew",
         {},
         "",
         [](Script& s) {
             s.enrol(list(quoted)).clock({9000, 3, 0, true}).attest(0).verdict(0, "pass");
             s.clock({100, 4, 1, true}).attest(1).verdict(1, "fail", "broken_evidence_chain");
         }},
        {"OlderClockWhereNoReasonCanBeRead",
         {"tpm_clock_went_back"},
         "its clock went from 9000 to 100 ms",
         [](Script& s) {
             s.enrol(list(quoted)).clock({9000, 3, 0, true}).attest(0).verdict(0, "pass");
             s.clock({100, 3, 0, true}).attest(1).verdict(1, "fail");
         }},
        {"OlderClockThanThatOfAnEarlierEnrolment",
         {},
         "",
         [](Script& s) {
             s.enrol(list(quoted)).clock({9000, 3, 0, true}).attest(0).verdict(0, "pass");
             s.enrol(list(quoted)).clock({100, 3, 0, true}).attest(0);
             s.verdict(0, "fail", "broken_evidence_chain");
         }},
    };
}

}  // namespace pushsim::reports::test
