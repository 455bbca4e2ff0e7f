#pragma once
// What a history says: one outcome for each scenario, and why.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/base/time.hpp"
#include "sim/history/reader.hpp"
#include "sim/history/record.hpp"

namespace pushsim::reports {

enum class Outcome {
    AsExpected,
    NotAsExpected,
    Error,       ///< the stack or pushsim failed; nothing can be said about the verifier
    Skipped,     ///< not run, or none of its expectations could be judged
    Partial,     ///< begun and not ended: interrupted or killed
    Reproduced,  ///< of what comes by chance: a try was as expected
    NotSeen,     ///< no try was; that is no failure
};
const char* to_string(Outcome outcome);  ///< "as_expected", "not_as_expected", …

enum class Judgement { Holds, DoesNotHold, Skipped };
const char* to_string(Judgement judgement);  ///< "holds", "does_not_hold", "skipped"

/// An exchange worth showing, taken from its line.
struct DecidingExchange {
    std::uint64_t n = 0;
    std::string agent;
    std::string phase;
    std::string method;
    std::string target;
    std::optional<int> status;  ///< absent: `failure`
    std::string code;
    std::string failure;       ///< transport failure, word and text
    std::string body_excerpt;  ///< start of the answer's body, one line, redacted
};

/// What a clause about a check expects, and sees where it holds; the check's name begins `what`.
inline constexpr const char* nothing_wrong = "nothing wrong";

/// One expectation, judged.
struct ExpectationResult {
    Judgement judgement = Judgement::Skipped;
    std::string what;                ///< "verdict pass, all of late, step 2 (attest)"
    std::string expected;            ///< "PASS"; "not PASS" of what must be of no agent
    std::string actual;              ///< "late[0]: FAIL policy_violation"
    std::string reason;              ///< why it was skipped
    std::string source;              ///< "scenarios/x.yaml:12:5"
    std::optional<std::uint64_t> n;  ///< line of the history that decided it
    /// What those who decided came to (view.hpp); empty where it is about figures, or decided by no line.
    std::set<std::string> came_to;
    std::set<std::string> seen = {};  ///< of responses that decided, as Match has it (response_match.hpp)
    std::optional<DecidingExchange> exchange;
    /// The number (from 0) of the clause in the scenario's list; a clause may have several results.
    int clause = 0;
    std::vector<std::string> decides = {};  ///< requirements; empty: a control
    std::string case_name = {};             ///< empty: of the scenario as a whole
    /// It says whether a known deviation is seen in place of the clause of that number.
    std::optional<int> instead_of = {};
};

/// A clause that asks for that check.
inline bool is_of_check(const ExpectationResult& result, const std::string& check) {
    return result.expected == nothing_wrong && result.what.starts_with(check + ",");
}

enum class Severity {
    Wrong,  ///< the scenario is not as expected because of it
    Note,
};

/// What a check over the whole scenario found.
struct Finding {
    std::string check;  ///< one of check_names(), goal_reached, history_complete
    Severity severity = Severity::Wrong;
    std::string text;
    std::optional<std::uint64_t> n;
    std::string came_to = {};  ///< of goal_reached: what that line came to (view.hpp)
};

/// A check that could not be made, or only in part.
struct NotChecked {
    std::string check;
    std::string reason;
    bool in_part = true;  ///< else there was nothing that it could have looked at
};

/// How one agent has a cause: in its own words, and where.
struct Case {
    std::string agent;
    std::string cause;  ///< as cause_text()
    std::string mend;
    std::vector<std::uint64_t> evidence;  ///< lines of the history, the deciding one first
};

/// A failure that the history shows, and every agent that has it (diagnosis.hpp). Words and lines are those
/// of the first agent; the others may have other figures.
struct Diagnosis {
    std::string rule;                     ///< name of the rule, for programs; empty: no rule explains it
    std::string subject = {};             ///< what, beside the rule, makes it the same cause at two agents
    std::string cause;                    ///< sentences for a person, digests in full
    std::size_t more = 0;                 ///< so often it went so again
    std::string mend;                     ///< what to do, in the same words
    std::vector<std::uint64_t> evidence;  ///< lines of the history, the deciding one first
    std::vector<std::string> shown;       ///< the same lines in words
    std::vector<std::string> agents;      ///< each once, by group and number
    std::vector<Case> cases = {};         ///< of the same agents, in their order; one may have several
    std::vector<std::uint64_t> failures = {};  ///< lines of verdicts that it explains
    bool enrols_again = false;  ///< to enrol the agent with the values as they are now is what mends it
};

/// The cause, and how often it went so again.
std::string cause_text(const Diagnosis& diagnosis);

/// Decision 8, summed over the agents of a scenario.
struct Account {
    std::uint64_t sent = 0;        ///< submissions of evidence
    std::uint64_t accepted = 0;    ///< 202
    std::uint64_t refused = 0;     ///< any other complete answer
    std::uint64_t in_transit = 0;  ///< no complete answer
    std::uint64_t given_up = 0;    ///< of those: by pushsim, for the scenario ended early
    std::uint64_t passed = 0;
    std::uint64_t failed = 0;
    std::uint64_t pending = 0;
};

/// Durations of one kind. Percentiles are by nearest rank: each is one that was measured.
struct Spread {
    std::size_t count = 0;
    Duration p50{};
    Duration p95{};
    Duration max{};
    Duration sum{};
};

/// Jobs of all agents on the TPM threads, of one operation.
struct TpmJobs {
    std::string operation;  ///< "quote", "provision"
    Spread lasted;
    Spread waited;          ///< for the thread, before that
    int longest_queue = 0;  ///< jobs that the thread had when one more came, at most
};

/// What agents spent their time on, added up over them; pauses of a scenario and of its faults are no part.
struct Waits {
    std::vector<TpmJobs> tpm = {};
    std::optional<Spread> gate = {};  ///< before exchanges; absent: no bound on exchanges at a time
    Duration exchanges{};             ///< with the servers, from start to end
};

/// One line of what an agent went through that a person runs.
struct CourseLine {
    WallTime time{};
    std::string text;
};

/// Of a scenario of what comes by chance (history::Try).
struct Tries {
    int made = 1;
    int of = 1;          ///< at most
    int reproduced = 0;  ///< the number of the try that was as expected, from 1; 0: none

    bool operator==(const Tries&) const = default;
};

struct ScenarioReport {
    std::string name;
    std::string title;
    std::string file;
    Outcome outcome = Outcome::Partial;
    std::optional<Tries> tries = {};     ///< all else is of the try that decided
    std::string headline;                ///< one line, without a full stop
    std::vector<CourseLine> course;      ///< of an agent that a person runs; empty otherwise
    std::vector<Diagnosis> diagnoses;    ///< the one of most agents first
    std::string agents_at_end;           ///< what they were doing at an early end; empty otherwise
    std::vector<Diagnosis> unexplained;  ///< failures that no diagnosis speaks of; `shown`: what was said
    std::vector<ExpectationResult> expectations;
    std::vector<ExpectationResult> instead = {};  ///< known deviations; they decide no outcome
    std::vector<Finding> findings;
    std::vector<NotChecked> not_checked;
    Account account;
    Waits waits;
    std::size_t agents = 0;         ///< that the scenario has
    std::size_t failed_agents = 0;  ///< with a FAIL, or a cycle that did not reach its goal
    Duration duration{};
    std::string reason;  ///< of skipped, error, partial
    std::string mend;    ///< the way out of an error, where there is one
};

struct Totals {
    int scenarios = 0;
    int as_expected = 0;
    int not_as_expected = 0;
    int error = 0;
    int skipped = 0;
    int partial = 0;
    int reproduced = 0;
    int not_seen = 0;
};

struct RunReport {
    std::optional<history::Head> head;
    std::vector<history::StackFacts> stacks;  ///< as started, in order
    std::vector<ScenarioReport> scenarios;    ///< in the order they began
    std::vector<Finding> findings;            ///< about the run as a whole
    Totals totals;
    bool partial = false;  ///< killed or interrupted
    std::string reason;    ///< why it is partial or failed
    Duration duration{};
    int exit_code = 0;  ///< 0 as expected, 1 not, 3 failed or invalid, 4 nothing ran, 130 interrupted
};

/// Judges a history: a pure function, the same on every machine and at any later time.
RunReport judge(const history::History& history);

}  // namespace pushsim::reports
