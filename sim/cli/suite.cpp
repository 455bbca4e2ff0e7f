#include "sim/cli/suite.hpp"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "sim/scenario/loader.hpp"

namespace pushsim::cli {
namespace {

namespace fs = std::filesystem;

bool is_file(const fs::path& path) {
    std::error_code failed;
    return fs::is_regular_file(path, failed);
}

/// Of a version that is not known: the last of all.
std::optional<fs::path> last_file(const fs::path& folder) {
    std::optional<fs::path> last;
    std::error_code failed;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
        if (at->path().extension() == ".yaml" && (!last || *last < at->path())) last = at->path();
    }
    return last;
}

}  // namespace

bool is_own_suite(const fs::path& folder) {
    std::error_code failed;
    return fs::equivalent(folder, PUSHSIM_SOURCE_SCENARIOS, failed);
}

fs::path suite_folder() {
    if (const char* named = std::getenv("PUSHSIM_SCENARIOS")) return named;
    return is_file(fs::path("scenarios") / "requirements.yaml") ? fs::path("scenarios")
                                                                : fs::path(PUSHSIM_SOURCE_SCENARIOS);
}

Result<conformance::Suite> load_suite(const fs::path& folder) {
    const fs::path registry = folder / "requirements.yaml";
    if (!is_file(registry)) {
        return fail(ErrorKind::Usage, registry.string() + ": there is no registry of requirements",
                    "start pushsim in its source, or name its scenarios with PUSHSIM_SCENARIOS");
    }
    conformance::Suite suite;
    auto requirements = conformance::load_requirements(registry);
    const fs::path of_profiles = folder / "profiles.yaml";  // a suite of one's own needs none
    auto profiles = is_file(of_profiles) ? conformance::load_profiles(of_profiles)
                                         : decltype(conformance::load_profiles(of_profiles)){};
    auto scenarios = scenario::load({folder / "conformance"});
    std::vector<scenario::Problem> problems;
    for (const auto* part : {&requirements.problems, &profiles.problems, &scenarios.problems})
        problems.insert(problems.end(), part->begin(), part->end());
    suite.requirements = std::move(requirements.value);
    suite.profiles = std::move(profiles.value);
    suite.scenarios = std::move(scenarios.scenarios);
    if (problems.empty()) problems = conformance::check(suite, registry.string());
    if (problems.empty()) return suite;
    return fail(ErrorKind::Usage, conformance::text(problems),
                "correct these lines, or name another folder of scenarios with PUSHSIM_SCENARIOS");
}

Error wrong_deviations(const std::vector<scenario::Problem>& problems) {
    return {ErrorKind::Usage, conformance::text(problems),
            "correct these lines, or have `pushsim conformance --write-expected FILE` write a file anew and "
            "name it with --expected"};
}

Result<Expected> load_expected(const fs::path& folder, const std::string& file, const std::string& version) {
    const fs::path deviations = folder / "deviations";
    const auto found = !file.empty()     ? std::optional<fs::path>(file)
                       : version.empty() ? last_file(deviations)
                                         : conformance::deviations_file(deviations, version);
    if (!found) return Expected{};
    std::error_code failed;
    if (fs::is_directory(*found, failed))
        return fail(ErrorKind::Usage, fmt::format("--expected: {} is a folder", found->string()),
                    "name a file in it");
    if (!is_file(*found)) {
        return fail(ErrorKind::Usage, fmt::format("--expected: there is no file {}", found->string()),
                    "pushsim conformance --write-expected FILE makes one");
    }
    auto loaded = conformance::load_deviations(*found);
    if (!loaded.ok()) return fail(wrong_deviations(loaded.problems));
    return Expected{*found, std::move(loaded.value)};
}

}  // namespace pushsim::cli
