// What the seed decides: plans.

#include "sim/scenario/draws.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <rapidcheck.h>

#include "agent/tpm/types.hpp"
#include "tests/sim/scenario/broken.hpp"

namespace pushsim::scenario {
namespace {

using namespace std::chrono_literals;

/// Everything that is drawn, in a scenario of `count` agents.
std::string everything(int count) {
    return fmt::format(
        "scenario: drawn\n"
        "agents:\n  first: {{ count: {} }}\n  second: {{ count: 2 }}\n"
        "script:\n"
        "  - wait: {{ uniform: [1s, 3s] }}\n"
        "  - repeat:\n      times: 2\n      steps:\n"
        "        - attest:\n            agents: first\n            times: 3\n            every: 2s\n"
        "            jitter: {{ normal: {{ mean: 200ms, deviation: 50ms }} }}\n            spread: 10s\n"
        "            faults:\n"
        "              - {{ delay: {{ before: submit, for: {{ exponential: {{ mean: 1s }} }} }}, "
        "probability: 25% }}\n"
        "              - swizzle: {{ share: 50%, every: 100ms }}\n"
        "  - together:\n"
        "      - attest: first\n"
        "      - attest: {{ agents: second, faults: [ stall: {{ after: negotiate, for: {{ one_of: [1s, 5s] "
        "}} }} ] }}\n"
        "        after: {{ list: [100ms, 5s] }}\n"
        "faults: [ {{ no_token: ~, agents: second, probability: 10% }} ]\n"
        "expect: [ accounted ]\n",
        count);
}

Draws draws_of(const std::string& text, std::uint64_t seed) {
    auto draws = Draws::of(read(text), seed);
    EXPECT_TRUE(draws);
    return draws ? *draws : Draws{};
}

TEST(Draws, OneMoreAgentChangesNobodyElses) {
    const std::string fewer = draws_of(everything(3), 7).text();
    std::string more = draws_of(everything(4), 7).text();
    const std::size_t its = more.find("\"first[3]\":\n");
    ASSERT_NE(its, std::string::npos);
    const std::size_t next = more.find("\n\"", its) + 1;
    more.erase(its, next - its);
    EXPECT_EQ(more, fewer);
    EXPECT_NE(draws_of(everything(3), 8).text(), fewer) << "another seed draws otherwise";
}

TEST(Draws, EachTryOfAScenarioOfChanceHasItsOwn) {
    const Scenario scenario = read(everything(1) + "intermittent: { tries: 3 }\n");
    const std::string first = Draws::of(scenario, 7)->text();
    const std::string second = Draws::of(scenario, 7, 2)->text();
    EXPECT_NE(first, second);
    const std::string plan = plan_text({scenario}, 7).value();
    EXPECT_THAT(plan, testing::HasSubstr("---\n" + first + "\"try 2\":\n  \"\":\n    \""));
    EXPECT_THAT(plan, testing::HasSubstr("\n\"try 3\":\n"));
    EXPECT_THAT(plan, testing::Not(testing::HasSubstr("try 4")));
    EXPECT_EQ(plan_text(read_plan(plan, "plan.yaml")->scenarios, 7), plan);
}

// On any machine, with any --jobs: nothing of these stands in a plan. If this changes, plans of earlier
// versions cannot be replayed any more, which the changelog must say.
TEST(Plans, AreTheSameOctetsForTheSameSeed) {
    const auto text = plan_text({read(everything(3))}, 7);
    ASSERT_TRUE(text);
    EXPECT_EQ(to_hex(tpm::hash(tpm::HashAlgorithm::Sha256, as_bytes(*text))),
              "13d00472cfd856296362008ff601c4e35da0a7893ddefe6eb42f615f34d007a5")
        << *text;
}

TEST(Plans, AreReadAgain) {
    const auto text = plan_text({read(everything(2)), read(Parts{}.text())}, 18'446'744'073'709'551'615U);
    ASSERT_TRUE(text);
    const auto plan = read_plan(*text, "plan.yaml");
    ASSERT_TRUE(plan) << plan.error().text();
    EXPECT_EQ(plan->seed, 18'446'744'073'709'551'615U);
    ASSERT_EQ(plan->scenarios.size(), 2U);
    EXPECT_EQ(plan_text(plan->scenarios, plan->seed), *text);
}

TEST(Plans, ThatAreNoneAreRefused) {
    const auto text = plan_text({read(Parts{}.text())}, 7).value();
    const auto refused = [](std::string changed) { return !read_plan(changed, "plan.yaml"); };
    EXPECT_FALSE(refused(text));
    EXPECT_TRUE(refused(""));
    EXPECT_TRUE(refused("scenario: s\n"));
    EXPECT_TRUE(refused(text.substr(0, text.find("---"))));
    std::string changed = text;
    EXPECT_TRUE(refused(changed.replace(changed.find("seed: 7"), 7, "seed: x")));
    changed = text;
    EXPECT_TRUE(refused(changed.replace(changed.find("agents:"), 7, "agens:")));
}

TEST(Plans, OfTooManyDrawsAreRefused) {
    const auto many =
        Draws::of(read("scenario: s\nagents: { a: { count: 3 } }\nscript:\n"
                       "  - attest: { every: 1s, times: 1000000, jitter: { uniform: [0s, 1s] } }\n"
                       "expect: [ accounted ]\n"),
                  1);
    ASSERT_FALSE(many);
    EXPECT_THAT(many.error().message, testing::HasSubstr("draws more than 2000000 values"));
}

TEST(Plans, WithoutChanceDrawNothing) {
    EXPECT_EQ(Draws::of(read(Parts{}.text()), 1)->text(), "{}\n");
}

/// So many draws of a distribution.
std::vector<double> sample(const std::string& distribution, std::uint64_t seed, int count) {
    const Scenario scenario = read(fmt::format(
        "scenario: s\nagents: {{ a: ~ }}\nscript:\n  - repeat: {{ times: {}, steps: [ wait: {} ] }}\n"
        "  - attest: a\nexpect: [ accounted ]\n",
        count, distribution));
    const Step& wait = scenario.script.at(0).steps.at(0);
    const Draws draws = *Draws::of(scenario, seed);
    std::vector<double> values;
    for (int i = 0; i < count; ++i) {
        const Duration drawn =
            draws.duration(wait.wait, "", purpose(wait.number, "wait"), static_cast<std::size_t>(i));
        values.push_back(std::chrono::duration<double>(drawn).count());
    }
    return values;
}

double mean(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

TEST(Distributions, AreWhatTheirNameSays) {
    EXPECT_TRUE(rc::check([](std::uint64_t seed) {
        for (const double value : sample("{ uniform: [1s, 3s] }", seed, 50))
            RC_ASSERT(value >= 1 && value <= 3);
        for (const double value : sample("{ normal: { mean: 1s, deviation: 2s } }", seed, 50))
            RC_ASSERT(value >= 0);
        for (const double value : sample("{ one_of: [1s, 5s] }", seed, 50))
            RC_ASSERT(value == 1.0 || value == 5.0);
        const auto listed = sample("{ list: [1s, 2s, 3s] }", seed, 7);
        RC_ASSERT((listed == std::vector<double>{1, 2, 3, 1, 2, 3, 1}));
    }));
    constexpr int many = 20'000;
    EXPECT_NEAR(mean(sample("{ uniform: [1s, 3s] }", 1, many)), 2, 0.02);
    EXPECT_NEAR(mean(sample("{ normal: { mean: 2s, deviation: 300ms } }", 1, many)), 2, 0.02);
    EXPECT_NEAR(mean(sample("{ exponential: { mean: 5s } }", 1, many)), 5, 0.15);
    EXPECT_NEAR(mean(sample("{ one_of: [1s, 5s] }", 1, many)), 3, 0.1);
    auto drawn = sample("{ normal: { mean: 2s, deviation: 300ms } }", 1, many);
    for (double& value : drawn)
        value = (value - 2) * (value - 2);
    EXPECT_NEAR(std::sqrt(mean(drawn)), 0.3, 0.01);
}

TEST(Chances, AtTheEndsAreCertain) {
    EXPECT_FALSE(happens(0, 0));
    EXPECT_TRUE(happens(1, 999'999));
    EXPECT_TRUE(happens(0.25, 249'999));
    EXPECT_FALSE(happens(0.25, 250'000));
    const Draws draws = draws_of(
        "scenario: s\nagents: { a: ~ }\nscript:\n"
        "  - attest: { times: 10000, faults: [ { no_token: ~, probability: 25% } ] }\nexpect: [ accounted "
        "]\n",
        7);
    int there = 0;
    for (std::size_t i = 0; i < 10'000; ++i)
        there += happens(0.25, draws.chance("a[0]", fault_purpose(1, 0, "probability"), i)) ? 1 : 0;
    EXPECT_NEAR(there, 2500, 200);
    EXPECT_THROW(draws.chance("a[0]", "nothing", 0), std::logic_error);
}

}  // namespace
}  // namespace pushsim::scenario
