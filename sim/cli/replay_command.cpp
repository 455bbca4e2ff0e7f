#include <algorithm>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "reports/replayed.hpp"
#include "reports/report.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/fitted.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/cli/play_scenarios.hpp"
#include "sim/cli/run_folder.hpp"
#include "sim/cli/stack_choice.hpp"
#include "sim/cli/suite.hpp"
#include "sim/scenario/draws.hpp"

namespace pushsim::cli {
namespace {

namespace fs = std::filesystem;

struct Recorded {
    scenario::PlanFile plan;
    reports::RunReport report;
    std::optional<history::Conformance> scope;  ///< of a conformance run
};

Result<Recorded> read_run(const fs::path& run) {
    const auto history_file = history_of(run);
    if (!history_file) {
        return fail(ErrorKind::Usage, fmt::format("{}: no run is there", run.string()),
                    "give the folder that a run has left, such as runs/latest");
    }
    const fs::path plan_file = history_file->parent_path() / "plan.yaml";
    std::ifstream in(plan_file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (!in.is_open()) {
        return fail(ErrorKind::Usage, fmt::format("{}: there is no plan to replay", plan_file.string()),
                    "what `pushsim agent` leaves has none: it is what a person did");
    }
    auto plan = scenario::read_plan(text, plan_file.string());
    if (!plan) return fail(plan.error());
    const auto again = scenario::plan_text(plan->scenarios, plan->seed);
    if (!again) return fail(again.error());
    if (*again != text) {
        return fail(
            ErrorKind::Config,
            fmt::format("{}: this pushsim would draw or fill in something else for it", plan_file.string()),
            "it was changed, or another version of pushsim made it: replay it with that one");
    }
    const auto history = history::read_history(*history_file, history::Detail::OfReports);
    if (!history) return fail(history.error());
    std::optional<history::Conformance> scope;
    for (const history::Entry& line : history->entries) {
        if (const auto* found = line.event.get<history::Conformance>()) scope = *found;
    }
    return Recorded{std::move(*plan), reports::judge(*history), std::move(scope)};
}

/// Those that are named; all if none is.
Result<void> select(std::vector<scenario::Scenario>& scenarios, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        if (std::ranges::find(scenarios, name, &scenario::Scenario::name) != scenarios.end()) continue;
        std::string known;
        for (const auto& one : scenarios)
            known += (known.empty() ? "" : ", ") + one.name;
        return fail(ErrorKind::Usage, fmt::format("the run has no scenario '{}'", name), "it has " + known);
    }
    if (names.empty()) return {};
    std::erase_if(scenarios, [&](const scenario::Scenario& one) {
        return std::ranges::find(names, one.name) == names.end();
    });
    return {};
}

/// What a conformance run decided, to be decided again; of a version that is known by now with what is known
/// of it.
Result<void> renew_scope(history::Conformance& scope, std::vector<scenario::Scenario>& scenarios,
                         const StackChoice& stack) {
    const auto version = version_under_test(stack);
    if (!version) return fail(version.error());
    std::vector<conformance::KnownDeviation> deviations;
    if (!scope.deviations_file.empty()) {
        auto expected = load_expected(suite_folder(), scope.deviations_file, *version);
        if (!expected) return fail(expected.error());
        deviations = std::move(expected->deviations);
    }
    scope = conformance::scope_again(scope, scenarios, deviations, *version);
    return {};
}

/// What was compared, and then what could not be.
void tell(std::vector<reports::Replayed> all, const std::string& other_stack) {
    if (!other_stack.empty()) print_fitted(other_stack + "\n");
    std::stable_partition(all.begin(), all.end(), [](const reports::Replayed& one) {
        return one.result != reports::Replayed::Result::NotComparable;
    });
    for (const reports::Replayed& one : all) {
        std::string line = fmt::format("{:<14}  {}", to_string(one.result), one.scenario);
        for (const std::string& detail : one.details)
            line += (&detail == &one.details.front() ? ": " : fmt::format("\n{:<14}  ", "")) + detail;
        print_fitted(line + "\n");
    }
}

}  // namespace

int replay(const ReplayOptions& options) {
    const Interrupt interrupt;
    auto recorded = read_run(options.run);
    if (!recorded) return report_error(recorded.error());
    std::vector<scenario::Scenario>& scenarios = recorded->plan.scenarios;
    if (auto some = select(scenarios, options.scenarios); !some) return report_error(some.error());
    std::optional<reports::RunReport> again;
    std::optional<history::Conformance>& scope = recorded->scope;
    if (scope) {
        if (auto renewed = renew_scope(*scope, scenarios, options.again.stack); !renewed)
            return report_error(renewed.error());
    }
    const int code = play_scenarios(options.again, scenarios, recorded->plan.seed,
                                    {.judged = &again, .scope = scope ? &*scope : nullptr});
    if (!again) return code;
    std::vector<std::string> names;
    names.reserve(scenarios.size());
    for (const auto& one : scenarios)
        names.push_back(one.name);
    const auto all = reports::compare_replay(names, recorded->report, *again);
    tell(all, reports::other_stack(recorded->report, *again));
    if (code >= kUsage) return code;
    const bool reproduced = std::ranges::all_of(
        all, [](const auto& one) { return one.result == reports::Replayed::Result::Reproduced; });
    return reproduced ? kAsExpected : kNotAsExpected;
}

}  // namespace pushsim::cli
