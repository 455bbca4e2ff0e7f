#pragma once
// Chance by name: every draw comes from a stream that the run's seed and a path of names decide, so that
// adding an agent changes nobody else's draws (DESIGN, decision 5).

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "agent/base/random.hpp"

namespace pushsim::core {

/// xoshiro256** 1.0 (Blackman, Vigna), its state filled by SplitMix64 from a seed and names.
/// The same seed and names give the same draws on every machine. Not thread-safe.
class SeededStream final : public RandomStream {
  public:
    /// `names` is the stream's path, for example {"honest-agent", "honest[0]", "jitter"}.
    SeededStream(std::uint64_t seed, std::initializer_list<std::string_view> names);

    std::uint64_t next() override;

  private:
    std::array<std::uint64_t, 4> state_;
};

/// A seed for a run that was given none, from the operating system's entropy; below 2^32, to be read and
/// retyped.
std::uint64_t fresh_seed();

/// Random version 4 UUID in its canonical text form, from two draws.
std::string make_uuid(RandomStream& stream);

}  // namespace pushsim::core
