#pragma once
// The work of `run` and `replay`.

#include <cstdint>
#include <optional>
#include <vector>

#include "reports/report.hpp"
#include "sim/cli/commands.hpp"
#include "sim/scenario/plan.hpp"

namespace pushsim::cli {

/// Plays them, tells how it went and writes the run's folder; the exit code. `judged`, if not null, gets what
/// was reported; nothing where the run did not begin.
int play_scenarios(const RunOptions& options, const std::vector<scenario::Scenario>& scenarios,
                   std::uint64_t seed, std::optional<reports::RunReport>* judged);

}  // namespace pushsim::cli
