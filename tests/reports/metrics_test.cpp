#include "reports/metrics.hpp"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/reports/golden.hpp"

namespace pushsim::reports {
namespace {

using namespace test;
using std::chrono::milliseconds;
using E = h::MetricClause::Comparison;
using testing::HasSubstr;

/// Submissions that took so long, one each second; a status of 0 is no answer.
std::string submissions(const std::vector<std::pair<int, milliseconds>>& answers,
                        std::vector<h::Expectation> expectations) {
    Script script;
    script.begin("measured", std::move(expectations)).step(1, "attest").enrol();
    int index = 0;
    for (const auto& [status, took] : answers) {
        h::Exchange submit = h::test::an_exchange(status);
        submit.request.target = "/v3.0/agents/id/attestations/" + std::to_string(index);
        submit.outcome.timings.start = Instant{std::chrono::seconds{index++}};
        submit.outcome.timings.total = took;
        if (status == 0) {
            submit.outcome.response.reset();
            submit.outcome.failure = transport::Failure{transport::FailureKind::Timeout, "timeout"};
        }
        script.add(script.where(), submit);
        if (status == 202 && index % 2 == 1) script.verdict(index - 1, "pass");
        if (status == 202 && index % 2 == 0) script.verdict(index - 1, "fail", "policy_violation");
    }
    return script.end_scenario().end().text();
}

/// 100 submissions of 1 to 100 ms, in no order.
std::vector<std::pair<int, milliseconds>> a_hundred() {
    std::vector<std::pair<int, milliseconds>> answers;
    for (int i = 0; i < 100; ++i)
        answers.emplace_back(202, milliseconds{i * 37 % 100 + 1});
    return answers;
}

ExpectationResult of(const h::MetricClause& clause,
                     const std::vector<std::pair<int, milliseconds>>& answers = a_hundred()) {
    return judged(submissions(answers, {{.metric = clause}})).scenarios.at(0).expectations.at(0);
}

TEST(Metrics, OfATimeAreByNearestRank) {
    const std::map<std::string, int> expected{
        {"p50", 50}, {"p90", 90}, {"p95", 95}, {"p99", 99}, {"max", 100}};
    for (const auto& [figure, value] : expected) {
        const std::string name = "submit." + figure;
        EXPECT_EQ(of({name, E::Equal, milliseconds{value}}).judgement, Judgement::Holds) << name;
        EXPECT_EQ(of({name, E::Less, milliseconds{value}}).judgement, Judgement::DoesNotHold) << name;
    }
    EXPECT_EQ(of({"submit.mean", E::Equal, std::chrono::microseconds{50'500}}).judgement, Judgement::Holds);
    EXPECT_EQ(of({.metric = "submit.count", .comparison = E::Equal, .number = 100}).judgement,
              Judgement::Holds);
}

TEST(Metrics, ThatDoNotHoldShowTheFigureAndTheExchangeBehindIt) {
    const auto result = of({"submit.p99", E::Less, milliseconds{99}});
    EXPECT_EQ(result.what, "submit.p99, whole run");
    EXPECT_EQ(result.expected, "submit.p99 < 99 ms");
    EXPECT_EQ(result.actual, "99 ms, of 100 exchanges");
    ASSERT_TRUE(result.exchange);
    EXPECT_EQ(result.n, result.exchange->n);
    const RunReport report = judged(
        submissions(a_hundred(), {{.metric = h::MetricClause{"submit.p99", E::Less, milliseconds{99}}}}));
    EXPECT_EQ(report.exit_code, 1);
}

TEST(Metrics, CompareAsTheySay) {
    const auto with = [](E comparison, int value) {
        return of({"submit.max", comparison, milliseconds{value}}).judgement == Judgement::Holds;
    };
    for (const auto& [comparison, below, same, above] : {std::tuple{E::Less, false, false, true},
                                                         {E::AtMost, false, true, true},
                                                         {E::More, true, false, false},
                                                         {E::AtLeast, true, true, false},
                                                         {E::Equal, false, true, false}}) {
        EXPECT_EQ(with(comparison, 99), below);
        EXPECT_EQ(with(comparison, 100), same);
        EXPECT_EQ(with(comparison, 101), above);
    }
}

TEST(Metrics, OfOutcomesAreCountsRatesAndShares) {
    // Over 4.5 s from the first start to the last end.
    const std::vector<std::pair<int, milliseconds>> answers{{202, milliseconds{10}},
                                                            {202, milliseconds{10}},
                                                            {202, milliseconds{10}},
                                                            {403, milliseconds{10}},
                                                            {503, milliseconds{500}}};
    const std::map<std::string, double> expected{
        {"accepted.count", 3},     {"accepted.share", 0.6},     {"accepted.rate", 3 / 4.5},
        {"refused.count", 2},      {"refused.share", 0.4},      {"refused.rate", 2 / 4.5},
        {"error.count", 1},        {"error.share", 0.2},        {"error.rate", 1 / 4.5},
        {"verdict_pass.count", 2}, {"verdict_pass.share", 0.4}, {"verdict_pass.rate", 2 / 4.5},
        {"verdict_fail.count", 1}, {"verdict_fail.share", 0.2}, {"verdict_fail.rate", 1 / 4.5},
        {"submit.count", 5},       {"negotiate.count", 0}};
    for (const auto& [name, value] : expected)
        EXPECT_EQ(of({.metric = name, .comparison = E::Equal, .number = value}, answers).judgement,
                  Judgement::Holds)
            << name;
    EXPECT_EQ(of({.metric = "error.share", .comparison = E::Less, .number = 0.2}, answers).expected,
              "error.share < 20%");
    EXPECT_EQ(of({.metric = "accepted.rate", .comparison = E::AtLeast, .number = 40}, answers).actual,
              "0.666667/s, of 5 exchanges");
    const std::vector<std::pair<int, milliseconds>> lost{{202, milliseconds{10}}, {0, milliseconds{10}}};
    EXPECT_EQ(of({.metric = "error.count", .comparison = E::Equal, .number = 1}, lost).judgement,
              Judgement::Holds);
    EXPECT_EQ(of({.metric = "refused.count", .comparison = E::Equal, .number = 0}, lost).judgement,
              Judgement::Holds);
    EXPECT_EQ(of({.metric = "submit.count", .comparison = E::Equal, .number = 1}, lost).judgement,
              Judgement::Holds);
}

TEST(Metrics, AVerdictThatIsReadTwiceIsOne) {
    Script script;
    script.begin(
        "twice",
        {{.metric = h::MetricClause{.metric = "verdict_pass.count", .comparison = E::Equal, .number = 2}}});
    script.step(1, "attest").enrol().attest(0).verdict(0, "pending").verdict(0, "pass").verdict(0, "pass");
    script.enrol().attest(0).verdict(0, "pass");
    const auto result = judged(script.end_scenario().end().text()).scenarios.at(0).expectations.at(0);
    EXPECT_EQ(result.judgement, Judgement::Holds) << result.actual;
}

TEST(Metrics, WithNothingMeasuredDoNotHold) {
    for (const Metric& metric : metrics()) {
        Script script;
        const h::MetricClause clause{metric.name, E::AtLeast, Duration::zero(), 0};
        const auto result =
            judged(script.begin("none", {{.metric = clause}}).step(1, "wait").end_scenario().end().text())
                .scenarios.at(0)
                .expectations.at(0);
        EXPECT_EQ(result.judgement, Judgement::DoesNotHold) << metric.name;
        EXPECT_EQ(result.actual, "nothing was measured") << metric.name;
    }
    EXPECT_EQ(of({"negotiate.p99", E::Less, milliseconds{1}}).actual, "nothing was measured");
}

TEST(Metrics, OfAStepAndOfAgentsAreOfThoseAlone) {
    const auto with = [](std::optional<int> step, std::vector<std::string> agents, double count) {
        Script script;
        script.begin(
            "some",
            {{.metric = h::MetricClause{.metric = "accepted.count", .comparison = E::Equal, .number = count},
              .step = step,
              .agents = std::move(agents)}},
            2);
        script.step(1, "attest").attest(0).attest(0, 202, "", "honest[1]").step(2, "attest").attest(1);
        return judged(script.end_scenario().end().text()).scenarios.at(0).expectations.at(0).judgement;
    };
    EXPECT_EQ(with({}, {}, 3), Judgement::Holds);
    EXPECT_EQ(with(1, {}, 2), Judgement::Holds);
    EXPECT_EQ(with(2, {}, 1), Judgement::Holds);
    EXPECT_EQ(with({}, {"honest[1]"}, 1), Judgement::Holds);
}

TEST(Metrics, OfAnUnknownNameAreSkipped) {
    EXPECT_THAT(of({"submit.p98", E::Less, milliseconds{1}}).reason, HasSubstr("no metric of that name"));
}

TEST(Metrics, HaveEachANameOfItsOwnAndALineForPeople) {
    std::set<std::string> names;
    for (const Metric& metric : metrics()) {
        EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
        EXPECT_NE(metric.about, "");
        EXPECT_EQ(find_metric(metric.name), &metric);
    }
    EXPECT_EQ(names.size(), 50U);
    EXPECT_EQ(find_metric("submit"), nullptr);
}

RC_GTEST_PROP(MetricsProperty, AtLeastThatShareOfAllTookNoLongerThanAPercentile, ()) {
    const auto durations = *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 50)));
    std::vector<h::Entry> entries(durations.size());
    Lines lines;
    for (std::size_t i = 0; i < durations.size(); ++i) {
        h::ExchangeSeen exchange{"submit", "verifier"};
        exchange.status = 202;
        exchange.total = milliseconds{durations[i]};
        entries[i].event = exchange;
        lines.push_back(&entries[i]);
    }
    for (const auto& [name, percent] :
         {std::pair{"submit.p50", 50U}, {"submit.p90", 90U}, {"submit.p99", 99U}}) {
        const Measured measured = measure(lines, *find_metric(name));
        RC_ASSERT(measured.duration.has_value());
        const auto not_longer = [&](int took) { return milliseconds{took} <= *measured.duration; };
        const auto shorter = [&](int took) { return milliseconds{took} < *measured.duration; };
        RC_ASSERT(std::ranges::count_if(durations, not_longer) * 100 >=
                  static_cast<long>(percent * durations.size()));
        RC_ASSERT(std::ranges::count_if(durations, shorter) * 100 <
                  static_cast<long>(percent * durations.size()));
    }
}

}  // namespace
}  // namespace pushsim::reports
