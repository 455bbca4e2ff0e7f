#include "reports/waits.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <rapidcheck.h>

#include "reports/console.hpp"
#include "reports/report_json.hpp"
#include "tests/reports/golden.hpp"

namespace pushsim::reports::test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(Spread, PercentilesAreValuesThatWereMeasured) {
    std::vector<Duration> durations;
    for (int i = 100; i > 0; --i)
        durations.emplace_back(milliseconds{i});
    const Spread hundred = spread_of(durations);
    EXPECT_EQ(hundred.p50, milliseconds{50});
    EXPECT_EQ(hundred.p95, milliseconds{95});
    EXPECT_EQ(hundred.max, milliseconds{100});
    EXPECT_EQ(hundred.sum, milliseconds{5050});
    const Spread one = spread_of({milliseconds{3}});
    EXPECT_EQ(one.p50, milliseconds{3});
    EXPECT_EQ(one.p95, milliseconds{3});
    EXPECT_EQ(spread_of({}).count, 0U);
}

TEST(Spread, AsManyDoNotExceedAPercentileAsItSays) {
    EXPECT_TRUE(rc::check([](const std::vector<std::uint16_t>& numbers) {
        RC_PRE(!numbers.empty());
        std::vector<Duration> durations;
        for (const auto number : numbers)
            durations.emplace_back(milliseconds{number});
        const Spread spread = spread_of(durations);
        for (const auto& [value, percent] : {std::pair{spread.p50, 50U}, std::pair{spread.p95, 95U}}) {
            const auto at = value;
            const auto below = std::ranges::count_if(durations, [&](Duration one) { return one < at; });
            const auto within = std::ranges::count_if(durations, [&](Duration one) { return one <= at; });
            RC_ASSERT(static_cast<std::size_t>(within) * 100 >= durations.size() * percent);
            RC_ASSERT(static_cast<std::size_t>(below) * 100 < durations.size() * percent);
        }
    }));
}

/// Quotes that take 2 ms each, one after the other; exchanges that wait at the gate where there is one.
RunReport queue_of(int agents, bool gate) {
    Script script;
    script.begin("fleet", {}, agents).step(1, "attest");
    for (int i = 0; i < agents; ++i) {
        const h::Where where = script.where(fmt::format("honest[{}]", i));
        script.add(where, h::TpmOperation{.operation = "quote",
                                          .duration = milliseconds{2},
                                          .waited = milliseconds{2 * i},
                                          .ahead = i});
        h::Exchange exchange = h::test::an_exchange(202);
        exchange.outcome.timings.total = microseconds{1500};
        if (gate) exchange.queued = milliseconds{1};
        script.add(where, exchange);
    }
    return judged(script.end_scenario().end().text());
}

TEST(Waits, OfTheTpmThreadsAndTheGateAreShown) {
    EXPECT_THAT(
        waits_text(queue_of(20, true).scenarios.at(0)),
        ElementsAre("TPM    20 quote: p50 2.0 ms, p95 2.0 ms, max 2.0 ms; waited p50 18 ms, p95 36 ms, max "
                    "38 ms; longest queue 19",
                    "gate   20 exchanges: waited p50 1.0 ms, p95 1.0 ms, max 1.0 ms",
                    "time   of the agents, once their TPMs were made: 81% waiting for a TPM thread, 9% TPMs, "
                    "6% exchanges with the "
                    "servers, 4% at the gate"));
}

TEST(Waits, ThoseThatTookMostComeFirstAndTheMakingOfTpmsIsNoShare) {
    Script script;
    script.begin("fleet", {}, 20).step(1, "attest");
    for (const auto& [operation, took] :
         {std::pair{"certify", 1}, {"describe", 0}, {"quote", 3}, {"provision", 250}})
        script.add(script.where(), h::TpmOperation{.operation = operation, .duration = milliseconds{took}});
    h::Exchange exchange = h::test::an_exchange(202);
    exchange.outcome.timings.total = milliseconds{4};
    script.add(script.where(), exchange);
    EXPECT_THAT(
        waits_text(judged(script.end_scenario().end().text()).scenarios.at(0)),
        ElementsAre(
            HasSubstr("1 provision: p50 250 ms"), HasSubstr("1 quote: "), HasSubstr("1 certify: "),
            "time   of the agents, once their TPMs were made: 50% exchanges with the servers, 50% TPMs"));
}

TEST(Waits, WithoutAGateNothingIsSaidOfIt) {
    const RunReport report = queue_of(20, false);
    EXPECT_THAT(console_text(report, "", {}), HasSubstr("\n        TPM    20 quote: "));
    EXPECT_THAT(console_text(report, "", {}), Not(HasSubstr("gate")));
    EXPECT_FALSE(nlohmann::json::parse(report_json(report))["scenarios"][0]["waits"].contains("gate"));
}

TEST(Waits, OfFewAgentsAreInTheJsonAlone) {
    const RunReport report = queue_of(19, true);
    EXPECT_THAT(waits_text(report.scenarios.at(0)), IsEmpty());
    const auto waits = nlohmann::json::parse(report_json(report))["scenarios"][0]["waits"];
    EXPECT_EQ(waits["tpm"][0]["operation"], "quote");
    EXPECT_EQ(waits["tpm"][0]["count"], 19);
    EXPECT_EQ(waits["tpm"][0]["waited"]["max"], 0.036);
    EXPECT_EQ(waits["tpm"][0]["longest_queue"], 18);
    EXPECT_EQ(waits["gate"]["waited"]["p50"], 0.001);
    EXPECT_EQ(waits["exchanges"]["sum"], 0.0285);
}

}  // namespace
}  // namespace pushsim::reports::test
