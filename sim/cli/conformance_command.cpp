// `pushsim conformance`: which sentences of the specified behaviour the Keylime under test obeys.

#include <cstdlib>

#include <fmt/format.h>

#include "agent/base/text.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/cli/play_scenarios.hpp"
#include "sim/cli/report_files.hpp"
#include "sim/cli/stack_choice.hpp"
#include "sim/cli/suite.hpp"
#include "sim/core/clock.hpp"
#include "sim/core/random.hpp"

namespace pushsim::cli {
namespace {

Result<void> check_write_expected(const std::string& file) {
    if (file.empty()) return {};
    if (std::filesystem::exists(file) && !std::filesystem::is_directory(file)) {
        return fail(ErrorKind::Usage,
                    fmt::format("--write-expected: {} is there, and would be replaced", file),
                    "what was written by hand there would be lost: name another file, or remove it");
    }
    return check_can_write("--write-expected", file);
}

/// What plays one case or requirement, `{}`, as this command does.
std::string again_of(const ConformanceOptions& options) {
    std::string text;
    const char* const folder = std::getenv("PUSHSIM_SCENARIOS");
    if (folder != nullptr && !is_own_suite(folder))
        text = fmt::format("PUSHSIM_SCENARIOS={} ", shell_word(folder));
    text += "pushsim conformance {}";
    const StackChoice& stack = options.run.stack;
    const auto add = [&text](const char* option, const std::string& value) {
        if (!value.empty()) text += fmt::format(" {} {}", option, shell_word(value));
    };
    add("--keylime", stack.keylime);
    add("--certificates", stack.certificates);
    text += stack_words(stack);
    for (const std::string& file : stack.verifier_conf)
        add("--verifier-conf", file);
    for (const std::string& file : stack.registrar_conf)
        add("--registrar-conf", file);
    for (const std::string& host : options.run.may_break)
        add("--i-may-break", host);
    add("--expected", options.expected);
    return options.strict ? text + " --strict" : text;
}

}  // namespace

int conformance(const ConformanceOptions& options) {
    const Interrupt interrupt;
    const std::filesystem::path folder = suite_folder();
    const auto suite = load_suite(folder);
    if (!suite) return report_error(suite.error());
    if (auto can = check_write_expected(options.write_expected); !can) return report_error(can.error());
    const auto version = version_under_test(options.run.stack);
    if (!version) return report_error(version.error());
    const auto expected = load_expected(folder, options.expected, *version);
    if (!expected) return report_error(expected.error());
    if (const auto problems = conformance::check(*suite, expected->deviations); !problems.empty())
        return report_error(wrong_deviations(problems));
    conformance::Selection selection = options.selection;
    if (suite->profiles.empty() && selection.profile == "quick") selection.profile.clear();  // all there is
    auto chosen = conformance::choose(*suite, selection, expected->deviations, *version);
    if (!chosen) return report_error(chosen.error());
    chosen->scope.deviations_file = expected->file.string();
    chosen->scope.strict = options.strict;
    chosen->scope.again = again_of(options);
    return play_scenarios(options.run, chosen->scenarios, options.run.seed.value_or(core::fresh_seed()),
                          {.scope = &chosen->scope, .write_expected = options.write_expected});
}

}  // namespace pushsim::cli
