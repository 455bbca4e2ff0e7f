#include <gtest/gtest.h>

#include "tests/reports/results.hpp"

namespace pushsim::reports {
namespace {

using namespace test;

TEST(StatusExpectation, LooksAtTheLastReadingOrAtAll) {
    using When = h::StatusClause::When;
    Script script;
    script.begin("status", {{.status = h::StatusClause{"PASS"}},
                            {.status = h::StatusClause{"PASS", When::Always}},
                            {.status = h::StatusClause{"TIMEOUT", When::Never}},
                            {.status = h::StatusClause{"PENDING", When::Never}},
                            {.status = h::StatusClause{"PASS"}, .step = 2}});
    script.step(1, "read_status").status("PENDING", 0).status("PASS", 1).step(2, "wait");
    const auto results = results_of(script);
    EXPECT_EQ(results.at(0).judgement, Judgement::Holds);
    EXPECT_EQ(results.at(1).judgement, Judgement::DoesNotHold);
    EXPECT_EQ(results.at(2).judgement, Judgement::Holds);
    EXPECT_EQ(results.at(3).judgement, Judgement::DoesNotHold);
    EXPECT_EQ(results.at(4).judgement, Judgement::DoesNotHold);
    EXPECT_EQ(results.at(4).actual, "honest[0]: no status was read");
}

TEST(StatusExpectation, OfEveryReadingIsNotJudgedWhereThereIsNone) {
    Script script;
    script.begin("none", {{.status = h::StatusClause{"PASS", h::StatusClause::When::Always}, .step = 2},
                          {.status = h::StatusClause{"PASS", h::StatusClause::When::Never}, .step = 2},
                          {.status = h::StatusClause{"PASS"}, .step = 2}});
    script.step(1, "attest").status("PASS", 1).step(2, "wait");
    const auto results = results_of(script);
    for (const std::size_t every : {0U, 1U}) {
        EXPECT_EQ(results.at(every).judgement, Judgement::Skipped);
        EXPECT_EQ(results.at(every).reason, "no status was read");
    }
    EXPECT_EQ(results.at(2).judgement, Judgement::DoesNotHold);
}

TEST(StatusExpectation, ShowsTheReadingThatDecided) {
    Script script;
    script.begin("status", {{.status = h::StatusClause{"PASS"}}}).step(1, "attest").attest(0);
    script.read_status_act().status("FAIL", 0);
    const auto result = results_of(script).at(0);
    EXPECT_EQ(result.judgement, Judgement::DoesNotHold);
    ASSERT_TRUE(result.exchange);
    EXPECT_EQ(result.exchange->method, "GET");
    EXPECT_EQ(result.exchange->target, "/v2.6/agents/id");
}

TEST(StatusExpectation, AReadingThatFailedIsNoStatusAndHidesNoEarlierOne) {
    for (const auto when :
         {h::StatusClause::When::Last, h::StatusClause::When::Always, h::StatusClause::When::Never}) {
        Script script;
        script.begin("status", {{.status = h::StatusClause{"PASS", when}}}).step(1, "read_status");
        script.status(when == h::StatusClause::When::Never ? "FAIL" : "PASS", 1);
        script.add(script.where(), h::StatusRead{.status = "", .error = "500"});
        const auto result = results_of(script).at(0);
        EXPECT_EQ(result.judgement, Judgement::DoesNotHold);
        EXPECT_EQ(result.actual, "honest[0]: not known: 500");
    }
}

}  // namespace
}  // namespace pushsim::reports
