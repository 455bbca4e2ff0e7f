// What there is of the conformance suite: `pushsim list requirements|profiles|traceability`, and a
// requirement in words.

#include <algorithm>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "sim/cli/commands.hpp"
#include "sim/cli/explain_requirement.hpp"
#include "sim/cli/fitted.hpp"
#include "sim/cli/suite.hpp"
#include "sim/conformance/sources.hpp"
#include "sim/conformance/traceability.hpp"
#include "sim/conformance/verdicts.hpp"
#include "sim/stack/install.hpp"

namespace pushsim::cli {

int list_requirements(const std::string& format) {
    const auto suite = load_suite(suite_folder());
    if (!suite) return report_error(suite.error());
    if (format == "json") {
        nlohmann::json list = nlohmann::json::array();
        for (const auto& one : suite->requirements) {
            list.push_back({{"id", one.id},
                            {"text", one.text},
                            {"level", one.level},
                            {"binds", one.binds},
                            {"area", one.area()},
                            {"tags", one.tags},
                            {"sources", one.sources},
                            {"decided_by", one.decided_by},
                            {"planned", one.planned}});
        }
        fmt::print("{}\n", list.dump(2));
        return kAsExpected;
    }
    std::string area;
    for (const auto& one : suite->requirements) {
        if (one.area() != area) {
            area = one.area();
            print_fitted(fmt::format("{}  {}\n", area, conformance::about_area(area)));
        }
        print_fitted(fmt::format("  {}  {:<6} {}{}\n", one.id, one.level, one.text,
                                 one.planned.empty() ? "" : " (not decided yet)"));
    }
    return kAsExpected;
}

int list_profiles(const std::string& format) {
    const auto suite = load_suite(suite_folder());
    if (!suite) return report_error(suite.error());
    nlohmann::json list = nlohmann::json::array();
    for (const auto& profile : suite->profiles) {
        const auto count =
            std::ranges::count_if(suite->requirements, [&](const auto& one) { return profile.takes(one); });
        if (format == "json") {
            list.push_back({{"name", profile.name}, {"about", profile.about}, {"requirements", count}});
        } else {
            print_fitted(fmt::format("{:<10} {:>4} requirements  {}\n", profile.name, count, profile.about));
        }
    }
    if (format == "json") fmt::print("{}\n", list.dump(2));
    return kAsExpected;
}

int list_traceability() {
    const auto folder = suite_folder();
    const auto suite = load_suite(folder);
    if (!suite) return report_error(suite.error());
    const auto rows = conformance::load_sources(folder / "sources.yaml");
    if (!rows.ok())
        return report_error({ErrorKind::Usage, conformance::text(rows.problems), "correct these lines"});
    const auto expected = load_expected(folder, "", stack::kPinnedRelease);
    if (!expected) return report_error(expected.error());
    const auto verdicts =
        conformance::load_verdicts(conformance::verdicts_file(folder, stack::kPinnedRelease));
    if (!verdicts.ok()) {
        return report_error({ErrorKind::Usage, conformance::text(verdicts.problems),
                             "pushsim report RUN --verdicts FILE makes it, of a run with --profile full"});
    }
    fmt::print("{}",
               conformance::traceability_page(*suite, rows.value, expected->deviations, verdicts.value));
    return kAsExpected;
}

Result<std::vector<Line>> explain_requirement(const std::string& id) {
    const auto folder = suite_folder();
    const auto suite = load_suite(folder);
    if (!suite) return fail(suite.error());
    const auto* requirement = conformance::find(suite->requirements, id);
    if (requirement == nullptr) {
        return fail(ErrorKind::Usage, fmt::format("there is no requirement {}", id),
                    "pushsim list requirements");
    }
    std::vector<Line> lines{{0, fmt::format("{} ({}, binds the {}): {}", id, requirement->level,
                                            requirement->binds, requirement->text)}};
    if (!requirement->since.empty())
        lines.push_back({2, fmt::format("From Keylime {} on.", requirement->since)});
    for (const std::string& source : requirement->sources)
        lines.push_back({2, "Source: " + source});
    if (!requirement->planned.empty())
        lines.push_back({2, fmt::format("Not decided yet: it waits for {}.", requirement->planned)});
    for (const auto& scenario : suite->scenarios) {
        for (const auto& one : conformance::cases_of(scenario)) {
            if (one.requirements.contains(id) && !requirement->withheld)
                lines.push_back({2, fmt::format("Decided by {} ({})", one.id(), scenario.file)});
        }
    }
    const auto expected = load_expected(folder, "", stack::kPinnedRelease);
    if (!expected) return fail(expected.error());
    for (const auto& known : expected->deviations) {
        if (known.deviation.requirement != id) continue;
        lines.push_back(
            {2, fmt::format("Known deviation{}: {} ({})",
                            known.deviation.case_id.empty() ? "" : " in " + known.deviation.case_id,
                            known.deviation.withheld ? "details withheld" : known.deviation.observed,
                            known.deviation.reference)});
    }
    lines.push_back({2, fmt::format("To decide it: pushsim conformance {}", id)});
    return lines;
}

}  // namespace pushsim::cli
