#pragma once
// The work of `run`, `replay` and `conformance`.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reports/report.hpp"
#include "sim/cli/commands.hpp"
#include "sim/history/conformance.hpp"
#include "sim/scenario/plan.hpp"

namespace pushsim::cli {

/// What it is played for, beside being told.
struct Purpose {
    /// Gets what was reported; nothing where the run did not begin.
    std::optional<reports::RunReport>* judged = nullptr;
    /// What is to be decided: then the reports are about that.
    const history::Conformance* scope = nullptr;
    std::string write_expected = {};  ///< the file that gets what was seen, as deviations; empty: none
};

/// Plays them, tells how it went and writes the run's folder; the exit code.
int play_scenarios(const RunOptions& options, const std::vector<scenario::Scenario>& scenarios,
                   std::uint64_t seed, const Purpose& purpose);

}  // namespace pushsim::cli
