#include "tests/reports/diagnosis_cases.hpp"

namespace pushsim::reports::test {

using std::chrono::seconds;

namespace {

/// Three starts, each with a session and a negotiation that nothing follows.
Script& restarting(Script& script) {
    script.enrol(list(quoted));
    for (int i = 0; i < 3; ++i)
        script.session().negotiate(i);
    return script;
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

}  // namespace

std::vector<Case> sessions_cases() {
    return {
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
    };
}

}  // namespace pushsim::reports::test
