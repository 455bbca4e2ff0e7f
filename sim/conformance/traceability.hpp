#pragma once
// docs/traceability.md: from what the protocol reference says to what holds.

#include <string>
#include <vector>

#include "sim/conformance/deviations.hpp"
#include "sim/conformance/selection.hpp"
#include "sim/conformance/sources.hpp"
#include "sim/conformance/verdicts.hpp"

namespace pushsim::conformance {

/// Markdown: each row of the sources with its requirements, each requirement with the cases that decide it
/// and how it stood in the run of the verdicts. `deviations` are for their references alone.
std::string traceability_page(const Suite& suite, const std::vector<SourceRow>& rows,
                              const std::vector<KnownDeviation>& deviations, const Verdicts& verdicts);

}  // namespace pushsim::conformance
