#include "reports/run_markdown.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "reports/conformance_words.hpp"
#include "reports/markdown.hpp"
#include "reports/summary.hpp"
#include "reports/text.hpp"
#include "reports/view.hpp"

namespace pushsim::reports {
namespace {

using markdown::code;
using markdown::escaped;

constexpr std::size_t most_items = 5;     // clauses, causes or findings of one scenario
constexpr std::size_t most_octets = 400;  // of one text
// Of the sections: together with the head less than 64 KiB.
constexpr std::size_t table_octets = 20 * 1024;
constexpr std::size_t findings_octets = 6 * 1024;
constexpr std::size_t details_octets = 28 * 1024;
constexpr const char* the_rest = "report.json";

std::string escaped_words(const std::string& text) {
    return escaped(clipped(text, most_octets));
}

std::string code_of(const std::string& text) {
    return code(clipped(text, most_octets));
}

std::string table(const RunReport& run) {
    std::vector<std::string> rows{
        "| scenario | outcome | what was seen | time |\n| --- | --- | --- | ---: |\n"};
    for (const ScenarioReport& one : run.scenarios) {
        std::string outcome = to_string(one.outcome);
        std::ranges::replace(outcome, '_', ' ');
        rows.push_back(fmt::format("| {} | {} | {} | {} |\n", escaped_words(one.name), outcome,
                                   escaped_words(one.headline), seconds_text(one.duration)));
    }
    return markdown::section("", rows, table_octets, the_rest);
}

/// What does not hold, and why.
std::string details(const ScenarioReport& scenario) {
    std::vector<std::string> items;
    for (const ExpectationResult& result : scenario.expectations) {
        if (result.judgement != Judgement::DoesNotHold) continue;
        items.push_back(fmt::format("- {}: expected {}, seen {}\n", code_of(result.what),
                                    code_of(result.expected), code_of(result.actual)));
        if (result.exchange) items.back() += fmt::format("  {}\n", code_of(words(*result.exchange)));
    }
    for (const Diagnosis& one : scenario.diagnoses) {
        items.push_back(fmt::format("- cause: {}\n", escaped_words(cause_text(one))));
        if (!one.mend.empty()) items.back() += fmt::format("  - mend: {}\n", escaped_words(one.mend));
    }
    for (const Finding& finding : scenario.findings) {
        if (finding.severity == Severity::Wrong)
            items.push_back(
                fmt::format("- {}: {}\n", escaped_words(finding.check), escaped_words(finding.text)));
    }
    if (!scenario.mend.empty()) items.push_back(fmt::format("- mend: {}\n", escaped_words(scenario.mend)));
    std::string text = fmt::format("### {}\n\n", code_of(scenario.name));
    for (std::size_t i = 0; i < std::min(items.size(), most_items); ++i)
        text += items[i];
    if (items.size() > most_items)
        text += fmt::format("- and {} more ({})\n", items.size() - most_items, the_rest);
    return text + '\n';
}

bool needs_words(Outcome outcome) {
    return outcome == Outcome::NotAsExpected || outcome == Outcome::Error || outcome == Outcome::Partial;
}

}  // namespace

std::string run_markdown(const RunReport& run) {
    std::string text = fmt::format("## pushsim: {}\n\n", totals_words(run.totals));
    if (run.partial) text += fmt::format("**Partial**: {}\n\n", escaped_words(run.reason));
    std::vector<std::string> findings;
    for (const Finding& one : run.findings)
        findings.push_back(fmt::format("- {}: {}\n", escaped_words(one.check), escaped_words(one.text)));
    text += markdown::section("", findings, findings_octets, the_rest);
    if (run.head) {
        text += fmt::format("pushsim {}, seed {}, Keylime {}\n\n", escaped_words(run.head->pushsim_version),
                            run.head->seed, escaped_words(keylime_text(run)));
    }
    text += table(run);
    std::vector<std::string> entries;
    for (const ScenarioReport& one : run.scenarios) {
        if (needs_words(one.outcome)) entries.push_back(details(one));
    }
    return text + markdown::section("", entries, details_octets, the_rest);
}

}  // namespace pushsim::reports
