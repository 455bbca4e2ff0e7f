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

}  // namespace

int conformance(const ConformanceOptions& options) {
    const Interrupt interrupt;
    const std::filesystem::path folder = suite_folder();
    const auto suite = load_suite(folder);
    if (!suite) return report_error(suite.error());
    const auto version = version_under_test(options.run.stack);
    if (!version) return report_error(version.error());
    const auto expected = load_expected(folder, options.expected, *version);
    if (!expected) return report_error(expected.error());
    if (const auto problems = conformance::check(*suite, expected->deviations); !problems.empty())
        return report_error({ErrorKind::Usage, conformance::text(problems), "nothing was started"});
    auto chosen = conformance::choose(*suite, options.selection, expected->deviations, *version);
    if (!chosen) return report_error(chosen.error());
    chosen->scope.deviations_file = expected->file.string();
    chosen->scope.strict = options.strict;
    return play_scenarios(options.run, chosen->scenarios, options.run.seed.value_or(core::fresh_seed()),
                          {.scope = &chosen->scope, .write_expected = options.write_expected});
}

}  // namespace pushsim::cli
