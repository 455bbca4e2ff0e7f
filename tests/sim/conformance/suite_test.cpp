// The suite that pushsim comes with.

#include <algorithm>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/conformance/selection.hpp"
#include "sim/conformance/sources.hpp"
#include "sim/scenario/cases.hpp"
#include "sim/scenario/language.hpp"
#include "sim/scenario/loader.hpp"

namespace pushsim::conformance {
namespace {

using ::testing::IsEmpty;

const std::filesystem::path folder = PUSHSIM_SCENARIOS;

const Suite& suite() {
    static const Suite all = [] {
        Suite read;
        const auto requirements = load_requirements(folder / "requirements.yaml");
        EXPECT_EQ(text(requirements.problems), "");
        read.requirements = requirements.value;
        const auto profiles = load_profiles(folder / "profiles.yaml");
        EXPECT_EQ(text(profiles.problems), "");
        read.profiles = profiles.value;
        const auto scenarios = scenario::load({folder / "conformance"});
        EXPECT_TRUE(scenarios.ok()) << scenarios.text();
        read.scenarios = scenarios.scenarios;
        return read;
    }();
    return all;
}

TEST(Suite, RegistryAndCasesAgree) {
    EXPECT_GT(suite().requirements.size(), 200U);
    EXPECT_EQ(text(check(suite(), "requirements.yaml")), "");
}

TEST(Suite, EveryRowOfTheSourcesNamesWhatThereIs) {
    const auto rows = load_sources(folder / "sources.yaml");
    EXPECT_EQ(text(rows.problems), "");
    EXPECT_GT(rows.value.size(), 300U);
    EXPECT_EQ(text(compare(rows.value, suite().requirements)), "");
}

TEST(Suite, EveryDeviationIsOfSomething) {
    for (const auto& file : std::filesystem::directory_iterator(folder / "deviations")) {
        const auto known = load_deviations(file.path());
        EXPECT_EQ(text(known.problems), "");
        EXPECT_EQ(text(check(suite(), known.value)), "");
    }
}

TEST(Suite, EveryProfileTakesSomethingThatIsDecided) {
    for (const Profile& profile : suite().profiles) {
        EXPECT_TRUE(std::ranges::any_of(suite().requirements, [&](const Requirement& one) {
            return profile.takes(one) && !one.decided_by.empty();
        })) << profile.name;
    }
}

/// What is planned waits for a word that the language does not have yet.
TEST(Suite, WhatIsPlannedWaitsForWhatIsNotThere) {
    for (const Requirement& one : suite().requirements) {
        if (one.planned.empty()) continue;
        const std::string first = one.planned.substr(0, one.planned.find_first_of(" ,:"));
        const auto* fault = scenario::find_fault(first);
        EXPECT_TRUE(fault == nullptr || !is_there(*fault))
            << one.id << " waits for " << first << ", which is there";
    }
}

bool is_refusal(const scenario::Expectation& clause) {
    return std::ranges::any_of(clause.conditions, [](const scenario::Condition& condition) {
        const auto* response = std::get_if<scenario::ExpectResponse>(&condition);
        if (response != nullptr && !response->status.empty())
            return std::ranges::all_of(response->status,
                                       [](const auto& range) { return range.first >= 400; });
        const auto* verdict = std::get_if<scenario::ExpectVerdict>(&condition);
        return verdict != nullptr && verdict->verdict == scenario::Verdict::Fail;
    });
}
bool is_acceptance(const scenario::Expectation& clause) {
    return std::ranges::any_of(clause.conditions, [](const scenario::Condition& condition) {
        const auto* response = std::get_if<scenario::ExpectResponse>(&condition);
        if (response != nullptr && !response->status.empty())
            return std::ranges::all_of(response->status, [](const auto& range) { return range.last < 400; });
        const auto* verdict = std::get_if<scenario::ExpectVerdict>(&condition);
        const auto* status = std::get_if<scenario::ExpectStatus>(&condition);
        return (verdict != nullptr && verdict->verdict == scenario::Verdict::Pass) ||
               (status != nullptr && status->when == scenario::ExpectStatus::When::Last &&
                status->status == scenario::AgentStatus::Pass);
    });
}

/// A server that refuses everything must not pass.
TEST(Suite, EveryCaseThatExpectsARefusalHasAPositiveControl) {
    for (const auto& scenario : suite().scenarios) {
        std::map<std::string, std::pair<bool, bool>> cases;  // refuses, accepts
        scenario::for_each_clause(scenario,
                                  [&](const scenario::Expectation& clause, const std::string& name) {
                                      auto& [refuses, accepts] = cases[name];
                                      refuses = refuses || (is_refusal(clause) && !clause.decides.empty());
                                      accepts = accepts || is_acceptance(clause);
                                  });
        for (const auto& [name, what] : cases) {
            EXPECT_TRUE(!what.first || what.second || cases[""].second)
                << scenario.name << '/' << name << " has no control that must be accepted";
        }
    }
}

}  // namespace
}  // namespace pushsim::conformance
