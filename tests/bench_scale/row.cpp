#include "tests/bench_scale/row.hpp"

#include <fmt/format.h>

namespace pushsim::bench {

std::string text(const Row& row) {
    return fmt::format("{:<58} {:>14}   {:<24} {}\n", row.what, row.value, row.goal,
                       row.goal.empty() ? ""
                       : row.holds      ? "holds"
                                        : "does not hold");
}

}  // namespace pushsim::bench
