#pragma once

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"

namespace pushsim::bench {

/// Ends a measurement with the error's words.
template <typename T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// Not of none.
template <typename T>
T median(std::vector<T> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

/// What a round cost, and that to the round of something else that took its turn with it.
struct Compared {
    Duration time{};   ///< median
    double ratio = 1;  ///< median of the rounds' ratios
};
inline Compared compared(const std::vector<Duration>& rounds, const std::vector<Duration>& to) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < rounds.size(); ++i)
        ratios.push_back(std::chrono::duration<double>(rounds[i]) / to[i]);
    return {median(rounds), median(ratios)};
}

}  // namespace pushsim::bench
