#include "reports/conformance_console.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "reports/conformance_words.hpp"
#include "reports/console_parts.hpp"
#include "reports/text.hpp"
#include "reports/view.hpp"

namespace pushsim::reports {
namespace {

constexpr std::size_t most_cases = 3;      // of one requirement; all for who asked for it
constexpr std::size_t most_clauses = 2;    // of one case
constexpr std::size_t most_waiting = 3;    // reasons of what is undecided in one area
constexpr std::size_t most_octets = 1000;  // of one text that others wrote
constexpr int area_width = 4;

std::pair<const char*, Colour> word(Standing standing) {
    switch (standing) {
        case Standing::Pass:
            return {"   ok", Colour::Green};
        case Standing::Fail:
            return {" FAIL", Colour::Red};
        case Standing::Deviation:
            return {"known", Colour::Yellow};
        case Standing::Fixed:
            return {"FIXED", Colour::Red};
        case Standing::Skip:
            return {" skip", Colour::Yellow};
        case Standing::Undecided:
            return {" open", Colour::Dim};
        case Standing::Excluded:
            return {"  out", Colour::Dim};
        case Standing::Error:
            return {"  err", Colour::Red};
    }
    return {"    ?", Colour::Red};
}

/// What a person must see, whatever the style.
bool is_alarm(Standing standing, const ConformanceReport& report) {
    return is_failure(standing, report) || standing == Standing::Error;
}

bool is_shown(Standing standing, const ConformanceReport& report, const ConsoleStyle& style) {
    if (style.verbose || is_alarm(standing, report)) return true;
    return standing == Standing::Deviation && !style.quiet;
}

/// What is seen wrong at one case: clauses, causes, and the command that shows it again.
std::string case_text(const ConformanceCase& one, const std::string& requirement, const ConsoleStyle& style) {
    std::string text = line(8, one.file.empty() ? one.id : fmt::format("{}  ({})", one.id, one.file), style);
    const auto clauses = not_held(one, requirement);
    for (std::size_t i = 0; i < clauses.size(); ++i) {
        if (i == most_clauses && !style.verbose) {
            text += line(8, fmt::format("and {} clauses more", clauses.size() - i), style);
            break;
        }
        if (is_control(one, *clauses[i]) && (i == 0 || !is_control(one, *clauses[i - 1])))
            text += line(8, "a control does not hold, so that the case says nothing else:", style);
        text += expectation_text(*clauses[i], style);
    }
    // What a check found, where no clause says it.
    if (const auto why = one.reasons.find(requirement); clauses.empty() && why != one.reasons.end())
        text += line(8, clipped(why->second, most_octets), style);
    for (const Diagnosis& cause : one.diagnoses) {
        if (&cause - one.diagnoses.data() == most_clauses && !style.verbose) break;
        text += console_diagnosis(cause, "", style);
    }
    if (!one.again.empty()) {
        text += paragraph(8, 15, "again  " + printable(one.again),
                          static_cast<std::size_t>(std::max(style.wrap, 0)));
    }
    return text;
}

std::string cases_text(const RequirementReport& requirement, const ConformanceReport& report,
                       const ConsoleStyle& style) {
    std::string text;
    const auto cases = cases_of_standing(report, requirement);
    for (std::size_t i = 0; i < cases.size(); ++i) {
        if (i == most_cases && !style.verbose) {
            text +=
                line(8, fmt::format("and {} more (report.json)", counted(cases.size() - i, "case")), style);
            break;
        }
        text += case_text(*cases[i], requirement.requirement.id, style);
    }
    return text;
}

/// Known deviations have one line each, unless all is asked for.
bool is_short(const RequirementReport& requirement, const ConformanceReport& report,
              const ConsoleStyle& style) {
    return requirement.standing == Standing::Deviation && !is_failure(requirement.standing, report) &&
           !style.verbose;
}

std::string details(const RequirementReport& requirement, const ConformanceReport& report,
                    const ConsoleStyle& style) {
    switch (requirement.standing) {
        case Standing::Pass:
            return requirement.in_part
                       ? line(8, clipped(reason_text(report, requirement), most_octets), style)
                       : "";
        case Standing::Fixed:
            return line(8, fixed_text(report), style);
        case Standing::Deviation:
            if (is_short(requirement, report, style)) return "";
            return line(8, deviation_text(requirement), style) +
                   (is_failure(requirement.standing, report) ? cases_text(requirement, report, style) : "");
        case Standing::Fail:
        case Standing::Error:
        case Standing::Skip:
        case Standing::Undecided:
        case Standing::Excluded:
            break;
    }
    const std::string cases =
        requirement.standing == Standing::Fail ? cases_text(requirement, report, style) : "";
    // What a case shows in full need not be said in short.
    return cases.empty() ? line(8, clipped(reason_text(report, requirement), most_octets), style) : cases;
}

std::string requirement_text(const RequirementReport& requirement, const ConformanceReport& report,
                             const ConsoleStyle& style) {
    const auto [standing, colour] = word(requirement.standing);
    std::string text = paragraph(
        1, 8,
        fmt::format("{}  {}  {}", standing, requirement.requirement.id,
                    shown(clipped(is_short(requirement, report, style) ? deviation_text(requirement)
                                                                       : requirement.requirement.text,
                                  most_octets),
                          style)),
        static_cast<std::size_t>(std::max(style.wrap, 0)));
    // Coloured when the lines are broken, for colours take no columns.
    text.replace(1, std::string_view(standing).size(), coloured(standing, colour, style));
    return text + details(requirement, report, style);
}

/// "undecided: 4 wait for slow_read; 1: the run was interrupted"
std::string undecided_text(const ConformanceReport& report, const std::string& area,
                           const ConsoleStyle& style) {
    std::vector<std::string> reasons = undecided_texts(report, area);
    if (reasons.empty()) return "";
    if (reasons.size() > most_waiting) {
        const std::size_t more = reasons.size() - most_waiting;
        reasons.resize(most_waiting);
        reasons.push_back(fmt::format("and for {} more", counted(more, "reason")));
    }
    return line(8, clipped(fmt::format("undecided: {}", fmt::join(reasons, "; ")), most_octets), style);
}

std::string area_text(const std::string& area, const Counts& counts, std::size_t name_width,
                      const ConformanceReport& report, const ConsoleStyle& style) {
    const std::string name = area_name(area);
    const bool alarm = std::ranges::any_of(
        counts, [&](const auto& one) { return one.second > 0 && is_alarm(one.first, report); });
    std::string text;
    if (!style.quiet || alarm) {
        const std::string before = printable(area) + padding(columns(area), area_width) + "  " +
                                   printable(name) + padding(columns(name), static_cast<int>(name_width));
        text = paragraph(0, 2 + area_width, before + "  " + counts_text(counts),
                         static_cast<std::size_t>(std::max(style.wrap, 0)));
    }
    for (const RequirementReport& one : report.requirements) {
        if (one.requirement.area() == area && is_shown(one.standing, report, style))
            text += requirement_text(one, report, style);
    }
    if (!style.quiet && !style.verbose) text += undecided_text(report, area, style);
    return text;
}

}  // namespace

std::string conformance_console_played(const ScenarioReport& scenario, const ConsoleStyle& style) {
    if (scenario.outcome == Outcome::Skipped)
        return paragraph(2, 10,
                         fmt::format("skipped {}: {}", shown(scenario.name, style),
                                     shown(clipped(scenario.reason, most_octets), style)),
                         static_cast<std::size_t>(std::max(style.wrap, 0)));
    std::set<std::string> cases;
    for (const ExpectationResult& result : scenario.expectations)
        cases.insert(result.case_name);
    const std::string count = counted(std::max<std::size_t>(1, cases.size()), "case");
    const bool to_its_end = scenario.outcome != Outcome::Partial;
    const std::string text = to_its_end
                                 ? fmt::format("{}: {}", scenario.name, count)
                                 : fmt::format("{}: not to its end, {} undecided", scenario.name, count);
    const std::string duration = seconds_text(scenario.duration);
    constexpr std::size_t indent = 10;
    if (style.wrap > 0 &&
        indent + columns(text) + 2 + columns(duration) > static_cast<std::size_t>(style.wrap))
        return paragraph(2, indent, fmt::format("played  {}  {}", shown(text, style), duration),
                         static_cast<std::size_t>(style.wrap));
    return fmt::format("  played  {}{}{}\n", shown(text, style),
                       padding(indent + columns(text) + columns(duration), style.width),
                       coloured(duration, Colour::Dim, style));
}

std::string conformance_console_scope(const ConformanceReport& report, const ConsoleStyle& style) {
    if (style.quiet) return "";
    std::string text =
        fmt::format("{}: {}, {}", scope_text(report.scope),
                    counted(report.requirements.size(), "requirement"), counted(report.cases.size(), "case"));
    if (!report.scope.deviations_file.empty())
        text += ", deviations known from " + report.scope.deviations_file;
    return line(0, text, style);
}

std::string conformance_console_areas(const ConformanceReport& report, const ConsoleStyle& style) {
    std::size_t name_width = 0;
    for (const auto& [area, levels] : report.by_area)
        name_width = std::max(name_width, columns(area_name(area)));
    std::string text;
    for (const auto& [area, levels] : report.by_area)
        text += area_text(area, sum_of(levels), name_width, report, style);
    return text;
}

std::string conformance_console_totals(const RunReport& run, const ConformanceReport& report,
                                       const std::string& where, const ConsoleStyle& style) {
    std::string text;
    for (const Finding& finding : run.findings)
        text += line(0, fmt::format("{}: {}", finding.check, finding.text), style);
    if (run.partial) text += coloured("partial", Colour::Yellow, style) + ": " + printable(run.reason) + '\n';
    std::string last =
        fmt::format("{}: {}", counted(report.requirements.size(), "requirement"), totals_text(report));
    if (report.scope.strict && report.totals.contains(Standing::Deviation))
        last += " (--strict: known deviations fail)";
    if (!where.empty()) last += " · " + where;
    return text + fitted(0, last, style);
}

std::string conformance_console(const RunReport& run, const ConformanceReport& report,
                                const std::string& where, const ConsoleStyle& style) {
    return console_head(run, style) + conformance_console_scope(report, style) +
           conformance_console_areas(report, style) + conformance_console_totals(run, report, where, style);
}

}  // namespace pushsim::reports
