#pragma once
// What is read from a file of the suite, and what is wrong in it.

#include <string>
#include <vector>

#include "sim/scenario/loader.hpp"

namespace pushsim::conformance {

/// Where there are problems the value is what could be read.
template <typename T>
struct Loaded {
    T value = {};
    std::vector<scenario::Problem> problems = {};

    bool ok() const { return problems.empty(); }
};

/// All problems, one a line.
std::string text(const std::vector<scenario::Problem>& problems);

}  // namespace pushsim::conformance
