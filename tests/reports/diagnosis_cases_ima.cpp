#include "tests/reports/diagnosis_cases.hpp"

namespace pushsim::reports::test {

namespace {

/// What the verifier's log says of an attestation that failed.
Script& failed_with(Script& script, int index, const std::vector<std::string>& details) {
    h::Verdict verdict{.index = index};
    verdict.record.value = h::RecordVerdict{"verification_complete", "fail"};
    verdict.log.value = h::LogVerdict{"fail", "policy_violation", details};
    return script.add(script.where(), verdict);
}

}  // namespace

std::vector<Case> ima_cases() {
    return {
        {"FileThatThePolicyDoesNotKnow",
         {"file_not_in_runtime_policy"},
         "The IMA log has what the runtime policy does not allow: /usr/bin/new is not in it.",
         [](Script& s) {
             failed_with(s.enrol(list(quoted)).attest(0), 0, {"File not found in allowlist: /usr/bin/new"});
         }},
        {"FilesThatThePolicyDoesNotAllow",
         {"file_not_in_runtime_policy"},
         "/bin/a has another digest there than 0a0b; /b is not in it; /c is not in it; and 1 more.",
         [](Script& s) {
             failed_with(
                 s.enrol(list(quoted)).attest(0), 0,
                 {"Hashes for file /bin/a don't match 0a0b not in ['0c']", "File not found in allowlist: /b",
                  "File not found in allowlist: /c", "File not found in allowlist: /d"});
         }},
        {"FailedForWhatTheLogDoesNotExplain",
         {},
         "",
         [](Script& s) {
             failed_with(s.enrol(list(quoted)).attest(0), 0,
                         {"IMA ERRORS: Some entries couldn't be validated."});
         }},
    };
}

}  // namespace pushsim::reports::test
