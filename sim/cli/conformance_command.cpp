// `pushsim conformance`: which sentences of the specified behaviour the Keylime under test obeys.

#include <fmt/format.h>

#include "sim/cli/commands.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/cli/play_scenarios.hpp"
#include "sim/cli/session.hpp"
#include "sim/cli/suite.hpp"
#include "sim/core/clock.hpp"
#include "sim/core/random.hpp"

namespace pushsim::cli {
namespace {

/// Of the Keylime that will run; empty where it cannot be known.
Result<std::string> version_under_test(const StackChoice& choice) {
    if (choice.stack != "local") return std::string{};
    const auto local = local_options(choice, {});
    if (!local) return fail(local.error());
    return local->keylime.version;
}

/// What would be found out at the end else.
Result<void> check_can_write(const std::string& file) {
    if (file.empty()) return {};
    const auto folder = std::filesystem::absolute(file).parent_path();
    std::error_code failed;
    if (std::filesystem::is_directory(folder, failed) && !std::filesystem::is_directory(file, failed))
        return {};
    return fail(ErrorKind::Usage, fmt::format("--write-expected: {} cannot be a file", file),
                fmt::format("is {} a folder?", folder.string()));
}

}  // namespace

int conformance(const ConformanceOptions& options) {
    const Interrupt interrupt;
    const std::filesystem::path folder = suite_folder();
    const auto suite = load_suite(folder);
    if (!suite) return report_error(suite.error());
    if (auto can = check_can_write(options.write_expected); !can) return report_error(can.error());
    const auto version = version_under_test(options.run.stack);
    if (!version) return report_error(version.error());
    const auto expected = load_expected(folder, options.expected, *version);
    if (!expected) return report_error(expected.error());
    if (const auto problems = conformance::check(*suite, expected->deviations); !problems.empty())
        return report_error(wrong_deviations(problems));
    auto chosen = conformance::choose(*suite, options.selection, expected->deviations, *version);
    if (!chosen) return report_error(chosen.error());
    chosen->scope.deviations_file = expected->file.string();
    chosen->scope.strict = options.strict;
    return play_scenarios(options.run, chosen->scenarios, options.run.seed.value_or(core::fresh_seed()),
                          {.scope = &chosen->scope, .write_expected = options.write_expected});
}

}  // namespace pushsim::cli
