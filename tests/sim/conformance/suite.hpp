#pragma once
// The suite that pushsim comes with, read once.

#include <filesystem>

#include <gtest/gtest.h>

#include "sim/conformance/selection.hpp"
#include "sim/scenario/loader.hpp"

namespace pushsim::conformance::test {

inline const std::filesystem::path folder = PUSHSIM_SCENARIOS;

inline const Suite& suite() {
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

}  // namespace pushsim::conformance::test
