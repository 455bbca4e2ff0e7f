#include "sim/conformance/deviations.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "agent/base/text.hpp"
#include "sim/conformance/reading.hpp"
#include "sim/scenario/clause.hpp"
#include "sim/scenario/language.hpp"
#include "sim/scenario/tell.hpp"

namespace pushsim::conformance {
namespace {

using scenario::Key;
using scenario::Node;
using namespace scenario::forms;
constexpr auto now = scenario::Availability::Now;

constexpr std::array<Key, 9> deviation_table{{
    {{"requirement", "its id", now}, requirement_id, true},
    {{"case", "scenario, or scenario/case, in which it shows; `*` for any text; each if left out", now},
     any_text},
    {{"observed", "a clause that holds in place of the one that does not", now}, anything},
    {{"reference", "issue, or where it is described", now}, any_text, true},
    {{"since", "the first Keylime that has it", now}, any_text},
    {{"until", "the last Keylime that has it", now}, any_text},
    {{"intermittent", "true: it comes by chance", now}, boolean},
    {{"withheld", "true: reports show no details", now}, boolean},
    {{"checks", "checks that find something wrong then, too", now}, one_or_list(&plain_name)},
}};
constexpr std::array<Key, 1> deviations_table{{
    {{"deviations", "a list", now}, anything, true},
}};

std::string read_version(scenario::Report& report, const scenario::MapReader& map, std::string_view key) {
    std::string version = read_line(report, map.get(key), key);
    if (!version.empty() && !is_version(version))
        report.expected(*map.get(key), key, "a version, like 7.14.3");
    return version;
}

KnownDeviation read_deviation(scenario::Report& report, const Node& node) {
    const scenario::MapReader map(report, node, "a deviation", deviation_table);
    KnownDeviation known;
    known.position = report.at(node);
    history::Deviation& deviation = known.deviation;
    if (const Node* id = map.get("requirement")) {
        if (const auto ids = read_ids(report, *id, "requirement"); !ids.empty())
            deviation.requirement = ids.front();
    }
    deviation.case_id = read_line(report, map.get("case"), "case");
    deviation.reference = read_line(report, map.get("reference"), "reference");
    deviation.since = read_version(report, map, "since");
    deviation.until = read_version(report, map, "until");
    deviation.intermittent = map.boolean("intermittent").value_or(false);
    deviation.withheld = map.boolean("withheld").value_or(false);
    deviation.checks = read_lines(report, map.get("checks"), "checks");
    for (const std::string& check : deviation.checks) {
        if (std::ranges::find(scenario::checks(), check, &scenario::Name::name) == scenario::checks().end())
            report.add(*map.get("checks"), fmt::format("`checks`: there is no check {}", check));
    }
    if (const Node* observed = map.get("observed")) {
        scenario::ClauseResult clause = scenario::read_clause(*observed, report.file());
        for (const scenario::Problem& problem : clause.problems)
            report.add(problem.position, problem.message);
        deviation.observed = scenario::tell(clause.clause, {});
        if (deviation.observed.ends_with('.')) deviation.observed.pop_back();
        known.observed = std::move(clause.clause);
    }
    if (deviation.withheld && map.key("observed") != nullptr)
        report.add(*map.key("observed"), "of what is withheld nothing is said of what was observed");
    if (deviation.withheld && map.key("case") != nullptr)
        report.add(*map.key("case"), "of what is withheld no case is named");
    if (!deviation.withheld && map.key("observed") == nullptr)
        report.add(node, "a deviation needs `observed`, or `withheld: true`");
    return known;
}

}  // namespace

bool KnownDeviation::is_of(std::string_view version) const {
    if (version.empty()) return true;
    return (deviation.since.empty() || compare_versions(deviation.since, version) <= 0) &&
           (deviation.until.empty() || compare_versions(version, deviation.until) <= 0);
}

Loaded<std::vector<KnownDeviation>> read_deviations(std::string_view text, const std::string& file) {
    Loaded<std::vector<KnownDeviation>> loaded;
    read_document(text, file, "`deviations:` and a list, which may be []", loaded.problems,
                  [&](scenario::Report& report, const Node& root) {
                      for (const Node& item : items_of(report, root, "the deviations", deviations_table))
                          loaded.value.push_back(read_deviation(report, item));
                  });
    return loaded;
}

Loaded<std::vector<KnownDeviation>> load_deviations(const std::filesystem::path& file) {
    return load_file<std::vector<KnownDeviation>>(file, read_deviations);
}

std::optional<std::filesystem::path> deviations_file(const std::filesystem::path& folder,
                                                     std::string_view version) {
    for (std::string_view part = version; !part.empty();) {
        const auto file = folder / fmt::format("keylime-{}.yaml", part);
        std::error_code failed;
        if (std::filesystem::is_regular_file(file, failed)) return file;
        const auto point = part.rfind('.');
        part = part.substr(0, point == std::string_view::npos ? 0 : point);
    }
    return std::nullopt;
}

}  // namespace pushsim::conformance
