#include "reports/console.hpp"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "reports/console_parts.hpp"
#include "reports/summary.hpp"
#include "reports/text.hpp"
#include "reports/view.hpp"
#include "reports/waits.hpp"

namespace pushsim::reports {
namespace {

constexpr std::size_t long_hex = 32;
constexpr std::size_t most_diagnoses = 8;
constexpr std::size_t most_explained = 40;  // for who asked for it
constexpr std::size_t most_evidence = 6;    // lines below a cause

std::pair<const char*, Colour> word(Outcome outcome) {
    switch (outcome) {
        case Outcome::AsExpected:
            return {"  ok", Colour::Green};
        case Outcome::NotAsExpected:
            return {"FAIL", Colour::Red};
        case Outcome::Error:
            return {" err", Colour::Red};
        case Outcome::Skipped:
            return {"skip", Colour::Yellow};
        case Outcome::Partial:
            return {"part", Colour::Yellow};
        case Outcome::Reproduced:
            return {"  ok", Colour::Green};
        case Outcome::NotSeen:
            return {"none", Colour::Yellow};
    }
    return {"   ?", Colour::Red};
}

/// "127.0.0.1:41810" -> ":41810" on a local stack.
std::string short_address(const history::StackFacts& stack, const std::string& address) {
    const std::size_t colon = address.rfind(':');
    return stack.kind == "local" && colon != std::string::npos ? address.substr(colon) : address;
}

std::string finding_text(const Finding& finding) {
    return fmt::format("{}: {}{}", finding.check, finding.text,
                       finding.n ? fmt::format(" (history line {})", line_number(*finding.n)) : "");
}

std::string account_text(const Account& account) {
    return fmt::format(
        "sent {} = accepted {} + refused {} + failed in transit {}{}; accepted = passed {} + failed {} + "
        "pending {}",
        account.sent, account.accepted, account.refused, account.in_transit,
        account.given_up > 0 ? fmt::format(" (given up {})", account.given_up) : "", account.passed,
        account.failed, account.pending);
}

/// Where many agents failed how many, then why.
std::string causes_text(const ScenarioReport& scenario, const ConsoleStyle& style) {
    std::string text;
    const std::string failed = failed_words(scenario);
    const bool as_it_should =
        scenario.outcome == Outcome::AsExpected && scenario.diagnoses.empty() && scenario.unexplained.empty();
    if (scenario.failed_agents >= fewest_counted && scenario.headline != failed && !as_it_should)
        text += line(8, failed, style);
    for (std::size_t i = 0; i < scenario.diagnoses.size(); ++i) {
        if (i == (style.evidence ? most_explained : most_diagnoses) && !style.verbose) {
            text += line(8, fmt::format("and {} causes more", scenario.diagnoses.size() - i), style);
            break;
        }
        const Diagnosis& one = scenario.diagnoses[i];
        text += console_diagnosis(one, scenario.agents > 1 ? agents_text(one.agents) + ": " : "", style);
    }
    for (const std::string& note : notes_of(scenario))
        text += line(8, note, style);
    return text;
}

std::string details(const ScenarioReport& scenario, const ConsoleStyle& style) {
    std::string text;
    for (const CourseLine& one : scenario.course) {
        constexpr std::size_t date = 11;  // "2026-11-24T"
        constexpr std::size_t clock = 8;
        text += line(8, to_rfc3339(one.time).substr(date, clock) + "  " + one.text, style);
    }
    text += causes_text(scenario, style);
    std::size_t skipped = 0;
    for (const ExpectationResult& result : scenario.expectations) {
        if (result.judgement == Judgement::DoesNotHold) text += expectation_text(result, style);
        if (result.judgement == Judgement::Skipped) {
            ++skipped;
            if (style.verbose || skipped <= 3)
                text += line(8, fmt::format("not judged: {}: {}", clause_text(result), result.reason), style);
        }
        if (result.judgement == Judgement::Holds && style.verbose) {
            text += line(8, fmt::format("holds: {}: {}", result.what, result.actual), style);
        }
    }
    if (skipped > 3 && !style.verbose)
        text += line(8, fmt::format("and {} more not judged", skipped - 3), style);
    for (const Finding& finding : style.verbose ? scenario.findings : first_of_each(scenario.findings)) {
        const bool told = std::any_of(
            scenario.expectations.begin(), scenario.expectations.end(), [&](const ExpectationResult& result) {
                return result.judgement == Judgement::DoesNotHold && is_of_check(result, finding.check);
            });
        const bool in_course = finding.check == "goal_reached" && !scenario.course.empty();
        if (!told && !in_course) text += line(8, finding_text(finding), style);
    }
    for (const std::string& waited : waits_text(scenario))
        text += paragraph(8, 15, waited, static_cast<std::size_t>(std::max(style.wrap, 0)));
    if (!scenario.mend.empty()) text += line(8, "mend: " + scenario.mend, style);
    const bool ended_early = scenario.outcome == Outcome::Partial || scenario.outcome == Outcome::Error;
    if (style.verbose || (ended_early && scenario.account.sent > 0))
        text += line(8, account_text(scenario.account), style);
    if (style.verbose) {
        for (const NotChecked& what : scenario.not_checked) {
            text += line(8, fmt::format("not checked: {}: {}", what.check, what.reason), style);
        }
    }
    return text;
}

}  // namespace

ConsoleStyle style_for(int descriptor) {
    ConsoleStyle style;
    const auto set = [](const char* name) {
        const char* value = std::getenv(name);
        return value != nullptr && *value != '\0';
    };
    if (isatty(descriptor) != 1 || set("CI")) return style;
    style.colour = !set("NO_COLOR");
    winsize size{};
    if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        style.wrap = size.ws_col;
        style.width = std::min(style.width, style.wrap);
    }
    return style;
}

std::string console_head(const RunReport& report, const ConsoleStyle& style) {
    if (style.quiet) return "";
    if (!report.head) return "pushsim: a history without a head\n";
    std::string text = fmt::format("pushsim {} · seed {}", report.head->pushsim_version, report.head->seed);
    const auto accelerators = report.head->facts.find(history::facts::accelerators);
    if (accelerators != report.head->facts.end()) text += " · TPMs with " + accelerators->second;
    if (report.head->facts.contains(history::facts::tpms_by_blobs)) text += " · TPMs by state blobs (slower)";
    if (!report.stacks.empty()) {
        const history::StackFacts& stack = report.stacks.back();
        text += fmt::format(" · Keylime {} {} (registrar {}, verifier {} {})",
                            stack.keylime_version.empty() ? "of unknown version" : stack.keylime_version,
                            stack.keylime_where, short_address(stack, stack.registrar),
                            short_address(stack, stack.verifier), stack.mode);
    }
    return fitted(0, printable(text), style);
}

std::string console_scenario(const ScenarioReport& scenario, const ConsoleStyle& style) {
    const bool good = scenario.outcome == Outcome::AsExpected || scenario.outcome == Outcome::Reproduced;
    if (style.quiet && good) return "";
    const auto [outcome, colour] = word(scenario.outcome);
    const std::string name = printable(scenario.name);
    const std::string headline = shown(scenario.headline, style);
    const std::string duration = seconds_text(scenario.duration);
    const std::size_t before =
        6 + std::max(columns(name), static_cast<std::size_t>(std::max(style.name_width, 0))) + 2;
    std::string text = coloured(outcome, colour, style) + "  " + name +
                       padding(columns(name), style.name_width) + "  " + headline;
    const std::size_t needed = before + columns(headline) + 2 + columns(duration);
    if (style.wrap > 0 && needed > static_cast<std::size_t>(style.wrap)) {
        return coloured(outcome, colour, style) + "  " + name + "  " +
               coloured(duration, Colour::Dim, style) + '\n' + line(6, headline, style) +
               details(scenario, style);
    }
    text += padding(needed, style.width) + "  ";
    text += coloured(duration, Colour::Dim, style) + '\n';
    return text + details(scenario, style);
}

std::string console_diagnosis(const Diagnosis& diagnosis, const std::string& who, const ConsoleStyle& style) {
    const auto wrap = static_cast<std::size_t>(std::max(style.wrap, 0));
    std::string text = paragraph(8, 15, "cause  " + shown(who + cause_text(diagnosis), style), wrap);
    // Where one stands for many: the line that shows it.
    const std::size_t most = style.evidence                              ? most_evidence
                             : diagnosis.agents.size() >= fewest_counted ? 1
                                                                         : 0;
    if (most > 0) {
        const std::size_t lines = std::min(diagnosis.shown.size(), most);
        for (std::size_t i = 0; i < lines; ++i)
            text += paragraph(15, 17, shown(diagnosis.shown[i], style), wrap);
        if (style.evidence && diagnosis.shown.size() > lines)
            text += paragraph(15, 17, fmt::format("and {} lines more", diagnosis.shown.size() - lines), wrap);
    }
    if (!diagnosis.mend.empty()) text += paragraph(8, 15, "mend   " + shown(diagnosis.mend, style), wrap);
    if (const std::string others = other_figures(diagnosis); !others.empty())
        text += paragraph(15, 15, shown(others, style), wrap);
    return text;
}

std::string console_totals(const RunReport& report, const std::string& where, const ConsoleStyle& style) {
    std::string text;
    for (const Finding& finding : report.findings)
        text += line(0, finding_text(finding), style);
    if (report.partial)
        text += coloured("partial", Colour::Yellow, style) + ": " + printable(report.reason) + '\n';
    std::string last = totals_words(report.totals);
    if (!where.empty()) last += " · " + where;
    return text + fitted(0, last, style);
}

std::string console_text(const RunReport& report, const std::string& where, ConsoleStyle style) {
    for (const ScenarioReport& scenario : report.scenarios) {
        style.name_width = std::max(style.name_width, static_cast<int>(columns(scenario.name)));
    }
    std::string text = console_head(report, style);
    for (const ScenarioReport& scenario : report.scenarios)
        text += console_scenario(scenario, style);
    return text + console_totals(report, where, style);
}

std::string short_digest(const std::string& hex) {
    return hex.size() < long_hex ? hex : hex.substr(0, 4) + "…" + hex.substr(hex.size() - 4);
}

std::string shorten_digests(const std::string& text) {
    constexpr const char* digits = "0123456789abcdefABCDEF";
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find_first_not_of(digits, at), text.size());
        if (end == at) {
            result += text[at++];
            continue;
        }
        result += short_digest(text.substr(at, end - at));
        at = end;
    }
    return result;
}

}  // namespace pushsim::reports
