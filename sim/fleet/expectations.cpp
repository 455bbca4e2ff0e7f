#include "sim/fleet/expectations.hpp"

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

struct ToClause {
    using Clause = decltype(history::Expectation::clause);

    Clause operator()(const scenario::ExpectResponse& expected) const {
        history::ResponseClause clause;
        for (const auto& range : expected.status)
            clause.status.push_back({range.first, range.last});
        clause.code = expected.code;
        return clause;
    }
    Clause operator()(const scenario::ExpectVerdict& expected) const {
        return history::VerdictClause{scenario::to_string(expected.verdict),
                                      expected.reason ? scenario::to_string(*expected.reason) : ""};
    }
    Clause operator()(const scenario::ExpectStatus& expected) const {
        return history::StatusClause{scenario::to_string(expected.status), history::StatusClause::When::Last};
    }
    Clause operator()(const scenario::ExpectAccounted&) const { return history::CheckClause{"accounted"}; }
};

void append(std::vector<history::Expectation>& all, const scenario::Expectation& expectation,
            std::optional<int> step) {
    for (const scenario::Condition& condition : expectation.conditions) {
        all.push_back({.clause = std::visit(ToClause{}, condition),
                       .step = step,
                       .agents = expectation.agents,
                       .quantity = quantity_of(expectation.how_many),
                       .source = expectation.position.text()});
    }
}

}  // namespace

std::vector<history::Expectation> expectations_of(const scenario::Scenario& scenario) {
    std::vector<history::Expectation> all;
    int number = 0;
    for (const scenario::Step& step : scenario.script) {
        for (const auto& expectation : step.expect)
            append(all, expectation, number);
        ++number;
    }
    for (const auto& expectation : scenario.expect)
        append(all, expectation, std::nullopt);
    return all;
}

}  // namespace pushsim::fleet
