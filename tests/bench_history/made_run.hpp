#pragma once
// A history as a long run leaves it: as many lines of each kind, as long, and in the same order.

#include <cstdint>
#include <filesystem>

namespace pushsim::bench {

struct RunSize {
    std::uint64_t exchanges = 0;  ///< requests of agents, at least; those of the tenant come on top
    int scenarios = 1;            ///< one after another
    int agents = 1;               ///< of each scenario; all attest in turn, ten seconds apart
    bool conformance = false;     ///< of `pushsim conformance`: each scenario decides a requirement
};

/// Writes it with the real writer. Throws std::runtime_error where that fails.
void write_run(const std::filesystem::path& path, const RunSize& size);

}  // namespace pushsim::bench
