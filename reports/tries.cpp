#include "reports/tries.hpp"

#include <algorithm>
#include <map>
#include <numeric>

#include <fmt/format.h>

namespace pushsim::reports {
namespace {

using Series = std::vector<ScenarioReport>;

/// The try that the joined report is made of.
std::size_t deciding(const Series& series) {
    for (const Outcome outcome : {Outcome::AsExpected, Outcome::Error, Outcome::Partial}) {
        const auto at = std::ranges::find(series, outcome, &ScenarioReport::outcome);
        if (at != series.end()) return static_cast<std::size_t>(at - series.begin());
    }
    // Of those that showed something else the last.
    for (std::size_t i = series.size(); i-- > 0;) {
        if (series[i].outcome == Outcome::NotAsExpected) return i;
    }
    return series.size() - 1;
}

void decide(ScenarioReport& report) {
    const Tries& tries = *report.tries;
    if (report.outcome == Outcome::AsExpected) {
        report.outcome = Outcome::Reproduced;
        report.headline =
            fmt::format("reproduced by try {} of {}: {}", tries.reproduced, tries.of, report.headline);
    } else if (report.outcome == Outcome::NotAsExpected && tries.made < tries.of) {
        report.outcome = Outcome::Partial;
        report.reason = fmt::format("not seen, and only {} of {} tries were made", tries.made, tries.of);
        report.headline = report.reason;
    } else if (report.outcome == Outcome::NotAsExpected) {
        report.outcome = Outcome::NotSeen;
        report.reason =
            tries.made == 1 ? "not seen in 1 try" : fmt::format("not seen in {} tries", tries.made);
        report.headline = fmt::format("{}; the last: {}", report.reason, report.headline);
    }
}

/// What checks found in a try is kept, whatever the try showed; its goals are those of the try alone.
void keep_findings(const ScenarioReport& other, int number, ScenarioReport& report) {
    for (const Finding& finding : other.findings) {
        if (finding.check == "goal_reached") continue;
        report.findings.push_back(finding);
        report.findings.back().text = fmt::format("in try {}: {}", number, finding.text);
    }
}

ScenarioReport joined(Series series) {
    const std::size_t chosen = deciding(series);
    ScenarioReport report = series[chosen];
    report.tries->made = static_cast<int>(series.size());
    if (report.outcome == Outcome::AsExpected) report.tries->reproduced = static_cast<int>(chosen) + 1;
    report.duration =
        std::accumulate(series.begin(), series.end(), Duration{},
                        [](Duration sum, const ScenarioReport& one) { return sum + one.duration; });
    for (std::size_t i = 0; i < series.size(); ++i) {
        if (i != chosen) keep_findings(series[i], static_cast<int>(i) + 1, report);
    }
    decide(report);
    return report;
}

}  // namespace

std::vector<ScenarioReport> joined_tries(std::vector<ScenarioReport> scenarios) {
    std::vector<Series> all;
    std::map<std::string, std::size_t> begun;  // the last series of that name
    for (ScenarioReport& scenario : scenarios) {
        const auto before = begun.find(scenario.name);
        const bool goes_on = scenario.tries && scenario.tries->made > 1 && before != begun.end();
        if (!goes_on) {
            if (scenario.tries) begun[scenario.name] = all.size();
            all.emplace_back();
        }
        all[goes_on ? before->second : all.size() - 1].push_back(std::move(scenario));
    }
    std::vector<ScenarioReport> reports;
    reports.reserve(all.size());
    for (Series& series : all)
        reports.push_back(series.front().tries ? joined(std::move(series)) : std::move(series.front()));
    return reports;
}

}  // namespace pushsim::reports
