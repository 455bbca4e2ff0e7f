// Prints what the checks of `reports` find in a history.

#include <algorithm>

#include <fmt/format.h>

#include "reports/run_checks.hpp"
#include "reports/view.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/fitted.hpp"
#include "sim/cli/run_folder.hpp"
#include "sim/history/reader.hpp"

namespace pushsim::cli {
namespace {

/// A killed run has no end and is looked at all the same; lines that are gone may be those that matter.
std::optional<Error> damage(const history::History& history, const std::string& path) {
    if (!history.head) return Error{ErrorKind::Parse, path + ": the history is empty"};
    if (history.missing.empty()) return std::nullopt;
    return Error{ErrorKind::Parse,
                 fmt::format("{}: lines are missing, {}, the first is number {}", path,
                             reports::counted(history.missing.size(), "line"), history.missing.front()),
                 "what was found holds for the lines that are there"};
}

}  // namespace

int check(const CheckOptions& options) {
    const auto path = history_of(options.run);
    std::error_code failed;
    if (!path || !std::filesystem::exists(*path, failed)) {
        return report_error({ErrorKind::Usage,
                             fmt::format("'{}' is no run: there is no history", options.run),
                             options.run.ends_with(".yaml")
                                 ? "`pushsim explain` reads a scenario and names what is wrong in it"
                                 : "name a run folder, such as runs/latest, or its history.jsonl"});
    }
    const auto history = history::read_history(*path, history::Detail::OfReports);
    if (!history) return report_error(history.error());
    const auto checks = reports::check_run(*history, options.checks);
    if (options.format == "json") {
        fmt::print("{}", reports::checks_json(checks, path->string()));
    } else {
        print_fitted(reports::checks_text(checks));
    }
    if (const auto damaged = damage(*history, path->string())) return report_error(*damaged);
    const bool found = std::ranges::any_of(checks, [](const reports::CheckOfRun& one) {
        return one.result == reports::CheckOfRun::Result::Findings;
    });
    return found ? kNotAsExpected : kAsExpected;
}

}  // namespace pushsim::cli
