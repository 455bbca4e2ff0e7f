#include "sim/fleet/expectations.hpp"

#include <algorithm>
#include <variant>

namespace pushsim::fleet {
namespace {

history::Quantity quantity_of(const scenario::HowMany& how_many) {
    using Kind = history::Quantity::Kind;
    switch (how_many.rule) {
        case scenario::HowMany::Rule::All:
            return {Kind::All, 0};
        case scenario::HowMany::Rule::AtLeast:
            return {Kind::AtLeast, how_many.number};
        case scenario::HowMany::Rule::AtMost:
            return {Kind::AtMost, how_many.number};
        case scenario::HowMany::Rule::Exactly:
            return {Kind::Exactly, how_many.number};
    }
    return {};
}

history::StatusClause::When when_of(scenario::ExpectStatus::When when) {
    switch (when) {
        case scenario::ExpectStatus::When::Last:
            return history::StatusClause::When::Last;
        case scenario::ExpectStatus::When::Always:
            return history::StatusClause::When::Always;
        case scenario::ExpectStatus::When::Never:
            return history::StatusClause::When::Never;
    }
    return history::StatusClause::When::Last;
}

history::MetricClause::Comparison comparison_of(const std::string& sign) {
    using Comparison = history::MetricClause::Comparison;
    if (sign == "<") return Comparison::Less;
    if (sign == "<=") return Comparison::AtMost;
    if (sign == ">") return Comparison::More;
    return sign == ">=" ? Comparison::AtLeast : Comparison::Equal;
}

/// Puts a condition into its member of the clause.
struct Into {
    history::Expectation& clause;

    void operator()(const scenario::ExpectResponse& expected) const {
        history::ResponseClause& response = clause.response.emplace();
        for (const auto& range : expected.status)
            response.status.push_back({range.first, range.last});
        response.code = expected.code;
        response.pointer = expected.pointer;
        response.header = expected.headers;
        for (const auto& range : expected.retry_after)
            response.retry_after.push_back({range.first, range.last});
        response.body = expected.body;
    }
    void operator()(const scenario::ExpectVerdict& expected) const {
        clause.verdict = {scenario::to_string(expected.verdict),
                          expected.reason ? scenario::to_string(*expected.reason) : ""};
    }
    void operator()(const scenario::ExpectStatus& expected) const {
        clause.status = {scenario::to_string(expected.status), when_of(expected.when)};
    }
    void operator()(const scenario::ExpectRequests& expected) const {
        for (const auto& [kind, count] : expected.counts)
            clause.requests.push_back({kind, count, expected.since_start});
    }
    void operator()(const scenario::ExpectMetric& expected) const {
        clause.metric = {
            .metric = expected.metric,
            .comparison = comparison_of(expected.comparison),
            .duration = std::chrono::round<Duration>(std::chrono::duration<double>(expected.value)),
            .number = expected.value};
    }
    void operator()(const scenario::ExpectCheck& expected) const { clause.check = {expected.check}; }
};

/// A clause about statuses at several times becomes one for each.
void add(const scenario::Expectation& expectation, std::optional<int> step,
         std::vector<history::Expectation>& all) {
    const history::Expectation about{.step = step,
                                     .agents = expectation.agents,
                                     .quantity = quantity_of(expectation.how_many),
                                     .last_cycle_only = expectation.last_cycle_only,
                                     .source = expectation.position.text()};
    all.push_back(about);
    for (const scenario::Condition& condition : expectation.conditions) {
        if (std::holds_alternative<scenario::ExpectStatus>(condition) && all.back().status)
            all.push_back(about);
        std::visit(Into{all.back()}, condition);
    }
}

void add(const std::vector<scenario::Step>& steps, std::vector<history::Expectation>& all) {
    for (const scenario::Step& step : steps) {
        for (const auto& expectation : step.expect)
            add(expectation, step.number, all);
        add(step.steps, all);
    }
}

}  // namespace

std::vector<history::Expectation> expectations_of(const scenario::Scenario& scenario) {
    std::vector<history::Expectation> all;
    add(scenario.script, all);
    for (const auto& expectation : scenario.expect)
        add(expectation, std::nullopt, all);
    return all;
}

bool wants_messages(const std::vector<scenario::Expectation>& expectations) {
    return std::ranges::any_of(expectations, [](const scenario::Expectation& expectation) {
        return std::ranges::any_of(expectation.conditions, [](const scenario::Condition& condition) {
            const auto* response = std::get_if<scenario::ExpectResponse>(&condition);
            return response != nullptr && (!response->headers.empty() || !response->body.empty());
        });
    });
}

}  // namespace pushsim::fleet
