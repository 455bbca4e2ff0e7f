// The HTML report of a run: its scenarios.

#include <fmt/format.h>

#include "reports/html_parts.hpp"
#include "reports/summary.hpp"

namespace pushsim::reports::html_parts {
namespace {

int rank(Outcome outcome) {
    switch (outcome) {
        case Outcome::NotAsExpected:
            return 0;
        case Outcome::Error:
        case Outcome::Partial:
            return 1;
        case Outcome::NotSeen:
        case Outcome::Skipped:
            return 3;
        case Outcome::AsExpected:
        case Outcome::Reproduced:
            return 4;
    }
    return 4;
}

Json scenario_case(const ScenarioReport& report, const std::string& seed) {
    Json json{{"id", report.name}};
    put(json, "title", report.title);
    put(json, "file", report.file);
    json["findings"] = findings_json(first_of_each(report.findings));
    json["causes"] = causes_json(report.diagnoses, true);
    for (Json& cause : causes_json(report.unexplained, false))
        json["causes"].push_back(std::move(cause));
    put(json, "reason", report.reason);
    put(json, "mend", report.mend);
    if (!report.file.empty()) json["again"] = fmt::format("pushsim run {}{}", report.file, seed);
    return json;
}

Details details_of(const ScenarioReport& report) {
    Details details{.rank = rank(report.outcome),
                    .json = {{"clauses", Json::array()}, {"not_checked", Json::array()}}};
    for (const ExpectationResult& result : report.expectations)
        details.json["clauses"].push_back(clause("expects", result));
    for (const NotChecked& one : report.not_checked)
        details.json["not_checked"].push_back(Json{{"check", one.check}, {"reason", one.reason}});
    cite(report.expectations, details.cited);
    cite(report.findings, details.cited);
    cite(report.diagnoses, details.cited);
    cite(report.unexplained, details.cited);
    return details;
}

}  // namespace

std::vector<Details> add_run(const history::History& history, const RunReport& run, Json& json) {
    std::map<std::string, std::vector<ScenarioView>> views;
    for (ScenarioView& view : split(history))
        views[view.name].push_back(std::move(view));
    std::map<std::string, std::size_t> used;
    std::vector<Details> all;
    const std::string seed = run.head ? fmt::format(" --seed {}", run.head->seed) : "";
    for (const ScenarioReport& report : run.scenarios) {
        const std::size_t number = json["cases"].size();
        json["cases"].push_back(scenario_case(report, seed));
        Json item{{"id", report.name},
                  {"text", report.title.empty() ? report.headline : report.title},
                  {"standing", to_string(report.outcome)}};
        item["cases"] = {number};
        put(item, "reason", report.headline);
        json["items"].push_back(std::move(item));
        Details details = details_of(report);
        // A scenario of what comes by chance has one report for all its tries.
        const std::size_t tries = report.tries ? static_cast<std::size_t>(report.tries->made) : 1;
        std::vector<ScenarioView>& of_name = views[report.name];
        for (std::size_t i = 0; i < tries && used[report.name] < of_name.size(); ++i) {
            const Lines& lines = of_name[used[report.name]++].lines;
            details.lines.insert(details.lines.end(), lines.begin(), lines.end());
        }
        all.push_back(std::move(details));
    }
    return all;
}

std::string verdict_sentence(const RunReport& report) {
    const Totals& totals = report.totals;
    std::vector<std::string> parts;
    add_part(parts, totals.not_as_expected, "scenario is not as expected", "scenarios are not as expected");
    add_part(parts, totals.error, "could not be judged because pushsim or the servers failed",
             "could not be judged because pushsim or the servers failed");
    add_part(parts, totals.partial, "did not come to its end", "did not come to their end");
    if (parts.empty()) parts.emplace_back("Nothing is other than expected");
    add_part(parts, totals.as_expected, "as expected", "as expected");
    add_part(parts, totals.reproduced, "reproduced", "reproduced");
    add_part(parts, totals.not_seen, "not seen", "not seen");
    add_part(parts, totals.skipped, "skipped", "skipped");
    return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace pushsim::reports::html_parts
