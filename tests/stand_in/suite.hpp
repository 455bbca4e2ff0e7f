#pragma once
// The suite of scenarios/, for a stand-in that has whatever options are asked for.

#include <filesystem>
#include <string>
#include <vector>

#include "tests/sim/cli/program.hpp"

namespace pushsim::stand_in {

/// A copy in that place, whose scenarios ask for no options. Those stay as they are, and an external stack
/// cannot play them, whose cases differ in options alone, or that have a database of their own.
std::filesystem::path suite_without_options(const pushsim::testing::Place& place);

/// The names of its scenarios that an external stack can play, sorted.
std::vector<std::string> playable_in(const std::filesystem::path& suite);

}  // namespace pushsim::stand_in
