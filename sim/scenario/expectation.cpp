#include "sim/scenario/expectation.hpp"

#include <fmt/format.h>

namespace pushsim::scenario {

bool HowMany::holds(int satisfied, int total) const {
    switch (rule) {
        case Rule::All:
            return satisfied == total;
        case Rule::AtLeast:
            return satisfied >= number;
        case Rule::AtMost:
            return satisfied <= number;
        case Rule::Exactly:
            return satisfied == number;
    }
    return false;
}

std::string text(const ExpectMetric& metric) {
    return fmt::format("{} {} {}", metric.metric, metric.comparison, metric.as_written);
}

const char* to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::Pass:
            return "pass";
        case Verdict::Fail:
            return "fail";
        case Verdict::None:
            return "none";
    }
    return "";
}

const char* to_string(FailureReason reason) {
    switch (reason) {
        case FailureReason::PolicyViolation:
            return "policy_violation";
        case FailureReason::BrokenEvidenceChain:
            return "broken_evidence_chain";
    }
    return "";
}

const char* to_string(AgentStatus status) {
    switch (status) {
        case AgentStatus::Pending:
            return "PENDING";
        case AgentStatus::Pass:
            return "PASS";
        case AgentStatus::Fail:
            return "FAIL";
        case AgentStatus::Timeout:
            return "TIMEOUT";
    }
    return "";
}

const char* to_string(ExpectStatus::When when) {
    switch (when) {
        case ExpectStatus::When::Last:
            return "status";
        case ExpectStatus::When::Always:
            return "always";
        case ExpectStatus::When::Never:
            return "never";
    }
    return "";
}

const char* to_string(HowMany::Rule rule) {
    switch (rule) {
        case HowMany::Rule::All:
            return "all";
        case HowMany::Rule::AtLeast:
            return "at_least";
        case HowMany::Rule::AtMost:
            return "at_most";
        case HowMany::Rule::Exactly:
            return "exactly";
    }
    return "";
}

}  // namespace pushsim::scenario
