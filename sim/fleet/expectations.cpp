#include "sim/fleet/expectations.hpp"

#include <algorithm>
#include <iterator>
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

/// A clause about statuses at several times becomes one for each, all of them `about` the same.
void add(const std::vector<scenario::Condition>& conditions, const history::Expectation& about,
         std::vector<history::Expectation>& all) {
    all.push_back(about);
    for (const scenario::Condition& condition : conditions) {
        if (std::holds_alternative<scenario::ExpectStatus>(condition) && all.back().status)
            all.push_back(about);
        std::visit(Into{all.back()}, condition);
    }
}

/// The clauses of a plan, and then those that say what a deviation looks like in place of one.
class Listing {
  public:
    void add_steps(const std::vector<scenario::Step>& steps) {
        for (const scenario::Step& step : steps) {
            add_clauses(step.expect, step.number, step.case_name);
            add_steps(step.steps);
        }
    }

    void add_clauses(const std::vector<scenario::Expectation>& clauses, std::optional<int> step,
                     const std::string& case_name) {
        for (const scenario::Expectation& clause : clauses) {
            const history::Expectation about{.step = step,
                                             .agents = clause.agents,
                                             .quantity = quantity_of(clause.how_many),
                                             .last_cycle_only = clause.last_cycle_only,
                                             .source = clause.position.text(),
                                             .decides = clause.decides,
                                             .case_name = case_name};
            for (const scenario::Expectation& deviation : clause.instead)
                add_instead(deviation, about);
            add(clause.conditions, about, all_);
        }
    }

    std::vector<history::Expectation> take() {
        std::ranges::move(instead_, std::back_inserter(all_));
        return std::move(all_);
    }

  private:
    /// In place of the clause that comes next, of a clause that becomes several: of the first.
    void add_instead(const scenario::Expectation& deviation, history::Expectation about) {
        about.instead_of = static_cast<int>(all_.size());
        about.decides.clear();
        // Of a clause that nobody may satisfy it is what they all are seen to do.
        if (about.quantity.count == 0) about.quantity = {};
        about.last_cycle_only = about.last_cycle_only || deviation.last_cycle_only;
        about.source = deviation.position.text();
        add(deviation.conditions, about, instead_);
    }

    std::vector<history::Expectation> all_;
    std::vector<history::Expectation> instead_;
};

}  // namespace

std::vector<history::Expectation> expectations_of(const scenario::Scenario& scenario) {
    Listing listing;
    listing.add_steps(scenario.script);
    listing.add_clauses(scenario.expect, std::nullopt, "");
    return listing.take();
}

bool wants_messages(const std::vector<scenario::Expectation>& expectations) {
    return std::ranges::any_of(expectations, [](const scenario::Expectation& expectation) {
        const bool wants =
            !expectation.decides.empty() ||
            std::ranges::any_of(expectation.conditions, [](const scenario::Condition& condition) {
                const auto* response = std::get_if<scenario::ExpectResponse>(&condition);
                return response != nullptr && (!response->headers.empty() || !response->body.empty());
            });
        return wants || wants_messages(expectation.instead);
    });
}

}  // namespace pushsim::fleet
