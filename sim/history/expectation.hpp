#pragma once
// What a scenario says must be seen, as plain values in the history, so that a report can be made from the
// history alone (the scenario language, "expect").

#include <optional>
#include <string>
#include <vector>

namespace pushsim::history {

/// Both ends belong to it; one status is a range of one.
struct StatusRange {
    int low = 0;
    int high = 0;

    bool operator==(const StatusRange&) const = default;
};

/// The last answer of each cycle. Empty members are not looked at.
struct ResponseClause {
    std::vector<StatusRange> status = {};
    std::vector<std::string> code = {};  ///< JSON:API error codes, one of which it must be
    std::string pointer = {};            ///< JSON:API source pointer of the first error

    bool operator==(const ResponseClause&) const = default;
};

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

    bool operator==(const RequestsClause&) const = default;
};

/// A check over the whole scenario, by name: accounted, verdict_sources_agree, no_5xx.
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
    std::optional<CheckClause> check = {};  ///< stands alone, and is about no agent
    std::optional<int> step = {};           ///< absent: about the whole run
    std::vector<std::string> agents = {};   ///< groups or single agents; empty: all of the step or scenario
    Quantity quantity = {};
    bool last_cycle_only = false;  ///< `cycles: last`
    std::string source = {};       ///< "scenarios/x.yaml:12:5"

    bool operator==(const Expectation&) const = default;
};

}  // namespace pushsim::history
