// How durations, shares, rates and instants are written.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sim/scenario/values.hpp"
#include "tests/sim/scenario/plays.hpp"

namespace pushsim::scenario {
namespace {

using namespace std::chrono_literals;

TEST(Amounts, MayBeDistributions) {
    using Kind = Distribution::Kind;
    EXPECT_EQ(wait_of("2s"), Amount{2s});
    EXPECT_EQ(wait_of("{ uniform: [1s, 3s] }"), (Amount{{}, Distribution{Kind::Uniform, {1s, 3s}}}));
    EXPECT_EQ(wait_of("{ normal: { mean: 2s, deviation: 300ms } }"),
              (Amount{{}, Distribution{Kind::Normal, {2s, 300ms}}}));
    EXPECT_EQ(wait_of("{ exponential: { mean: 5s } }"), (Amount{{}, Distribution{Kind::Exponential, {5s}}}));
    EXPECT_EQ(wait_of("{ one_of: [1s, 5s, 9s] }"), (Amount{{}, Distribution{Kind::OneOf, {1s, 5s, 9s}}}));
    EXPECT_EQ(wait_of("{ list: [100ms, 100ms, 5s] }"),
              (Amount{{}, Distribution{Kind::List, {100ms, 100ms, 5s}}}));
}

INSTANTIATE_TEST_SUITE_P(
    Amounts, BrokenScenario,
    testing::ValuesIn(std::vector<Broken>{
        {"UniformOfOne",
         {.script = "script: [ wait: { uniform: [1s] } ]"},
         "3:28: `uniform`: expected two durations, the lesser first, like [1s, 3s]; found a list"},
        {"UniformBackwards",
         {.script = "script: [ wait: { uniform: [3s, 1s] } ]"},
         "3:28: `uniform`: expected two durations, the lesser first, like [1s, 3s]; found a list"},
        {"UniformWithoutUnits",
         {.script = "script: [ wait: { uniform: [1, 3] } ]"},
         "3:29: `uniform`: a duration needs a unit: 1s or 1ms, not '1'\n"
         "3:32: `uniform`: a duration needs a unit: 3s or 3ms, not '3'"},
        {"NormalWithoutADeviation",
         {.script = "script: [ wait: { normal: { mean: 1s } } ]"},
         "3:27: `normal` needs `deviation:`, how far two thirds of them are from it at most, like "
         "`deviation: 2s`"},
        {"ListOfNothing",
         {.script = "script: [ wait: { list: [] } ]"},
         "3:25: `list`: expected a list of durations, like [1s, 3s]; found an empty list"},
        {"TwoDistributions",
         {.script = "script: [ wait: { list: [1s], uniform: [1s, 2s] } ]"},
         "3:17: `wait`: expected one distribution, like { uniform: [1s, 3s] }; found a map"},
        {"DistributionWhereNothingVaries",
         {.script = "script: [ attest: { every: { uniform: [1s, 2s] } } ]"},
         "3:28: `every` cannot vary; write one value"},
    }),
    case_name);

TEST(Shares, AreOfAHundred) {
    EXPECT_EQ(parse_share("10%"), 0.1);
    EXPECT_EQ(parse_share("0%"), 0.0);
    EXPECT_EQ(parse_share("100%"), 1.0);
    EXPECT_EQ(parse_share("0.0001%"), 0.000001);
    for (const char* text : {"", "%", "10", "101%", "-1%", "1.%", ".5%", "1.00001%", " 1%", "1 %", "1e1%"})
        EXPECT_EQ(parse_share(text), std::nullopt) << "'" << text << "'";
    EXPECT_EQ(fault("{ no_token: , probability: 12.5% }").probability, 0.125);
    EXPECT_EQ(fault("{ swizzle: { share: 30%, every: 1s } }").share, 0.3);
}

TEST(Rates, AreSoManyASecondOrAMinute) {
    for (const auto& [text, interval] :
         {std::pair{"10/s", Duration(100ms)}, std::pair{"1/s", Duration(1s)},
          std::pair{"7/s", Duration(1s) / 7}, std::pair{"1/m", Duration(60s)},
          std::pair{"90/m", Duration(60s) / 90}, std::pair{"59/m", Duration(60s) / 59}})
        EXPECT_EQ(condition<ExpectStatus>(fmt::format("{{ always: PASS, poll: {} }}", text)).poll, interval)
            << text;
}

TEST(Instants, HaveADistance) {
    EXPECT_EQ(fault("hold_evidence: { until: token_expires_at }").until,
              (InstantOffset{InstantName::TokenExpiresAt, 0s}));
    EXPECT_EQ(fault("hold_evidence: { until: challenges_expire_at + 50ms }").until,
              (InstantOffset{InstantName::ChallengesExpireAt, 50ms}));
    EXPECT_EQ(fault("hold_evidence: { until: challenges_expire_at - 1m30s }").until,
              (InstantOffset{InstantName::ChallengesExpireAt, -90s}));
}

TEST(Clock, MayBeAheadOrBehind) {
    const auto offset = [](const std::string& text) {
        return read(Parts{.agents = "agents: { a: { clock: { offset: " + text + " } } }"}.text())
            .groups[0]
            .clock_offset;
    };
    EXPECT_EQ(offset("1h"), 1h);
    EXPECT_EQ(offset("-2m30s"), -150s);
}

}  // namespace
}  // namespace pushsim::scenario
