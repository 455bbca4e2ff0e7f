#pragma once
// docs/traceability.md: from what the protocol reference says to what holds.

#include <string>
#include <vector>

#include "sim/conformance/deviations.hpp"
#include "sim/conformance/selection.hpp"
#include "sim/conformance/sources.hpp"

namespace pushsim::conformance {

/// Markdown: each row of the sources with its requirements, each requirement with the cases that decide it
/// and how it stands at that version by the deviations: a run that finds it otherwise fails.
std::string traceability_page(const Suite& suite, const std::vector<SourceRow>& rows,
                              const std::vector<KnownDeviation>& deviations, const std::string& version);

}  // namespace pushsim::conformance
