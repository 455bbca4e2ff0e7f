#pragma once
// What one agent says to one clause of a scenario's expectations: pure functions of its lines.

#include <string>
#include <vector>

#include "reports/report.hpp"
#include "reports/view.hpp"

namespace pushsim::reports {

/// How one agent stands to one clause.
struct Answer {
    Judgement judgement = Judgement::DoesNotHold;
    std::string actual;
    std::string reason;                        ///< why it was skipped
    const history::Entry* deciding = nullptr;  ///< the line that decided
    const history::Entry* exchange = nullptr;  ///< the exchange to show with it
    std::string came_to = {};                  ///< as ExpectationResult has it
    std::string seen = {};                     ///< of a response, as Match has it
    std::string as_asked = {};                 ///< of a response, as Match has it
};

/// Where a clause is asked.
struct Scope {
    const ScenarioView& scenario;
    const history::Expectation& expectation;
    std::vector<std::string> agents;

    /// Without what belongs to cycles that show nothing (history::Cycle::doubt).
    Lines lines(const std::string& agent) const;
    /// The same from the start of the scenario to the end of the step.
    Lines lines_since_start(const std::string& agent) const;

  private:
    static Lines without_doubts(const Lines& lines);
};

/// The last answer of every cycle (of the last one, where only that is asked for).
Answer ask_response(const history::ResponseClause& clause, const Scope& scope, const std::string& agent);
/// The verdict on every cycle; a cycle that brought none has "none". The reason is not looked at.
Answer ask_verdict(const history::VerdictClause& clause, const Scope& scope, const std::string& agent);
/// The reason of every verdict, where there are any. Skipped where no place that tells reasons is visible.
Answer ask_reason(const history::VerdictClause& clause, const Scope& scope, const std::string& agent);
/// What the status API said, by the clause's `when`. Where every reading counts and there is none, skipped.
Answer ask_status(const history::StatusClause& clause, const Scope& scope, const std::string& agent);

/// How many requests of that kind went out, in the scope or since the start. Skipped for a kind that this
/// pushsim does not know.
Answer ask_requests(const history::RequestsClause& clause, const Scope& scope, const std::string& agent);

// How clauses read: "FAIL policy_violation", "never PASS", "1 sessions since the start".
std::string words(const history::VerdictClause& clause);
std::string words(const history::StatusClause& clause);
std::string words(const history::RequestsClause& clause);

}  // namespace pushsim::reports
