#pragma once
// Where the conformance suite is, and what is in it.

#include <filesystem>
#include <string>

#include "agent/base/result.hpp"
#include "sim/conformance/selection.hpp"

namespace pushsim::cli {

/// $PUSHSIM_SCENARIOS, else `scenarios` here if a registry is in it, else that of the source it was built
/// from.
std::filesystem::path suite_folder();

/// That of the source that this program was built from.
bool is_own_suite(const std::filesystem::path& folder);

/// Registry, profiles and all cases of the folder. ErrorKind::Usage with every problem, a line each.
Result<conformance::Suite> load_suite(const std::filesystem::path& folder);

/// Deviations that cannot be used, a line each, with the way out.
Error wrong_deviations(const std::vector<scenario::Problem>& problems);

/// What `file` says; without it what the folder's deviations/ has for that version. Nothing where there is
/// none.
struct Expected {
    std::filesystem::path file;
    std::vector<conformance::KnownDeviation> deviations;
};
Result<Expected> load_expected(const std::filesystem::path& folder, const std::string& file,
                               const std::string& version);

}  // namespace pushsim::cli
