#pragma once

#include <cstddef>

namespace pushsim::reports {

/// Which of `count` sorted values, from 0, is the smallest that `percent` of a hundred do not exceed (nearest
/// rank). `count` is not 0, `percent` from 1 to 100.
constexpr std::size_t nearest_rank(std::size_t count, std::size_t percent) {
    return (count * percent + 99) / 100 - 1;
}

}  // namespace pushsim::reports
