#include "reports/junit.hpp"

#include <fmt/format.h>

#include "reports/junit_parts.hpp"
#include "reports/summary.hpp"
#include "reports/text.hpp"
#include "reports/waits.hpp"

namespace pushsim::reports {
namespace {

/// Causes and mends, then what has none.
std::string explanation_text(const ScenarioReport& scenario) {
    std::string text;
    constexpr std::size_t most = 20;
    for (const Diagnosis& one : scenario.diagnoses) {
        if (&one - scenario.diagnoses.data() == most) {
            text += fmt::format("and {} causes more (report.json)\n", scenario.diagnoses.size() - most);
            break;
        }
        text += fmt::format("cause: {}{}\n", scenario.agents > 1 ? agents_text(one.agents) + ": " : "",
                            cause_text(one));
        if (one.agents.size() >= fewest_counted && !one.shown.empty()) text += one.shown.front() + '\n';
        if (!one.mend.empty()) text += fmt::format("mend: {}\n", one.mend);
        if (const std::string others = other_figures(one); !others.empty()) text += others + '\n';
    }
    for (const std::string& note : notes_of(scenario))
        text += note + '\n';
    return text;
}

/// What does not hold, for the body of <failure>.
std::string failure_text(const ScenarioReport& scenario) {
    std::string text;
    for (const ExpectationResult& result : scenario.expectations) {
        if (result.judgement != Judgement::DoesNotHold) continue;
        text += fmt::format("{} {}\n  expected: {}\n  actual: {}\n", result.what, result.source,
                            result.expected, result.actual);
        if (const std::string by = decided_by(result); !by.empty()) text += "  " + by + '\n';
    }
    text += explanation_text(scenario);
    for (const Finding& finding : first_of_each(scenario.findings)) {
        if (finding.severity == Severity::Wrong) text += fmt::format("{}: {}\n", finding.check, finding.text);
    }
    return text;
}

void add_case(pugi::xml_node suite, const std::string& suite_name, const ScenarioReport& scenario,
              const std::string& history_path) {
    pugi::xml_node test_case = suite.append_child("testcase");
    xml::set(test_case, "name", scenario.name);
    xml::set(test_case, "classname", suite_name);
    xml::set(test_case, "time", xml::seconds(scenario.duration));
    pugi::xml_node result;
    switch (scenario.outcome) {
        case Outcome::AsExpected:
        case Outcome::Reproduced:
            break;
        case Outcome::NotAsExpected:
            result = xml::add_text(test_case, "failure", failure_text(scenario));
            xml::set(result, "message", scenario.headline);
            xml::set(result, "type", "not_as_expected");
            break;
        case Outcome::Error:
        case Outcome::Partial:
            result = xml::add_text(
                test_case, "error",
                scenario.mend.empty() ? scenario.reason : scenario.reason + "\nmend: " + scenario.mend);
            xml::set(result, "message", scenario.headline);
            xml::set(result, "type", to_string(scenario.outcome));
            break;
        case Outcome::Skipped:
        case Outcome::NotSeen:
            xml::set(test_case.append_child("skipped"), "message", scenario.reason);
            break;
    }
    std::string output = scenario.headline + '\n';
    output += explanation_text(scenario);
    for (const std::string& line : waits_text(scenario))
        output += line + '\n';
    if (!scenario.file.empty()) output += "scenario: " + scenario.file + '\n';
    if (!history_path.empty()) output += "history: " + history_path + '\n';
    xml::add_text(test_case, "system-out", output);
}

}  // namespace

std::string junit_xml(const RunReport& report, const std::string& history_path) {
    pugi::xml_document document;
    const std::string suite_name = "pushsim";
    pugi::xml_node suite = xml::add_suites(document).append_child("testsuite");
    xml::set(suite, "name", suite_name);
    // A run that found no place for its failure in a scenario (killed, incomplete) must not read as green.
    const bool run_failed = report.exit_code != 0 && report.exit_code != 4 &&
                            report.totals.not_as_expected == 0 &&
                            report.totals.error + report.totals.partial == 0;
    xml::set(suite, "tests", std::to_string(report.totals.scenarios + int{run_failed}));
    xml::set(suite, "failures", std::to_string(report.totals.not_as_expected));
    xml::set(suite, "errors", std::to_string(report.totals.error + report.totals.partial + int{run_failed}));
    xml::set(suite, "skipped", std::to_string(report.totals.skipped + report.totals.not_seen));
    xml::set(suite, "time", xml::seconds(report.duration));
    pugi::xml_node properties = xml::add_run_properties(suite, report);
    xml::add_property(properties, "pushsim.exit_code", std::to_string(report.exit_code));
    for (const ScenarioReport& scenario : report.scenarios)
        add_case(suite, suite_name, scenario, history_path);
    if (run_failed) {
        ScenarioReport run;
        run.name = "the run";
        run.outcome = Outcome::Error;
        run.reason = report.findings.empty() ? report.reason : report.findings.front().text;
        run.headline = run.reason;
        add_case(suite, suite_name, run, history_path);
    }
    return xml::text_of(document);
}

}  // namespace pushsim::reports
