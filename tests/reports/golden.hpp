#pragma once
// Histories made with the writer, to be judged as they are or with a line changed.

#include <functional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "reports/report.hpp"
#include "tests/sim/history/support.hpp"

namespace pushsim::reports::test {

namespace h = pushsim::history;

inline const std::string zeros(64, '0');
inline const std::string quoted = "9b71" + std::string(56, 'a') + "c4e2";
inline const std::string agent = "honest[0]";
inline const std::string no_challenge = "none yet";  ///< a negotiation puts one there

/// The secret half of the token that the proof of that number (from 0) brings.
inline std::string token(int number) {
    return fmt::format("hidden-half-of-token-{:04}", number);
}

/// Writes a run act by act. Every act takes 100 ms.
class Script {
  public:
    Script();

    Script& add(const h::Where& where, const h::Record& record);
    Script& stack();
    /// One group "honest" of so many agents.
    Script& begin(const std::string& scenario, std::vector<h::Expectation> expectations = {}, int agents = 1);
    Script& begin_with(const std::string& scenario, const h::ScenarioStart& start);
    /// The only agent is one that a person runs.
    Script& begin_by_hand();
    Script& step(int number, const std::string& kind);
    Script& end_step(const std::string& kind) { return add({scenario_, step_}, h::StepEnd{kind, ""}); }
    /// Its keys are made; the AK has this name.
    Script& provision(const std::string& ak_name, const std::string& name = agent);
    /// It has no TPM.
    Script& provision_in_vain(const std::string& error);
    /// A cycle that came to no attestation.
    Script& cycle(const h::Cycle& cycle) { return add(where(), cycle); }
    /// From here on enrolments are with the AK of this name.
    Script& enrolled_ak(const std::string& ak_name) {
        enrolled_ak_ = ak_name;
        return *this;
    }
    Script& enrol(const std::string& policy = R"({"7":[")" + zeros + R"("],"mask":"0x80"})",
                  const std::string& name = agent);
    /// Negotiation, quote, submission and the end of the cycle.
    Script& attest(int index, int status = 202, const std::string& code = "",
                   const std::string& name = agent);
    /// From here on negotiations request nothing.
    Script& asked_for_nothing();
    /// From here on quotes have this clock.
    Script& clock(const h::QuoteClock& clock) {
        quote_clock_ = clock;
        return *this;
    }
    /// From here on quotes are these.
    Script& quoting(const h::QuoteValues& quote);
    /// From here on so much time passes between negotiation and evidence. Challenges live two seconds.
    Script& holding(Duration held) {
        held_ = held;
        return *this;
    }
    /// A session is asked for, from an address of the agent's own if one is given.
    Script& session(int status = 200, const std::string& name = agent, const std::string& source = "");
    /// The session's proof is refused.
    Script& proof_refused(const std::string& name = agent);
    /// The session's proof passes, and its token lives so long.
    Script& proof(Duration token_lifetime, const std::string& name = agent);
    /// The tenant's enrolment is refused.
    Script& enrol_in_vain(int status, const std::string& words);
    /// At the registrar; two agents of one number have the same id.
    Script& registration(int status, const std::string& name = agent, const std::string& body = "{}");
    /// From here on refused negotiations bear the token of the proof of that number (from 0).
    Script& bearing(int token_number) {
        borne_ = token_number;
        return *this;
    }
    /// From here on requests go over the connection of the one before, or each over one of its own.
    Script& on_one_connection(bool one = true) {
        reused_ = one;
        return *this;
    }
    /// Somebody who is no agent takes a session in the agent's name.
    Script& session_by_nobody();
    /// A negotiation that a verifier in pull mode answers.
    Script& no_attestations();
    /// The verifier is started anew.
    Script& restart_verifier();
    /// A negotiation that is refused, with a code or without.
    Script& negotiate_in_vain(int status, const std::string& code = "", const std::string& name = agent);
    Script& restart(const std::string& name = agent);
    /// A negotiation, and nothing after it.
    Script& negotiate(int index, const std::string& name = agent);
    /// From here on accepted evidence is answered with so many seconds to the next.
    Script& next_in(int seconds) {
        seconds_to_next_ = seconds;
        return *this;
    }
    Script& extend(int pcr, const std::string& name = agent);
    /// The script ends the agent.
    Script& stop(const std::string& name = agent);
    Script& wait(Duration duration) {
        clock_.advance(duration);
        return *this;
    }
    /// Refused, and nobody can say whether for good reason.
    Script& attest_in_doubt(int index);
    /// The evidence went out and no answer came; with a status, that one came.
    Script& submit_in_vain(int index, int status = 0);
    /// The same, and the cycle ends.
    Script& attest_in_vain(int index);
    /// The evidence goes out and is refused with 403.
    Script& submit_refused(int index, const std::string& code);
    /// The evidence goes out again, and the verifier says that it has it already.
    Script& attest_again(int index);
    /// Somebody else enrolled the agent.
    Script& read_policy(const std::string& policy);
    /// The tenant asks for the status and is answered.
    Script& read_status_act(const std::string& name = agent);
    /// The tenant does "delete", "reactivate", and is told that it is done.
    Script& tenant(const std::string& what, const std::string& name = agent);
    /// From all three places.
    Script& verdict(int index, const std::string& evaluation, const std::string& reason = "",
                    const std::string& name = agent);
    Script& status(const std::string& status, std::int64_t count, const std::string& name = agent);
    Script& end_scenario(h::ScenarioEnd end = {});
    Script& end(h::End end = {});

    h::Where where(const std::string& name = agent) const { return {scenario_, step_, name}; }
    std::string text() const;  ///< of the file so far

  private:
    /// `call`: "POST /v3.0/sessions". It begins now.
    h::Exchange exchange(const std::string& phase, const std::string& call, int status,
                         const std::string& body) const;

    std::string new_challenge() { return fmt::format("challenge-{}==", challenges_++); }

    h::test::TemporaryFolder folder_;
    core::SimulatedClock clock_;
    std::unique_ptr<h::HistoryWriter> writer_;
    int challenges_ = 0;
    int tokens_ = 0;
    std::string scenario_;
    std::optional<int> step_;
    std::string negotiation_ =
        R"({"data":{"attributes":{"evidence_requested":[{"evidence_type":"tpm_quote","chosen_parameters":)"
        R"({"challenge":"none yet"}}],)"
        R"("capabilities_received_at":"2026-11-23T15:00:34.000000+00:00",)"
        R"("challenges_expire_at":"2026-11-23T15:00:36.000000+00:00"}}})";
    h::QuoteValues quote_{"sha256", {{7, quoted}}};
    h::Shared<h::QuoteClock> quote_clock_;
    std::string enrolled_ak_;
    Duration held_{};
    std::string doubt_;
    int seconds_to_next_ = 1;
    std::optional<int> borne_;
    bool reused_ = false;
};

/// "3 attestations accepted, status PASS"
std::string honest_run(std::vector<h::Expectation> expectations = {});
/// "FAIL policy_violation, as expected"
std::string mismatch_run(const std::string& expected_verdict = "fail");

h::History read(const std::string& text);
RunReport judged(const std::string& text);

/// The text without its `number`th (from 0) line that contains `part`; throws if there is none. Later lines
/// keep their numbers, as if a writer had never written it: `n` is made contiguous again.
std::string without(const std::string& text, const std::string& part, int number = 0);
/// The same, the line changed.
std::string with_line(const std::string& text, const std::string& part, int number,
                      const std::function<void(std::string&)>& change);
/// The first `from` in a line becomes `to`; throws if it is not there.
std::function<void(std::string&)> replacing(const std::string& from, const std::string& to);

/// Of all scenarios: a matrix has one for each case.
std::vector<Diagnosis> all_diagnoses(const RunReport& report);

/// The history's lines that a cause names are removed, one at a time: without each the agent has another
/// cause, or none.
void expect_causes_rest_on_their_lines(const std::string& text);

/// Texts of the findings of one check in the only scenario.
std::vector<std::string> findings(const RunReport& report, const std::string& check);
/// Why a check was not made, or not in full, in the only scenario.
std::vector<std::string> not_checked(const RunReport& report, const std::string& check);

}  // namespace pushsim::reports::test
