#include "reports/conformance_markdown.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "reports/conformance_words.hpp"
#include "reports/markdown.hpp"
#include "reports/text.hpp"
#include "reports/view.hpp"

namespace pushsim::reports {
namespace {

using markdown::code;
using markdown::escaped;
using markdown::prose;

constexpr std::size_t most_cases = 3;     // of one requirement
constexpr std::size_t most_clauses = 3;   // of one case
constexpr std::size_t most_octets = 400;  // of one text
constexpr std::size_t head_octets = 120;  // of one text in the head
// Of the sections: together with the head less than 64 KiB.
constexpr std::size_t table_octets = 6 * 1024;
constexpr std::size_t failures_octets = 24 * 1024;
constexpr std::size_t fixed_octets = 4 * 1024;
constexpr std::size_t errors_octets = 6 * 1024;
constexpr std::size_t deviations_octets = 10 * 1024;
constexpr std::size_t undecided_octets = 4 * 1024;
constexpr const char* the_rest = "report.json";

/// "| NEG negotiation | 31 | 2 | 1 | | …"
std::string row(const std::string& name, const Counts& counts) {
    std::string text = fmt::format("| {} |", name);
    for (const Standing standing : all_standings) {
        const int count = count_of(counts, standing);
        text += count == 0 ? "  |" : fmt::format(" {} |", count);
    }
    return text + '\n';
}

/// "NEG negotiation"
std::string area_text(const std::string& area) {
    const std::string name = area_name(area);
    return name == area ? area : area + " " + name;
}

std::string table(const ConformanceReport& report) {
    std::string head = "| area |";
    std::string below = "| --- |";
    for (const Standing standing : all_standings) {
        head += fmt::format(" {} |", to_string(standing));
        below += " ---: |";
    }
    // The sum comes first, so that it is there however many areas there are.
    std::vector<std::string> rows{head + '\n' + below + '\n', row("all", report.totals)};
    for (const auto& [area, by_level] : report.by_area)
        rows.push_back(row(escaped(clipped(area_text(area), most_octets)), sum_of(by_level)));
    return markdown::section("", rows, table_octets, the_rest);
}

std::string title(const RequirementReport& requirement) {
    return fmt::format("**{}** ({}) {}", escaped(clipped(requirement.requirement.id, most_octets)),
                       escaped(requirement.requirement.level),
                       prose(clipped(requirement.requirement.text, most_octets)));
}

std::string clause_item(const ExpectationResult& result) {
    std::string text =
        fmt::format("  - {}: expected {}, seen {}\n", code(clipped(result.what, most_octets)),
                    code(clipped(result.expected, most_octets)), code(clipped(result.actual, most_octets)));
    if (result.exchange) text += fmt::format("    {}\n", code(clipped(words(*result.exchange), most_octets)));
    return text;
}

std::string case_item(const ConformanceCase& one, const std::string& requirement) {
    std::string text = fmt::format("- {}", code(clipped(one.id, most_octets)));
    if (!one.file.empty()) text += fmt::format(" ({})", code(clipped(one.file, most_octets)));
    text += '\n';
    const auto clauses = not_held(one, requirement);
    for (std::size_t i = 0; i < std::min(clauses.size(), most_clauses); ++i)
        text += clause_item(*clauses[i]);
    if (!one.diagnoses.empty()) {
        const Diagnosis& cause = one.diagnoses.front();
        text += fmt::format("  - cause: {}\n", prose(clipped(cause_text(cause), most_octets)));
        if (!cause.mend.empty())
            text += fmt::format("  - mend: {}\n", prose(clipped(cause.mend, most_octets)));
    }
    if (!one.again.empty()) text += fmt::format("  - again: {}\n", code(clipped(one.again, most_octets)));
    return text;
}

std::string failure_entry(const RequirementReport& requirement, const ConformanceReport& report) {
    std::string text = title(requirement) + "\n\n";
    if (const std::string known = deviation_text(requirement); !known.empty())
        text += fmt::format("- known deviation: {}\n", escaped(clipped(known, most_octets)));
    const auto cases = cases_of_standing(report, requirement);
    for (std::size_t i = 0; i < std::min(cases.size(), most_cases); ++i)
        text += case_item(*cases[i], requirement.requirement.id);
    if (cases.size() > most_cases)
        text += fmt::format("- and {} more ({})\n", counted(cases.size() - most_cases, "case"), the_rest);
    const std::string reason = reason_text(report, requirement);
    if (cases.empty() && !reason.empty())
        text += fmt::format("- {}\n", escaped(clipped(reason, most_octets)));
    return text + '\n';
}

std::string failures(const ConformanceReport& report) {
    std::vector<std::string> entries;
    for (const RequirementReport& one : report.requirements) {
        if (is_failure(one.standing, report) && one.standing != Standing::Fixed)
            entries.push_back(failure_entry(one, report));
    }
    return markdown::section("### Failures", entries, failures_octets, the_rest);
}

/// An entry for each requirement of that standing.
template <typename Words>
std::vector<std::string> entries_of(const ConformanceReport& report, Standing standing, Words words) {
    std::vector<std::string> entries;
    for (const RequirementReport& one : report.requirements) {
        if (one.standing != standing) continue;
        entries.push_back(
            fmt::format("- {}\n  - {}\n", title(one), escaped(clipped(words(one), most_octets))));
    }
    return entries;
}

/// Folded, for they are known.
std::string deviations(const ConformanceReport& report) {
    if (report.scope.strict) return "";
    const auto entries = entries_of(report, Standing::Deviation, deviation_text);
    if (entries.empty()) return "";
    return fmt::format("<details><summary>{}</summary>\n\n{}</details>\n\n",
                       counted(entries.size(), "known deviation"),
                       markdown::section("", entries, deviations_octets, the_rest));
}

std::string undecided(const ConformanceReport& report) {
    std::vector<std::string> entries;
    for (const auto& [area, by_level] : report.by_area) {
        const std::vector<std::string> reasons = undecided_texts(report, area);
        if (reasons.empty()) continue;
        const std::string text = fmt::format("{}: {}", area_text(area), fmt::join(reasons, "; "));
        entries.push_back(fmt::format("- {}\n", escaped(clipped(text, 2 * most_octets))));
    }
    return markdown::section("### Undecided", entries, undecided_octets, the_rest);
}

}  // namespace

std::string summary_markdown(const RunReport& run, const ConformanceReport& report) {
    std::string text = "## Push attestation conformance\n\n";
    text += fmt::format("**{}**\n\n", escaped(clipped(verdict_sentence(run, report), most_octets)));
    if (run.head)
        text += fmt::format("pushsim {}, seed {}. ", escaped(clipped(run.head->pushsim_version, head_octets)),
                            run.head->seed);
    text += fmt::format("Scope: {}.", escaped(clipped(scope_text(report.scope), head_octets)));
    if (!report.scope.deviations_file.empty())
        text += fmt::format(" Deviations known from {}.",
                            code(clipped(report.scope.deviations_file, head_octets)));
    text += "\n\n" + table(report) + failures(report);
    text += markdown::section(
        "### No longer deviations",
        entries_of(report, Standing::Fixed, [&](const RequirementReport&) { return fixed_text(report); }),
        fixed_octets, the_rest);
    text +=
        markdown::section("### Errors",
                          entries_of(report, Standing::Error,
                                     [&](const RequirementReport& one) { return reason_text(report, one); }),
                          errors_octets, the_rest);
    return text + deviations(report) + undecided(report);
}

}  // namespace pushsim::reports
