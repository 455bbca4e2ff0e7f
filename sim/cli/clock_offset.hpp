#pragma once
// How far the clock of another process is ahead of ours.

#include <string>
#include <vector>

#include "agent/base/time.hpp"

namespace pushsim::cli {

/// From one question and its answer.
struct ClockOffset {
    Duration offset{};       ///< its civil time less ours
    Duration uncertainty{};  ///< half of what the question took

    /// Zero where it is not more than the measuring allows.
    Duration certain() const;
};
/// Of several questions the quickest.
ClockOffset offset_of(const std::vector<ClockOffset>& measured);
/// "its clock is 1h ahead (±3ms)"
std::string text_of(const ClockOffset& offset);

}  // namespace pushsim::cli
