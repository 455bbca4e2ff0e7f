#include "reports/diagnosis.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reports/golden.hpp"

namespace pushsim::reports::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string old_value(64, '1');
const std::string sha1_value(40, '1');

std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](char c) { return c >= 'a' && c <= 'f' ? char(c - 32) : c; });
    return text;
}

std::string list(const std::string& value) {
    return R"({"7":[")" + value + R"("]})";
}

std::vector<std::string> names(const std::vector<Diagnosis>& diagnoses) {
    std::vector<std::string> all;
    for (const Diagnosis& one : diagnoses)
        all.push_back(one.rule);
    return all;
}

/// Three starts, each with a session and a negotiation that nothing follows.
Script& restarting(Script& script) {
    script.enrol(list(quoted));
    for (int i = 0; i < 3; ++i)
        script.session().negotiate(i);
    return script;
}

/// What the verifier's log says of an attestation that failed.
Script& failed_with(Script& script, int index, const std::vector<std::string>& details) {
    h::Verdict verdict{.index = index};
    verdict.record.value = h::RecordVerdict{"verification_complete", "fail"};
    verdict.log.value = h::LogVerdict{"fail", "policy_violation", details};
    return script.add(script.where(), verdict);
}

/// A negotiation for another id is refused, with the first token that was given out.
Script& forbidden_for(Script& script, const std::string& id) {
    h::Exchange refused = h::test::an_exchange(403, "{}");
    refused.phase = "negotiate";
    refused.request.method = "POST";
    refused.request.target = "/v3.0/agents/" + id + "/attestations";
    refused.request.headers.emplace_back("Authorization", "Bearer a-session." + token(0));
    return script.add(script.where(), refused);
}

/// An attestation now and one three seconds later, and a reading three seconds after that.
Script& attesting_until_timeout(Script& script) {
    script.enrol(list(quoted)).attest(0).verdict(0, "pass").wait(seconds{3});
    script.attest(1).verdict(1, "pass").wait(seconds{3});
    return script.status("TIMEOUT", 2);
}

/// A history, what must be found in it, and a part of the cause.
struct Case {
    const char* name;
    std::vector<std::string> rules;
    std::string cause;
    std::function<void(Script&)> play;
};

void PrintTo(const Case& one, std::ostream* out) {
    *out << one.name;
}

const std::vector<Case>& cases() {
    static const std::vector<Case> all = {
        {"Honest",
         {},
         "",
         [](Script& s) { s.enrol(list(quoted)).attest(0).verdict(0, "pass").status("PASS", 1); }},
        {"ExtendedBeforeEnrolment",
         {},
         "",
         [](Script& s) { s.extend(7).enrol(list(quoted)).attest(0).verdict(0, "pass").status("PASS", 1); }},
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
        {"PolicyOfEmptyLists",
         {"no_policy_no_challenge"},
         "names PCRs and gives none of them a value",
         [](Script& s) { s.asked_for_nothing().enrol(R"({"7":[]})").attest(0, 403, "challenges_expired"); }},
        // The verifier asks for nothing although it should: no fault of the policy's.
        {"NothingAskedOfAGoodPolicy",
         {},
         "",
         [](Script& s) { s.asked_for_nothing().enrol(list(quoted)).attest(0, 403, "challenges_expired"); }},
        {"PrefixedValues",
         {"pcr_changed"},
         "PCR 7 (sha256): policy allows " + old_value + ", quoted",
         [](Script& s) { s.enrol(list("0x" + old_value)).attest(0).verdict(0, "fail", "policy_violation"); }},
        {"BrokenEvidenceOfAPcrThatIsWrongToo",
         {},
         "",
         [](Script& s) { s.enrol(list(old_value)).attest(0).verdict(0, "fail", "broken_evidence_chain"); }},
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
        {"LateTwice",
         {"evidence_after_expiry"},
         "So it went once more.",
         [](Script& s) {
             s.holding(milliseconds{2050}).enrol(list(quoted)).attest(0, 403, "challenges_expired");
             s.holding(milliseconds{2070}).attest(1, 403, "challenges_expired");
         }},
        {"RestartsBetweenAttestations",
         {},
         "",
         [](Script& s) {
             s.enrol(list(quoted));
             for (int i = 0; i < 6; i += 2)
                 s.session().negotiate(i).session().attest(i + 1).verdict(i + 1, "pass");
         }},
        {"TokenDroppedOn403",
         {"token_dropped_on_403"},
         "After a 403 evidence_immutable the agent asked for a new session, although its token had not "
         "expired",
         [](Script& s) {
             s.enrol(list(quoted)).session().proof(seconds{180}).attest(0, 403, "evidence_immutable");
             s.session().proof(seconds{180}).attest(1).verdict(1, "pass");
         }},
        {"TokenDroppedOn403Twice",
         {"token_dropped_on_403"},
         "So it went once more.",
         [](Script& s) {
             s.enrol(list(quoted)).session().proof(seconds{180}).negotiate_in_vain(403, "agent_disabled");
             s.session().proof(seconds{180}).attest(1, 403, "evidence_immutable").session().negotiate(2);
         }},
        {"SessionThatAScriptAskedForAfter403",
         {},
         "",
         [](Script& s) {
             s.enrol(list(quoted)).step(1, "attest").session().proof(seconds{180});
             s.attest(0, 403, "evidence_immutable").step(2, "authenticate").session().proof(seconds{180});
             s.step(3, "attest").attest(1).verdict(1, "pass");
         }},
        {"TokenKeptOn403",
         {},
         "",
         [](Script& s) {
             s.enrol(list(quoted)).session().proof(seconds{180}).attest(0, 403, "evidence_immutable");
             s.attest(1).verdict(1, "pass");
         }},
        {"TokenExpiredAfter403",
         {},
         "",
         [](Script& s) {
             s.enrol(list(quoted)).session().proof(seconds{8}).attest(0, 403, "evidence_immutable");
             s.wait(seconds{4}).session().negotiate(1);
         }},
        {"TokenRefusedWith401After403",
         {},
         "",
         [](Script& s) {
             s.enrol(list(quoted)).session().proof(seconds{180}).attest(0, 403, "evidence_immutable");
             s.negotiate_in_vain(401).session().negotiate(1);
         }},
        {"A403WithoutACodeIsAboutTheToken",
         {},
         "",
         [](Script& s) {
             s.enrol(list(quoted))
                 .session()
                 .proof(seconds{180})
                 .negotiate_in_vain(403)
                 .session()
                 .negotiate(1);
         }},
        {"RestartAfter403",
         {},
         "",
         [](Script& s) {
             s.enrol(list(quoted)).session().proof(seconds{180}).attest(0, 403, "evidence_immutable");
             s.restart().session().negotiate(1);
         }},
        {"RestartLoop",
         {"restarts_before_evidence"},
         "The agent began anew 3 times before it sent evidence",
         [](Script& s) { restarting(s).session(); }},
        {"RestartLoopThatEndsAndA401LongAfter",
         {"restarts_before_evidence"},
         "each start took a new session. No challenge",
         [](Script& s) { restarting(s).session().attest(3).verdict(3, "pass").negotiate_in_vain(401); }},
        {"RestartLoopWithA401",
         {"restarts_before_evidence"},
         "a request was answered with 401 once",
         [](Script& s) { restarting(s).negotiate_in_vain(401).session(); }},
        {"EvidenceOfWhichNobodyCanSayWhetherItWasLate",
         {},
         "",
         [](Script& s) {
             s.enrol(list(quoted)).holding(seconds{3});
             for (int i = 0; i < 3; ++i)
                 s.session().attest_in_doubt(i);
             s.session();
         }},
        {"TpmFailsWhileTokensExpire",
         {},
         "",
         [](Script& s) {
             s.enrol(list(quoted));
             for (int i = 0; i < 3; ++i)
                 s.session().negotiate(i).cycle({"collect", "failed", std::nullopt, "", i, "TPM2_Quote: …"});
             s.session();
         }},
        {"RestartLoopThatEndsAnd429LongAfter",
         {"restarts_before_evidence"},
         "each start took a new session. No challenge",
         [](Script& s) {
             restarting(s).session().attest(3).verdict(3, "pass").wait(std::chrono::hours{5}).session(429);
         }},
        {"NegotiatesOftenInOneSession",
         {},
         "",
         [](Script& s) {
             s.enrol(list(quoted)).session();
             for (int i = 0; i < 5; ++i)
                 s.negotiate(i);
         }},
        {"TokenThatExpired",
         {"token_expired"},
         "The token lived 5.0 s (session_lifetime), and was used 6.1 s after the proof",
         [](Script& s) { s.session().proof(seconds{5}).wait(seconds{6}).bearing(0).negotiate_in_vain(401); }},
        {"NoTokenLongAfterOneThatExpired",
         {},
         "",
         [](Script& s) { s.session().proof(seconds{5}).wait(seconds{6}).negotiate_in_vain(401); }},
        {"TokenThatExpiredAndWasRenewedInTheSameCycle",
         {},
         "",
         [](Script& s) {
             s.session().proof(seconds{5}).wait(seconds{6}).bearing(0).negotiate_in_vain(401);
             s.session().proof(seconds{5}).cycle({"negotiate", "reached", 201, "", 0, ""});
         }},
        {"TokenThatIsRefusedForAnotherReason",
         {},
         "",
         [](Script& s) { s.session().proof(seconds{60}).wait(seconds{6}).negotiate_in_vain(401); }},
        {"TokenThatAPassMayHaveProlonged",
         {},
         "",
         [](Script& s) {
             s.enrol(list(quoted)).session().proof(seconds{5}).attest(0).verdict(0, "pass");
             s.wait(seconds{6}).negotiate_in_vain(401);
         }},
        {"TooManySessionsOfAnAgent",
         {"limit_of_an_agent"},
         "The agent took 15 sessions within a minute, and the verifier refused the next "
         "(session_create_rate_limit_per_agent). It is told to wait 60 s",
         [](Script& s) {
             for (int i = 0; i < 15; ++i)
                 s.session();
             s.session(429);
         }},
        {"RefusedForAnotherReason", {}, "", [](Script& s) { s.session().session(429); }},
        {"TooManySessionsOfAnAddress",
         {"limit_of_an_address"},
         "50 sessions were taken from one address within a minute",
         [](Script& s) {
             for (int i = 0; i < 50; ++i)
                 s.session(200, "other[" + std::to_string(i) + "]");
             s.session(429);
         }},
        {"AsManySessionsOfManyAddresses",
         {},
         "",
         [](Script& s) {
             for (int i = 0; i < 50; ++i)
                 s.session(200, "other[" + std::to_string(i) + "]", "127.64.0." + std::to_string(i + 1));
             s.session(429);
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
        {"TokenOfAnotherAgent",
         {"token_of_another_agent"},
         "The request bore the token of other[0]",
         [](Script& s) {
             s.session(200, "other[0]").proof(seconds{180}, "other[0]").session().proof(seconds{180});
             s.bearing(0).negotiate_in_vain(403);
         }},
        {"ItsOwnTokenIsForbidden",
         {},
         "",
         [](Script& s) {
             s.session(200, "other[0]").proof(seconds{180}, "other[0]").session().proof(seconds{180});
             s.bearing(1).negotiate_in_vain(403);
         }},
        {"ItsOwnTokenForAnotherId",
         {"token_of_another_agent"},
         "The request was for the id other, and the agent, with its token, is id:",
         [](Script& s) { forbidden_for(s.enrol(list(quoted)).session().proof(seconds{180}), "other"); }},
        {"ItsOwnTokenForItsOwnId",
         {},
         "",
         [](Script& s) { forbidden_for(s.enrol(list(quoted)).session().proof(seconds{180}), "id"); }},
        {"TokenOfNobodyKnown",
         {},
         "",
         [](Script& s) { s.session().proof(seconds{180}).bearing(7).negotiate_in_vain(403); }},
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
        {"NegotiationsWithoutEvidence",
         {"negotiations_without_evidence"},
         "The agent negotiated 10 times in one session and sent no evidence in between.",
         [](Script& s) {
             s.enrol(list(quoted)).session();
             for (int i = 0; i < 10; ++i)
                 s.negotiate(i);
         }},
        {"NegotiationsOfWhichTheTpmFailed",
         {},
         "",
         [](Script& s) {
             s.enrol(list(quoted)).session();
             for (int i = 0; i < 10; ++i)
                 s.negotiate(i).cycle({"collect", "failed", std::nullopt, "", i, "TPM2_Quote: …"});
         }},
        {"NegotiationsOfARestartLoop",
         {"restarts_before_evidence"},
         "",
         [](Script& s) {
             s.enrol(list(quoted)).session();
             for (int i = 0; i < 10; ++i)
                 s.negotiate(i);
             s.attest(10).verdict(10, "pass");
             for (int i = 11; i < 14; ++i)
                 s.session().negotiate(i);
         }},
        {"LockedOutByOthers",
         {"locked_out_by_others"},
         "Others took 15 sessions in the agent's name within a minute, the agent itself none",
         [](Script& s) {
             for (int i = 0; i < 15; ++i)
                 s.session_by_nobody();
             s.session(429);
         }},
        {"LockedOutByOthersAndItself",
         {"locked_out_by_others"},
         "Others took 14 sessions in the agent's name within a minute, the agent itself 1,",
         [](Script& s) {
             s.session();
             for (int i = 0; i < 14; ++i)
                 s.session_by_nobody();
             s.session(429);
         }},
        {"OthersAskedLongBefore",
         {},
         "",
         [](Script& s) {
             for (int i = 0; i < 15; ++i)
                 s.session_by_nobody();
             s.wait(seconds{60}).session(429);
         }},
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
    return all;
}

std::string history_of(const Case& one) {
    Script script;
    script.begin("case").step(1, "attest");
    one.play(script);
    return script.end_scenario().end().text();
}

class Diagnosing : public testing::TestWithParam<Case> {};

// Every rule looks at every history: what is not named must stay silent.
TEST_P(Diagnosing, FindsWhatIsThereAndNothingElse) {
    const auto found = judged(history_of(GetParam())).scenarios.at(0).diagnoses;
    ASSERT_EQ(names(found), GetParam().rules);
    if (found.empty()) return;
    EXPECT_THAT(cause_text(found[0]), HasSubstr(GetParam().cause));
    for (const Diagnosis& one : found) {
        EXPECT_FALSE(one.mend.empty());
        EXPECT_THAT(one.agents, ElementsAre(agent));
    }
}

TEST_P(Diagnosing, SaysNothingWithoutTheLineThatDecides) {
    expect_causes_rest_on_their_lines(history_of(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Histories, Diagnosing, testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param.name; });

// It had not done its part: something held it up within the step.
TEST(Silent, WithinItsStepDoesNotWaitForOthers) {
    Script script;
    script.begin("case").step(1, "attest").enrol(list(quoted)).attest(0).verdict(0, "pass").wait(seconds{6});
    script.session(200, "slow[0]").status("TIMEOUT", 1).session();
    const auto found = judged(script.end_scenario().end().text()).scenarios.at(0).diagnoses;
    ASSERT_EQ(names(found), std::vector<std::string>{"no_evidence_for_too_long"});
    EXPECT_THAT(found[0].cause, testing::EndsWith("(1 s) without any"));
    EXPECT_THAT(found[0].mend, HasSubstr("why the agent is silent"));
}

TEST(PassThoughSilent, ShowsTheRestart) {
    Script script;
    script.begin("case").step(1, "attest").enrol(list(quoted)).attest(0).verdict(0, "pass");
    script.restart_verifier().wait(seconds{11}).status("PASS", 1);
    const auto found = judged(script.end_scenario().end().text()).scenarios.at(0).diagnoses;
    ASSERT_EQ(names(found), std::vector<std::string>{"pass_though_silent"});
    EXPECT_THAT(found[0].shown, testing::Contains(testing::EndsWith(": the verifier was restarted")));
}

/// Mends of what is found where the policy is this one, and PCR 0 and 7 are quoted.
std::vector<std::string> mends(const std::string& policy, const std::string& evaluation) {
    Script script;
    script.begin("case").step(1, "attest").enrol(policy).quoting({"sha256", {{0, old_value}, {7, quoted}}});
    script.attest(0).verdict(0, evaluation, evaluation == "fail" ? "policy_violation" : "");
    std::vector<std::string> all;
    const RunReport report = judged(script.end_scenario().end().text());
    for (const Diagnosis& one : report.scenarios.at(0).diagnoses)
        all.push_back(one.mend);
    return all;
}

TEST(EnrolAgain, HasWhatWasQuotedForEveryPcrThatWouldFail) {
    const std::string right =
        R"(enrol again with {"0": [")" + old_value + R"("], "7": [")" + quoted + R"("]})";
    EXPECT_THAT(mends(R"({"0":[")" + zeros + R"("],"7":[")" + zeros + R"("]})", "fail"),
                testing::Each(HasSubstr(right)));
    EXPECT_THAT(mends(R"({"0":[")" + old_value + R"("],"7":[")" + zeros + R"("]})", "fail"),
                ElementsAre(HasSubstr(right)));
}

TEST(EnrolAgain, HasWhatWasQuotedWhereATextBecomesAList) {
    EXPECT_THAT(mends(R"({"0":")" + zeros + R"(","7":[")" + zeros + R"("]})", "fail"),
                ElementsAre(HasSubstr(R"({"0": [")" + old_value + R"("], "7": [")" + quoted + R"("]})")));
}

TEST(EnrolAgain, OfACauseThatComesBackIsTheLastOne) {
    Script script;
    const std::string both = R"({"0":[")" + old_value + R"("],"7":[")" + zeros + R"("]})";
    script.begin("case").step(1, "attest").enrol(both);
    script.quoting({"sha256", {{0, old_value}, {7, quoted}}})
        .attest(0)
        .verdict(0, "fail", "policy_violation");
    script.quoting({"sha256", {{0, zeros}, {7, quoted}}}).attest(1).verdict(1, "fail", "policy_violation");
    const auto found = judged(script.end_scenario().end().text()).scenarios.at(0).diagnoses;
    ASSERT_THAT(found, testing::SizeIs(2)) << "PCR 7, and PCR 0 from the second on";
    for (const Diagnosis& one : found)
        EXPECT_THAT(one.mend, HasSubstr(R"({"0": [")" + zeros + R"("], "7": [")" + quoted + R"("]})"));
}

TEST(EnrolAgain, KeepsListsThatHoldAndLeavesOutWhatHasNoValue) {
    const std::string policy =
        R"({"0":[")" + zeros + R"(",")" + old_value + R"("],"4":[],"7":[")" + zeros + R"("]})";
    EXPECT_THAT(mends(policy, "fail").back(), HasSubstr(R"(with {"0": [")" + zeros + R"(", ")" + old_value +
                                                        R"("], "7": [")" + quoted + R"("]})"));
}

TEST(EnrolAgain, OfAPolicyThatIsNotEnforcedKeepsItsOwnValue) {
    EXPECT_THAT(mends(R"({"7":")" + zeros + R"("})", "pass"),
                ElementsAre(HasSubstr(R"(enrol again with {"7": [")" + zeros + R"("]})")));
}

TEST(Rules, EachHasAHistoryThatShowsItAndNamesOfItsOwn) {
    std::vector<std::string> shown;
    for (const Case& one : cases())
        shown.insert(shown.end(), one.rules.begin(), one.rules.end());
    std::vector<std::string> known;
    for (const Rule& rule : rules()) {
        EXPECT_THAT(shown, testing::Contains(rule.name));
        EXPECT_THAT(known, testing::Not(testing::Contains(rule.name)));
        known.emplace_back(rule.name);
    }
}

TEST(SessionLimits, AreThoseOfThePlan) {
    const auto cause = [](const std::string& plan, Duration between) -> std::string {
        h::ScenarioStart start;
        start.groups = {{"honest", 1}};
        start.plan = plan;
        Script script;
        script.begin_with("one", start).step(1, "authenticate");
        for (int i = 0; i < 3; ++i)
            script.session().wait(between);
        const auto found = judged(script.session(429).end_scenario().end().text()).scenarios.at(0).diagnoses;
        return found.empty() ? "" : found[0].cause;
    };
    const std::string plan =
        "stack:\n  verifier:\n    session_create_rate_limit_per_agent: 3\n"
        "    session_create_rate_limit_window_agent: 10s\n";
    EXPECT_THAT(cause(plan, seconds{2}), HasSubstr("The agent took 3 sessions within 10s, and"));
    EXPECT_EQ(cause(plan, seconds{4}), "") << "one of the three is older than ten seconds";
    EXPECT_EQ(cause("", seconds{2}), "") << "Keylime's own limit is 15";
    EXPECT_THAT(cause("session_create_rate_limit_per_agent: 3\n"
                      "session_create_rate_limit_window_agent: 1m30s\n",
                      seconds{20}),
                HasSubstr("3 sessions within 1m30s"));
    EXPECT_EQ(cause("about: \"of session_create_rate_limit_per_agent: 3\"\n", seconds{2}), "");
}

}  // namespace
}  // namespace pushsim::reports::test
