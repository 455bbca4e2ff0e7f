#pragma once

#include "agent/base/time.hpp"

namespace pushsim::fleet {

/// Another clock whose civil time is off.
class SkewedClock final : public Clock {
  public:
    /// `clock` outlives it.
    explicit SkewedClock(const Clock& clock, Duration offset = {}) : clock_(clock), offset_(offset) {}

    Instant now() const override { return clock_.now(); }
    WallTime wall_now() const override { return skewed(clock_.wall_now()); }

    /// What it says when that one says `time`.
    WallTime skewed(WallTime time) const { return time + std::chrono::round<WallTime::duration>(offset_); }
    void set(Duration offset) { offset_ = offset; }

  private:
    const Clock& clock_;
    Duration offset_;
};

}  // namespace pushsim::fleet
