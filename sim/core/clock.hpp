#pragma once

#include "agent/base/time.hpp"

namespace pushsim::core {

/// The system's clocks. The only place that reads them. Thread-safe.
class SystemClock final : public Clock {
  public:
    Instant now() const override;
    WallTime wall_now() const override;
};

/// Time that stands still until told. For tests and dry runs; not thread-safe.
class SimulatedClock final : public Clock {
  public:
    explicit SimulatedClock(WallTime start = WallTime{std::chrono::seconds{1'700'000'000}})
        : wall_start_(start) {}

    Instant now() const override { return Instant{} + elapsed_; }
    WallTime wall_now() const override {
        return wall_start_ + std::chrono::duration_cast<std::chrono::microseconds>(elapsed_);
    }
    void advance(Duration duration) { elapsed_ += duration; }

  private:
    WallTime wall_start_;
    Duration elapsed_{};
};

}  // namespace pushsim::core
