// Which agents of a scenario are played in which of several processes.

#include "sim/scenario/shard.hpp"

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/scenario/loader.hpp"

namespace pushsim::scenario {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;

Scenario of_groups(const std::vector<int>& counts) {
    Scenario scenario;
    scenario.name = "fleet";
    for (std::size_t i = 0; i < counts.size(); ++i) {
        Group group;
        group.name = "g" + std::to_string(i);
        group.count = counts[i];
        scenario.groups.push_back(group);
    }
    return scenario;
}

Scenario loaded(const std::string& rest) {
    auto read = load_text(
        "scenario: s\nagents: { a: { count: 4 }, b: ~ }\n" + rest + "\nexpect: [ accounted ]\n", "s.yaml");
    EXPECT_TRUE(read.ok()) << read.text();
    return read.scenarios.front();
}

RC_GTEST_PROP(Shard, EveryAgentIsInExactlyOne, ()) {
    const auto counts = *rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 60));
    const Scenario scenario = of_groups(counts);
    const auto shards = *rc::gen::inRange<std::size_t>(1, 20);
    std::multiset<std::string> seen;
    for (std::size_t number = 0; number < shards; ++number) {
        for (const std::string& agent : agents_of(scenario, {number, shards})) {
            seen.insert(agent);
            RC_ASSERT(shard_of(agent, shards) == number);
        }
    }
    const auto all = agents_of(scenario, {0, 1});
    RC_ASSERT(seen == std::multiset<std::string>(all.begin(), all.end()));
}

TEST(Shard, IsTheSameOnEveryMachine) {
    std::vector<std::size_t> shards;
    for (int i = 0; i < 8; ++i)
        shards.push_back(shard_of("late[" + std::to_string(i) + "]", 3));
    EXPECT_THAT(shards, ElementsAre(1, 1, 0, 2, 1, 1, 2, 1));
}

TEST(Shard, OfManyAgentsEachHasItsPart) {
    const Scenario scenario = of_groups({3000});
    for (std::size_t number = 0; number < 3; ++number) {
        const auto agents = agents_of(scenario, {number, 3}).size();
        EXPECT_GT(agents, 900U);
        EXPECT_LT(agents, 1100U);
    }
}

TEST(Shard, WhatIsNotAnAgentsAloneIsNotSpread) {
    EXPECT_EQ(why_not_apart(loaded("script: [ attest: { agents: [ a, b ] } ]")), std::nullopt);
    EXPECT_EQ(why_not_apart(loaded("script: [ attest: { agents: a }, kill: verifier, start: verifier ]")),
              std::nullopt);
    EXPECT_THAT(why_not_apart(loaded("script: [ request: { path: /version } ]")),
                Optional(HasSubstr("step request")));
    EXPECT_THAT(
        why_not_apart(loaded("script: [ attest: { agents: a, faults: [ foreign_token: { of: b } ] } ]")),
        Optional(HasSubstr("foreign_token")));
    EXPECT_THAT(why_not_apart(loaded(
                    "script: [ repeat: { times: 2, steps: [ attest: { agents: a, faults: [ herd: { before: "
                    "negotiate } ] } ] } ]")),
                Optional(HasSubstr("herd")));
}

}  // namespace
}  // namespace pushsim::scenario
