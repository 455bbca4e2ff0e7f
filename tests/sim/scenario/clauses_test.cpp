// What clauses ask for.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/sim/scenario/plays.hpp"

namespace pushsim::scenario {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::Pair;

TEST(Clauses, AskForMembersOfTheResponse) {
    const auto response = condition<ExpectResponse>(
        "{ response: { status: [202, \"400-499\"], code: x, pointer: /data, header: { Retry-After: \"*\", "
        "Location: "
        "absent }, retry_after: [2, \"5-9\"], body: { /data/attributes/stage: done, /data/id: 7, /x: [1, "
        "null], /none: absent, /text: \"absent\" } } }");
    EXPECT_THAT(response.status, ElementsAre(StatusRange{202, 202}, StatusRange{400, 499}));
    EXPECT_EQ(response.pointer, "/data");
    EXPECT_THAT(response.headers, ElementsAre(Pair("Location", "absent"), Pair("Retry-After", "*")));
    EXPECT_THAT(response.retry_after, ElementsAre(SecondRange{2, 2}, SecondRange{5, 9}));
    EXPECT_THAT(response.body,
                ElementsAre(Pair("/data/attributes/stage", "\"done\""), Pair("/data/id", "7"),
                            Pair("/none", "absent"), Pair("/text", "\"absent\""), Pair("/x", "[1,null]")));
}

TEST(Clauses, AskForAStatusAllTheTimeOrAtNoTime) {
    using When = ExpectStatus::When;
    EXPECT_EQ(condition<ExpectStatus>("{ always: PASS }"), (ExpectStatus{AgentStatus::Pass, When::Always}));
    EXPECT_EQ(condition<ExpectStatus>("{ never: TIMEOUT, poll: 2/s }"),
              (ExpectStatus{AgentStatus::Timeout, When::Never, {}, 500ms}));
    EXPECT_EQ(clause("{ status: PASS, within: 3s, never: FAIL }").conditions.size(), 2U);
}

TEST(Clauses, CountRequestsInTheStepOrSinceTheStart) {
    const auto requests = condition<ExpectRequests>("{ requests: { sessions: 1, submissions: 4 } }");
    EXPECT_THAT(requests.counts, ElementsAre(Pair("sessions", 1), Pair("submissions", 4)));
    EXPECT_FALSE(requests.since_start);
    EXPECT_TRUE(condition<ExpectRequests>("{ requests: { sessions: 1 }, since: start }").since_start);
}

TEST(Clauses, AreOfAllCyclesOrTheLast) {
    EXPECT_FALSE(clause("{ verdict: pass }").last_cycle_only);
    EXPECT_TRUE(clause("{ verdict: pass, cycles: last, at_least: 2 }").last_cycle_only);
}

TEST(Clauses, OfTheRunAreChecksAndMetrics) {
    const Scenario scenario = read(Parts{.expect = "expect:\n"
                                                   "  - submit.p99 < 250ms\n"
                                                   "  - accepted.rate>=40/s\n"
                                                   "  - error.share < 1.5%\n"
                                                   "  - verdict_fail.count == 0\n"
                                                   "  - invariants\n"}
                                       .text());
    ASSERT_EQ(scenario.expect.size(), 5U);
    EXPECT_THAT(scenario.expect[0].conditions,
                ElementsAre(Condition(ExpectMetric{"submit.p99", "<", 0.25, "250ms"})));
    EXPECT_THAT(scenario.expect[1].conditions,
                ElementsAre(Condition(ExpectMetric{"accepted.rate", ">=", 40, "40/s"})));
    EXPECT_THAT(scenario.expect[2].conditions,
                ElementsAre(Condition(ExpectMetric{"error.share", "<", 0.015, "1.5%"})));
    EXPECT_THAT(scenario.expect[3].conditions,
                ElementsAre(Condition(ExpectMetric{"verdict_fail.count", "==", 0, "0"})));
    EXPECT_THAT(scenario.expect[4].conditions, ElementsAre(Condition(ExpectCheck{"invariants"})));
    for (const MetricSubject& subject : metric_subjects()) {
        for (const MetricMeasure& measure : metric_measures()) {
            const char* limit = measure.unit == MetricMeasure::Unit::Duration ? "1s"
                                : measure.unit == MetricMeasure::Unit::Rate   ? "1/s"
                                : measure.unit == MetricMeasure::Unit::Share  ? "1%"
                                                                              : "1";
            const std::string metric =
                fmt::format("expect: [ {}.{} < {} ]", subject.name, measure.name, limit);
            EXPECT_EQ(problems_of(Parts{.expect = metric}.text()).empty(), goes_with(subject, measure))
                << metric;
        }
    }
}

}  // namespace
}  // namespace pushsim::scenario
