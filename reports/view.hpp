#pragma once
// One scenario's lines of a history, sorted for those who judge it.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reports/report.hpp"
#include "sim/history/reader.hpp"

namespace pushsim::reports {

using Lines = std::vector<const history::Entry*>;

/// Whether one of the selectors (groups or single agents) names the agent; an empty list names all.
bool selects(const std::vector<std::string>& selectors, const std::string& agent);

/// What the plan gives an option of a server, as Keylime's file has it; nothing where it is left out, or
/// there is no plan in the history.
std::optional<std::string> planned_option(const history::ScenarioStart& start, std::string_view option);

/// The options of the servers that the plan gives, in words: "verifier: quote_interval 10s, mode left out;
/// database sqlite; workers 3"; empty where there is no plan in the history.
std::string planned_servers(const history::ScenarioStart& start);
/// Whether chance has a part in the plan: what it draws is told by the seed.
bool draws_something(const history::ScenarioStart& start);

/// "fleet[2]" before "fleet[10]".
struct ByGroupAndNumber {
    bool operator()(const std::string& a, const std::string& b) const;
};

/// Points into the history, which must outlive it.
struct ScenarioView {
    std::string name;
    const history::Entry* start = nullptr;
    const history::Entry* end = nullptr;  ///< absent: the run ended before the scenario did
    Lines lines;                          ///< between the two, in order
    std::map<std::string, Lines, ByGroupAndNumber> by_agent;
    std::map<int, const history::StepStart*> steps;  ///< by number; of one that is repeated the first
    std::map<int, const history::Entry*> step_ends;  ///< of one that is repeated the last

    const history::ScenarioStart& plan() const;
    /// Nothing if the step never began.
    const history::StepStart* step(int number) const;
    /// Nothing if it never ended.
    const history::Entry* step_end(int number) const;
    /// All agents that the selectors (groups or single agents) name, by group and number; all for an empty
    /// list.
    std::vector<std::string> agents(const std::vector<std::string>& selectors) const;
    /// The agent's lines, those of one step only where a step is given.
    Lines lines_of(const std::string& agent, std::optional<int> step = std::nullopt) const;
};

/// A scenario of a name that begins again is another one.
std::vector<ScenarioView> split(const history::History& history);

/// The kind of event in a line, or nothing.
template <typename T>
const T* as(const history::Entry* line) {
    return line == nullptr ? nullptr : line->event.get<T>();
}

/// pass, fail, or empty while no source that can be read has decided. Where sources disagree, the first of
/// record, database, log.
std::string evaluation_of(const history::Verdict& verdict);
/// policy_violation, broken_evidence_chain; empty where no source that tells reasons can be read.
std::string reason_of(const history::Verdict& verdict);
/// "FAIL policy_violation", "PASS", "pending"
std::string verdict_words(const history::Verdict& verdict);

/// A submission of evidence that went to the verifier.
const history::ExchangeSeen* as_submission(const history::Entry* line);
bool is_accepted(const history::ExchangeSeen& submission);  ///< 202
/// Not a word came back, or one that leaves open whether the verifier took the evidence (408, 5xx).
bool may_have_arrived(const history::ExchangeSeen& submission);

/// The verifier's answers to an agent that it does not know: 404 with a code, and a proof that is accepted
/// and not looked at (keylime/web/verifier/session_controller.py). A 404 without a code is of a verifier that
/// has no attestations, as in pull mode.
bool says_not_enrolled(const history::Cycle& cycle);

/// Why a cycle of the lines shows nothing and no other took its place (history::Cycle::doubt); empty: there
/// is none such.
std::string unresolved_doubt(const Lines& lines);

/// The line is an answer to a request, of an agent or of the tenant.
bool is_response(const history::Entry* line);

DecidingExchange deciding_exchange(const history::Entry& line);

/// "PATCH /v3.0/… -> 403 challenges_expired (late[0], submit)"
std::string words(const DecidingExchange& exchange);
/// What stands in the line: an exchange as above, "extend PCR 7 (late[0])", …
std::string words(const history::Entry& line);

/// What a line came to, without figures, so that runs can be compared: "submit answered 403
/// challenges_expired", "submit not answered", "negotiate refused: 503", "FAIL policy_violation", "status
/// PASS".
std::string came_to(const history::Entry& line);

/// "1 attestation", "3 attestations"
std::string counted(std::uint64_t count, const std::string& noun);

}  // namespace pushsim::reports
