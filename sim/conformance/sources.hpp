#pragma once
// What the protocol reference says, row by row, and the requirements that follow from it.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "sim/conformance/loaded.hpp"
#include "sim/conformance/registry.hpp"

namespace pushsim::conformance {

/// A row of a table of the reference, or one of its known faults.
struct SourceRow {
    std::string file;                            ///< "verifier-push.md"
    std::string section = {};                    ///< its heading; empty of a known fault
    std::string row;                             ///< its first cell, or the fault's id: "F13"
    std::vector<std::string> requirements = {};  ///< that follow from it
    std::string none = {};                       ///< why none follows
    scenario::Position position = {};

    std::string text() const;  ///< "verifier-push.md, 5. …, 403"
};

/// sources.yaml: file -> section -> row -> [ids] or { none: why }; of known faults file -> id -> the same.
Loaded<std::vector<SourceRow>> load_sources(const std::filesystem::path& file);
Loaded<std::vector<SourceRow>> read_sources(std::string_view text, const std::string& file);

/// Rows that name a requirement which does not exist.
std::vector<scenario::Problem> compare(const std::vector<SourceRow>& rows,
                                       const std::vector<Requirement>& requirements);

}  // namespace pushsim::conformance
