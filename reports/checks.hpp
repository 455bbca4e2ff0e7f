#pragma once
// Checks over a whole scenario: pure functions of a history. Each says what is wrong, or what it could not
// look at; nothing said means that it holds.

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "reports/report.hpp"
#include "reports/view.hpp"

namespace pushsim::reports {

struct Checked {
    std::vector<Finding> findings;
    std::vector<NotChecked> not_checked;
    Account account;
};

/// Where something came from that must come but once.
struct Origin {
    std::uint64_t n = 0;  ///< the line that brought it first
    history::Text agent;  ///< to whom
};
using Origins = std::unordered_map<history::Text, Origin>;

/// What the checks of a scenario need of the rest of the run.
struct RunFacts {
    Origins challenges;
    Origins tokens;  ///< by fingerprint, of the answer to the proof
    bool started = false;
    bool others = false;

    void take(const history::Head& head);
    void take(const history::Entry& line);
    /// All servers were started for the run: they have the options of the plan, and no others.
    bool own_stacks() const { return started && !others; }
};
RunFacts facts_of(const history::History& history);

/// Names of all checks below but goal_reached, in the order in which they are made.
const std::vector<std::string>& check_names();
/// In an expectation: all of check_names().
inline constexpr const char* all_checks = "invariants";

/// `accounted` (DESIGN, decision 8): for each agent attestations sent = accepted + refused + failed in
/// transit, accepted = verdicts + pending, and passes = growth of the verifier's attestation_count.
void check_accounted(const ScenarioView& scenario, Checked& checked);

/// `verdict_sources_agree` (decision 4): record, database and log say the same of each attestation.
void check_verdict_sources(const ScenarioView& scenario, Checked& checked);

/// `status_agrees` (decision 4): every status read is one that the verdicts, enrolments and reactivations
/// before it allow (keylime/cloud_verifier_common.py, keylime/push_agent_monitor.py): FAIL once something
/// failed, until the agent is enrolled anew (or, with auto_recover_attestation_failures, passes); TIMEOUT
/// from five quote intervals after the last verdict on. A status that is read while a verdict is open is not
/// judged.
void check_status(const ScenarioView& scenario, const RunFacts& facts, Checked& checked);

/// `no_5xx`: no answer was a 5xx. Found ones are notes; a scenario that expects the check makes them wrong.
void check_no_5xx(const ScenarioView& scenario, Checked& checked);

/// `nonces_distinct`: no challenge, of a session or of a negotiation, came twice in the run, to whomever.
void check_nonces(const ScenarioView& scenario, const RunFacts& facts, Checked& checked);

/// `tokens_secret`: in the history no token, key or password stands for itself, and no answer but that to
/// the proof has a token in it.
void check_tokens(const ScenarioView& scenario, const RunFacts& facts, Checked& checked);
/// The same of one line, or of the head; `checked` gets what was found.
void check_tokens(const history::Entry& line, const RunFacts& facts, Checked& checked);
void check_tokens(const history::Head& head, Checked& checked);

/// `indexes_monotonic`: the indexes that negotiations give grow with each, from 0 with every enrolment.
void check_indexes(const ScenarioView& scenario, Checked& checked);

/// `stages_legal`: an attestation goes from awaiting_evidence to evaluating_evidence, once, and from there to
/// verification_complete; it is pending before that, pass or fail from then on, and stays what it is.
void check_stages(const ScenarioView& scenario, Checked& checked);

/// `goal_reached`: every cycle reached its goal, unless an expectation of its step (or of the whole run)
/// speaks of that agent's answers or verdicts; and no verdict is FAIL unless one speaks of that agent's
/// verdicts or status. A step that says nothing is meant to succeed.
void check_goals(const ScenarioView& scenario, Checked& checked);

/// All of them.
Checked check(const ScenarioView& scenario, const RunFacts& facts);

}  // namespace pushsim::reports
