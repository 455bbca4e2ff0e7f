#pragma once

#include <cstdint>

namespace pushsim {

/// A stream of raw 64-bit draws. Streams with names and seeds come from sim/core; whatever needs chance gets
/// one as an argument. Distributions are written on the raw draws, for those of <random> differ between
/// libraries.
class RandomStream {
  public:
    virtual ~RandomStream() = default;
    virtual std::uint64_t next() = 0;

    /// Uniform in [0, 1), from the upper 53 bits of one draw.
    double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
};

}  // namespace pushsim
