#include "sim/scenario/expectation.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/scenario/language.hpp"

namespace pushsim::scenario {
namespace {

template <typename Range>
std::vector<std::string> in_words(const std::vector<Range>& ranges) {
    std::vector<std::string> parts;
    parts.reserve(ranges.size());
    for (const Range& range : ranges) {
        parts.push_back(range.first == range.last ? fmt::format("{}", range.first)
                                                  : fmt::format("{}-{}", range.first, range.last));
    }
    return parts;
}

std::string in_words(const ExpectResponse& response) {
    std::vector<std::string> parts;
    if (!response.status.empty())
        parts.push_back(fmt::format("{}", fmt::join(in_words(response.status), " or ")));
    if (!response.code.empty()) parts.push_back(fmt::format("code {}", fmt::join(response.code, " or ")));
    if (!response.pointer.empty()) parts.push_back("pointer " + response.pointer);
    for (const auto& [name, value] : response.headers) {
        parts.push_back(value == "*"        ? fmt::format("header {} is there", name)
                        : value == "absent" ? fmt::format("no header {}", name)
                                            : fmt::format("header {}: {}", name, value));
    }
    if (!response.retry_after.empty())
        parts.push_back(fmt::format("Retry-After {}", fmt::join(in_words(response.retry_after), " or ")));
    for (const auto& [pointer, value] : response.body)
        parts.push_back(fmt::format("{} = {}", pointer, value));
    return fmt::format("response {}", fmt::join(parts, ", "));
}

std::string in_words(const ExpectVerdict& verdict) {
    std::string text = fmt::format("verdict {}", to_string(verdict.verdict));
    if (verdict.reason) text += fmt::format(" ({})", to_string(*verdict.reason));
    return text;
}

std::string in_words(const ExpectStatus& status) {
    if (status.when == ExpectStatus::When::Last) {
        std::string text = fmt::format("status {}", to_string(status.status));
        if (status.within) text += " within " + to_text(*status.within);
        return text;
    }
    return fmt::format("status {} {} during the step, read every {}", to_string(status.when),
                       to_string(status.status), to_text(status.poll));
}

std::string in_words(const ExpectRequests& requests) {
    std::vector<std::string> parts;
    for (const auto& [kind, count] : requests.counts)
        parts.push_back(fmt::format("{} {}", count, kind));
    return fmt::format("requests{}: {}", requests.since_start ? " since the start" : "",
                       fmt::join(parts, ", "));
}

std::string in_words(const ExpectMetric& metric) {
    return fmt::format("{} {} {}", metric.metric, metric.comparison, metric.as_written);
}

std::string in_words(const ExpectCheck& check) {
    const auto known = std::ranges::find(checks(), std::string_view(check.check), &Name::name);
    return known == checks().end() ? check.check : std::string(known->about);
}

std::string in_words(const HowMany& how_many) {
    switch (how_many.rule) {
        case HowMany::Rule::All:
            return "every agent";
        case HowMany::Rule::AtLeast:
            return fmt::format("at least {} of the agents", how_many.number);
        case HowMany::Rule::AtMost:
            return fmt::format("at most {} of the agents", how_many.number);
        case HowMany::Rule::Exactly:
            return fmt::format("exactly {} of the agents", how_many.number);
    }
    return "";
}

}  // namespace

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

std::string text(const Condition& condition) {
    return std::visit([](const auto& c) { return in_words(c); }, condition);
}

std::string Expectation::text() const {
    std::vector<std::string> parts;
    for (const Condition& condition : conditions)
        parts.push_back(scenario::text(condition));
    const std::string wanted =
        fmt::format("{}{}", fmt::join(parts, ", "), last_cycle_only ? ", in the last cycle" : "");
    if (agents.empty()) return wanted;
    return fmt::format("{} of {}: {}", in_words(how_many), fmt::join(agents, " and "), wanted);
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
