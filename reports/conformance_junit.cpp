#include "reports/conformance_junit.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "reports/conformance_words.hpp"
#include "reports/junit_parts.hpp"
#include "reports/text.hpp"

namespace pushsim::reports {
namespace {

constexpr std::size_t most_cases = 5;      // told in full of one requirement
constexpr std::size_t most_clauses = 5;    // of one case
constexpr std::size_t most_octets = 2000;  // of one text that others wrote
constexpr std::size_t most_message = 300;

/// What a reader of JUnit is told of a standing.
enum class Element { None, Failure, Error, Skipped };

Element element_of(const RequirementReport& requirement, const ConformanceReport& report) {
    if (is_failure(requirement.standing, report)) return Element::Failure;
    switch (requirement.standing) {
        case Standing::Error:
            return Element::Error;
        case Standing::Skip:
        case Standing::Undecided:
        case Standing::Excluded:
            return Element::Skipped;
        case Standing::Pass:
        case Standing::Fail:
        case Standing::Deviation:
        case Standing::Fixed:
            break;
    }
    return Element::None;
}

std::string clause_lines(const ExpectationResult& result) {
    std::string text =
        fmt::format("{} {}\n  expected: {}\n  actual: {}\n", result.what, result.source,
                    clipped(result.expected, most_octets), clipped(result.actual, most_octets));
    if (const std::string by = decided_by(result); !by.empty()) text += "  " + by + '\n';
    if (result.exchange && !result.exchange->body_excerpt.empty())
        text += "  " + result.exchange->body_excerpt + '\n';
    return text;
}

std::string case_lines(const ConformanceCase& one, const std::string& requirement) {
    std::string text = fmt::format("case: {}{}\n", one.id, one.file.empty() ? "" : " (" + one.file + ")");
    const auto clauses = not_held(one, requirement);
    for (std::size_t i = 0; i < std::min(clauses.size(), most_clauses); ++i)
        text += clause_lines(*clauses[i]);
    if (clauses.size() > most_clauses)
        text += fmt::format("and {} clauses more\n", clauses.size() - most_clauses);
    for (const Diagnosis& cause : one.diagnoses) {
        if (&cause - one.diagnoses.data() == most_clauses) break;
        text += fmt::format("cause: {}\n", clipped(cause_text(cause), most_octets));
        if (!cause.mend.empty()) text += fmt::format("mend: {}\n", clipped(cause.mend, most_octets));
    }
    if (!one.again.empty()) text += fmt::format("again: {}\n", one.again);
    return text;
}

/// Its sentence, why it stands as it does, and the cases that show it.
std::string explanation(const RequirementReport& requirement, const ConformanceReport& report) {
    std::string text = requirement.requirement.text + '\n';
    for (const std::string& source : requirement.requirement.sources)
        text += "source: " + source + '\n';
    if (const std::string deviation = deviation_text(requirement); !deviation.empty())
        text += (requirement.requirement.withheld ? "" : "known deviation: ") +
                clipped(deviation, most_octets) + '\n';
    if (requirement.standing == Standing::Fixed) text += fixed_text(report) + '\n';
    if (requirement.standing == Standing::Pass)
        return requirement.in_part ? text + reason_text(report, requirement) + '\n' : text;
    const bool said = requirement.deviation && requirement.requirement.withheld;
    if (const std::string reason = reason_text(report, requirement); !reason.empty() && !said)
        text += clipped(reason, most_octets) + '\n';
    const auto cases = cases_of_standing(report, requirement);
    for (std::size_t i = 0; i < std::min(cases.size(), most_cases); ++i)
        text += case_lines(*cases[i], requirement.requirement.id);
    if (cases.size() > most_cases)
        text += fmt::format("and {} cases more (report.json)\n", cases.size() - most_cases);
    return text;
}

std::string message(const RequirementReport& requirement, const ConformanceReport& report) {
    std::string text = to_string(requirement.standing);
    if (requirement.standing == Standing::Fixed) {
        text = fixed_text(report);
    } else if (requirement.standing == Standing::Deviation) {
        text += ": " + deviation_text(requirement);
    } else if (const std::string reason = reason_text(report, requirement); !reason.empty()) {
        text += ": " + reason;
    }
    return clipped(text, most_message);
}

void add_problem(pugi::xml_node test_case, const char* name, const RequirementReport& requirement,
                 const ConformanceReport& report) {
    pugi::xml_node result = xml::add_text(test_case, name, explanation(requirement, report));
    xml::set(result, "message", message(requirement, report));
    xml::set(result, "type", to_string(requirement.standing));
}

/// Of its cases together; one that decides several requirements counts for each of them.
Duration duration_of(const RequirementReport& requirement, const ConformanceReport& report) {
    Duration sum{};
    for (const std::string& id : requirement.cases) {
        const auto one = std::ranges::find(report.cases, id, &ConformanceCase::id);
        if (one != report.cases.end() && !one->withheld) sum += one->duration;
    }
    return sum;
}

void add_case(pugi::xml_node suite, const std::string& suite_name, const RequirementReport& requirement,
              const ConformanceReport& report, const std::string& history_path) {
    pugi::xml_node test_case = suite.append_child("testcase");
    xml::set(test_case, "name", requirement.requirement.id + " " + requirement.requirement.text);
    xml::set(test_case, "classname", suite_name);
    xml::set(test_case, "time", xml::seconds(duration_of(requirement, report)));
    pugi::xml_node properties = test_case.append_child("properties");
    xml::add_property(properties, "level", requirement.requirement.level);
    xml::add_property(properties, "standing", to_string(requirement.standing));
    xml::add_property(properties, "deviation", clipped(deviation_text(requirement), most_octets));
    std::string output;
    switch (element_of(requirement, report)) {
        case Element::Failure:
            add_problem(test_case, "failure", requirement, report);
            break;
        case Element::Error:
            add_problem(test_case, "error", requirement, report);
            break;
        case Element::Skipped:
            xml::set(test_case.append_child("skipped"), "message", message(requirement, report));
            output = explanation(requirement, report);
            break;
        case Element::None:
            output = explanation(requirement, report);
            break;
    }
    for (std::size_t i = 0; i < std::min(requirement.cases.size(), most_cases); ++i)
        output += fmt::format("decided by: {}\n", requirement.cases[i]);
    if (!history_path.empty()) output += "history: " + history_path + '\n';
    xml::add_text(test_case, "system-out", output);
}

void add_area(pugi::xml_node suites, const std::string& area, const RunReport& run,
              const ConformanceReport& report, const std::string& history_path) {
    const std::string name = "conformance." + area;
    std::vector<const RequirementReport*> all;
    std::array<int, 4> elements{};
    Duration duration{};
    for (const RequirementReport& one : report.requirements) {
        if (one.requirement.area() != area) continue;
        all.push_back(&one);
        duration += duration_of(one, report);
        ++elements.at(static_cast<std::size_t>(element_of(one, report)));
    }
    const auto counted = [&](Element element) {
        return std::to_string(elements.at(static_cast<std::size_t>(element)));
    };
    pugi::xml_node suite = suites.append_child("testsuite");
    xml::set(suite, "name", name);
    xml::set(suite, "tests", std::to_string(all.size()));
    xml::set(suite, "failures", counted(Element::Failure));
    xml::set(suite, "errors", counted(Element::Error));
    xml::set(suite, "skipped", counted(Element::Skipped));
    xml::set(suite, "time", xml::seconds(duration));
    pugi::xml_node properties = xml::add_run_properties(suite, run);
    xml::add_property(properties, "conformance.scope", scope_text(report.scope));
    xml::add_property(properties, "conformance.deviations", report.scope.deviations_file);
    for (const RequirementReport* one : all)
        add_case(suite, name, *one, report, history_path);
}

/// A run that found no place for its failure in a requirement (killed, incomplete) must not read as green.
void add_run(pugi::xml_node suites, const RunReport& run, const ConformanceReport& report) {
    const bool told = std::ranges::any_of(report.requirements, [&](const RequirementReport& one) {
        const Element element = element_of(one, report);
        return element == Element::Failure || element == Element::Error;
    });
    if (report.exit_code == 0 || report.exit_code == 4 || told) return;
    const std::string reason = run.findings.empty() ? run.reason : run.findings.front().text;
    pugi::xml_node suite = suites.append_child("testsuite");
    xml::set(suite, "name", "conformance");
    xml::set(suite, "tests", "1");
    xml::set(suite, "failures", "0");
    xml::set(suite, "errors", "1");
    xml::set(suite, "skipped", "0");
    xml::set(suite, "time", xml::seconds(run.duration));
    pugi::xml_node test_case = suite.append_child("testcase");
    xml::set(test_case, "name", "the run");
    xml::set(test_case, "classname", "conformance");
    xml::set(test_case, "time", xml::seconds(run.duration));
    pugi::xml_node error = xml::add_text(test_case, "error", reason);
    xml::set(error, "message", clipped(reason, most_message));
    xml::set(error, "type", "run");
}

}  // namespace

std::string conformance_junit_xml(const RunReport& run, const ConformanceReport& report,
                                  const std::string& history_path) {
    pugi::xml_document document;
    pugi::xml_node suites = xml::add_suites(document);
    std::vector<std::string> areas;
    for (const RequirementReport& one : report.requirements) {
        const std::string area = one.requirement.area();
        if (std::ranges::find(areas, area) == areas.end()) areas.push_back(area);
    }
    for (const std::string& area : areas)
        add_area(suites, area, run, report, history_path);
    add_run(suites, run, report);
    return xml::text_of(document);
}

}  // namespace pushsim::reports
