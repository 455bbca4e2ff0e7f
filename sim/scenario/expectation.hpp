#pragma once
// What a scenario expects: clauses of `expect:`, and what they can ask for.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/base/time.hpp"
#include "sim/scenario/position.hpp"

namespace pushsim::scenario {

/// Closed range of HTTP status codes.
struct StatusRange {
    int first = 0;
    int last = 0;

    bool operator==(const StatusRange&) const = default;
};

/// Closed range of seconds.
struct SecondRange {
    int first = 0;
    int last = 0;

    bool operator==(const SecondRange&) const = default;
};

/// The last response of the step. What is empty asks for nothing.
struct ExpectResponse {
    std::vector<StatusRange> status;             ///< any of these
    std::vector<std::string> code;               ///< any of these JSON:API error codes; "none": no code
    std::string pointer;                         ///< JSON:API source pointer of the first error
    std::map<std::string, std::string> headers;  ///< name, value; "*": any; "absent": none
    std::vector<SecondRange> retry_after;        ///< any of these
    std::map<std::string, std::string> body;     ///< JSON pointer, value as JSON text; absent, bare: none

    bool operator==(const ExpectResponse&) const = default;
};

enum class Verdict { Pass, Fail, None };
enum class FailureReason { PolicyViolation, BrokenEvidenceChain };

/// The record of each attestation of the step.
struct ExpectVerdict {
    Verdict verdict = Verdict::Pass;
    std::optional<FailureReason> reason;  ///< with Verdict::Fail only

    bool operator==(const ExpectVerdict&) const = default;
};

enum class AgentStatus { Pending, Pass, Fail, Timeout };

/// What the status API says of the agent.
struct ExpectStatus {
    enum class When {
        Last,    ///< at the last look
        Always,  ///< at every look during the step
        Never,   ///< at none
    };
    AgentStatus status = AgentStatus::Pending;
    When when = When::Last;
    std::optional<Duration> within;  ///< Last: becomes so within that time; absent: is so at the first look
    Duration poll = std::chrono::milliseconds{100};  ///< Always, Never: from one look to the next

    bool operator==(const ExpectStatus&) const = default;
};

/// How many requests of a kind each agent sends, in the step or in the whole run.
struct ExpectRequests {
    std::map<std::string, int> counts;  ///< by the words of request_kinds()
    bool since_start = false;           ///< of a step: counted since the start of the script

    bool operator==(const ExpectRequests&) const = default;
};

/// A comparison like "submit.p99 < 250ms", over the whole run.
struct ExpectMetric {
    std::string metric;      ///< "submit.p99"
    std::string comparison;  ///< <, <=, >, >=, ==
    double value = 0;        ///< seconds, per second, a share of 1, or a count
    std::string as_written;  ///< "250ms"

    bool operator==(const ExpectMetric&) const = default;
};

/// A word of checks(), over the whole history.
struct ExpectCheck {
    std::string check;

    bool operator==(const ExpectCheck&) const = default;
};

using Condition =
    std::variant<ExpectResponse, ExpectVerdict, ExpectStatus, ExpectRequests, ExpectMetric, ExpectCheck>;

/// How many of the agents must satisfy a clause.
struct HowMany {
    enum class Rule { All, AtLeast, AtMost, Exactly };
    Rule rule = Rule::All;
    int number = 0;  ///< not for All

    bool operator==(const HowMany&) const = default;
    bool holds(int satisfied, int total) const;
};

/// One clause: an agent satisfies it when all its conditions hold for it, in every cycle of the step.
struct Expectation {
    std::vector<std::string> agents;  ///< group names, resolved; empty only for the checks of the whole run
    std::vector<Condition> conditions;
    HowMany how_many;
    bool last_cycle_only = false;  ///< `cycles: last`
    /// Requirements that it decides; without, it is a control of all that its case decides.
    std::vector<std::string> decides = {};
    /// What a known deviation looks like, in place of this clause: set in memory by a conformance run, and
    /// neither read from a scenario nor written to a plan.
    std::vector<Expectation> instead = {};
    Position position;

    bool operator==(const Expectation&) const = default;
};
/// As files have it: "submit.p99 < 250ms".
std::string text(const ExpectMetric& metric);

// As they are written in files, histories and reports.
const char* to_string(Verdict verdict);
const char* to_string(FailureReason reason);
const char* to_string(AgentStatus status);
const char* to_string(ExpectStatus::When when);
const char* to_string(HowMany::Rule rule);

}  // namespace pushsim::scenario
