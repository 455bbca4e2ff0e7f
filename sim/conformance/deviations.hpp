#pragma once
// What a Keylime version is known to do otherwise than specified.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/conformance/loaded.hpp"
#include "sim/history/conformance.hpp"
#include "sim/scenario/expectation.hpp"

namespace pushsim::conformance {

struct KnownDeviation {
    history::Deviation deviation;
    /// What takes the place of the clause that does not hold; absent where it is withheld.
    std::optional<scenario::Expectation> observed = {};
    scenario::Position position = {};

    /// Both ends belong to it; of a version that is not known each deviation is.
    bool is_of(std::string_view version) const;
};

/// Items have `requirement`, `case` (scenario or scenario/case, `*` for any text; each if left out),
/// `observed` (a clause as in `expect:`), `reference`, `since`, `until`, `intermittent`; or `withheld: true`
/// in place of `case` and `observed`.
Loaded<std::vector<KnownDeviation>> load_deviations(const std::filesystem::path& file);
Loaded<std::vector<KnownDeviation>> read_deviations(std::string_view text, const std::string& file);

/// Of all files of the folder the one for that version: keylime-7.14.3.yaml before keylime-7.14.yaml. Nothing
/// where there is none.
std::optional<std::filesystem::path> deviations_file(const std::filesystem::path& folder,
                                                     std::string_view version);

}  // namespace pushsim::conformance
