#pragma once
// From files to plans. All errors are reported together, each with its place; nothing is thrown for what a
// file says.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/plan.hpp"
#include "sim/scenario/position.hpp"

namespace pushsim::scenario {

/// Something wrong in a file: what was found, what was expected, and the nearest known name.
struct Problem {
    Position position;
    std::string message;

    std::string text() const;  ///< "file:line:column: message"
    bool operator==(const Problem&) const = default;
};

struct LoadResult {
    std::vector<Scenario> scenarios;  ///< those without a problem of their own
    std::vector<Problem> problems;    ///< by file, in the order of the paths, then by place

    /// Nothing may start before this holds.
    bool ok() const { return problems.empty() && !scenarios.empty(); }
    /// All problems, one a line.
    std::string text() const;
};

/// Reads scenario files. A directory means all *.yaml files below it, sorted by path, without hidden ones,
/// requirements.yaml, sources.yaml, profiles.yaml, deviations (deviations*.yaml or below a folder of that
/// name), and what `pushsim conformance` plays (below a folder of that name). A path given twice is read
/// once; two scenarios of one name, a missing path, or no scenario at all are problems.
LoadResult load(const std::vector<std::filesystem::path>& paths);

/// Reads a scenario, or the cases of its matrix, from a text; `file` is the name used in positions. At most
/// 16 MiB.
LoadResult load_text(std::string_view text, const std::string& file);

}  // namespace pushsim::scenario
