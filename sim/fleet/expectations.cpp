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

/// Puts a condition into its member of the clause.
struct Into {
    history::Expectation& clause;

    void operator()(const scenario::ExpectResponse& expected) const {
        clause.response.emplace();
        for (const auto& range : expected.status)
            clause.response->status.push_back({range.first, range.last});
        clause.response->code = expected.code;
    }
    void operator()(const scenario::ExpectVerdict& expected) const {
        clause.verdict = {scenario::to_string(expected.verdict),
                          expected.reason ? scenario::to_string(*expected.reason) : ""};
    }
    void operator()(const scenario::ExpectStatus& expected) const {
        clause.status = {scenario::to_string(expected.status), history::StatusClause::When::Last};
    }
    void operator()(const scenario::ExpectRequests& expected) const {
        for (const auto& [kind, count] : expected.counts)
            clause.requests.push_back({kind, count});
    }
    void operator()(const scenario::ExpectAccounted&) const { clause.check = {"accounted"}; }
};

history::Expectation to_history(const scenario::Expectation& expectation, std::optional<int> step) {
    history::Expectation clause{.step = step,
                                .agents = expectation.agents,
                                .quantity = quantity_of(expectation.how_many),
                                .source = expectation.position.text()};
    for (const scenario::Condition& condition : expectation.conditions)
        std::visit(Into{clause}, condition);
    return clause;
}

void add(const std::vector<scenario::Step>& steps, std::vector<history::Expectation>& all) {
    for (const scenario::Step& step : steps) {
        for (const auto& expectation : step.expect)
            all.push_back(to_history(expectation, step.number));
        add(step.steps, all);
    }
}

}  // namespace

std::vector<history::Expectation> expectations_of(const scenario::Scenario& scenario) {
    std::vector<history::Expectation> all;
    add(scenario.script, all);
    for (const auto& expectation : scenario.expect)
        all.push_back(to_history(expectation, std::nullopt));
    return all;
}

}  // namespace pushsim::fleet
