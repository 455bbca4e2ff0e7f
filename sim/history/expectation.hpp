#pragma once
// What a scenario says must be seen, as plain values in the history, so that a report can be made from the
// history alone (the scenario language, "expect").

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/time.hpp"

namespace pushsim::history {

/// Both ends belong to it; one status, or a number of seconds, is a range of one.
struct StatusRange {
    int low = 0;
    int high = 0;

    bool operator==(const StatusRange&) const = default;
};

/// The last answer of each cycle. Empty members are not looked at.
struct ResponseClause {
    std::vector<StatusRange> status = {};
    std::vector<std::string> code = {};  ///< JSON:API error codes, one of which it must be, or no_code
    std::string pointer = {};            ///< JSON:API source pointer of the first error
    /// Name -> exact value, or header_present, or header_absent.
    std::map<std::string, std::string> header = {};
    std::vector<StatusRange> retry_after = {};  ///< whole seconds; an answer without the header has none
    std::map<std::string, std::string> body =
        {};  ///< JSON pointer (RFC 6901) -> JSON text of the value there, or body_absent

    bool operator==(const ResponseClause&) const = default;
};

inline constexpr const char* no_code = "none";
inline constexpr const char* header_present = "*";
inline constexpr const char* header_absent = "absent";
inline constexpr const char* body_absent = "absent";  ///< no JSON: the text "absent" has its quotes

struct VerdictClause {
    std::string verdict;      ///< pass, fail, none
    std::string reason = {};  ///< policy_violation, broken_evidence_chain; empty: any

    bool operator==(const VerdictClause&) const = default;
};

struct StatusClause {
    enum class When {
        Last,    ///< the last reading in the scope
        Always,  ///< every reading
        Never,   ///< no reading
    };
    std::string status;  ///< PENDING, PASS, FAIL, TIMEOUT
    When when = When::Last;

    bool operator==(const StatusClause&) const = default;
};

/// How many requests of a kind each agent sends in the scope.
struct RequestsClause {
    std::string kind;  ///< sessions, proofs, negotiations, submissions, registrations, activations
    int count = 0;
    bool since_start = false;  ///< `since: start`: until the end of the step, not in the step alone

    bool operator==(const RequestsClause&) const = default;
};

/// "submit.p99 < 250ms": a figure over the scenario, or over the step that is named. Which metrics there are
/// and what their units are is for reports to say (reports/metrics.hpp).
struct MetricClause {
    enum class Comparison { Less, AtMost, More, AtLeast, Equal };
    std::string metric;
    Comparison comparison = Comparison::Less;
    Duration duration{};  ///< of a metric that is a duration
    double number = 0;    ///< of any other: a count, so many a second, a share from 0 to 1

    bool operator==(const MetricClause&) const = default;
};

/// A check over the whole scenario, by name (reports/checks.hpp), or `invariants`: all of them.
struct CheckClause {
    std::string check;

    bool operator==(const CheckClause&) const = default;
};

/// How many of the agents must satisfy the clause.
struct Quantity {
    enum class Kind { All, AtLeast, AtMost, Exactly };
    Kind kind = Kind::All;
    int count = 0;  ///< not for All

    bool operator==(const Quantity&) const = default;
};

/// One clause: an agent satisfies it when it satisfies all that are there.
struct Expectation {
    std::optional<ResponseClause> response = {};
    std::optional<VerdictClause> verdict = {};
    std::optional<StatusClause> status = {};
    std::vector<RequestsClause> requests = {};
    std::optional<MetricClause> metric = {};  ///< stands alone, and is about all agents together
    std::optional<CheckClause> check = {};    ///< stands alone, and is about no agent
    std::optional<int> step = {};             ///< absent: about the whole run
    std::vector<std::string> agents = {};     ///< groups or single agents; empty: all of the step or scenario
    Quantity quantity = {};
    bool last_cycle_only = false;  ///< `cycles: last`
    std::string source = {};       ///< "scenarios/x.yaml:12:5"
    /// Of a conformance run: the requirements that it decides. One without is a control of all that its case
    /// decides: they cannot hold where it does not.
    std::vector<std::string> decides = {};
    std::string case_name = {};  ///< part of the scenario that it belongs to; empty: the scenario as a whole
    /// It says what a known deviation looks like, in place of the clause of that number (from 0) in the
    /// scenario's list; it is not expected to hold.
    std::optional<int> instead_of = {};

    bool operator==(const Expectation&) const = default;
};

}  // namespace pushsim::history
