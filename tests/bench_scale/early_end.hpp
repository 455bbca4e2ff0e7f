#pragma once
// SIGINT while many agents wait for an answer, against the stand-in.

#include <cstddef>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"

namespace pushsim::bench {

struct EarlyEnd {
    std::size_t taken = 0;     ///< requests that the server had and did not answer
    std::size_t put_down = 0;  ///< of these in the history, as given up
    Duration took{};           ///< from the signal until the process had ended, its report made
    std::size_t left = 0;      ///< processes of its group that lived on
};

/// In a process of its own: to be called while there are no threads. ErrorKind::System where something of it
/// does not work, or does not come to its end in minutes.
Result<EarlyEnd> measure_early_end(std::size_t agents);

}  // namespace pushsim::bench
