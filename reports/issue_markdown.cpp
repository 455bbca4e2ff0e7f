#include "reports/issue_markdown.hpp"

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

constexpr std::size_t most_requirements = 4;
constexpr std::size_t most_sources = 6;
constexpr std::size_t most_clauses = 4;
constexpr std::size_t most_exchanges = 2;
constexpr std::size_t most_headers = 4 * 1024;  // octets of one message's
constexpr std::size_t most_body = 6 * 1024;
constexpr std::size_t most_lines = 12;  // that went before
constexpr std::size_t most_logged = 12;
constexpr std::size_t most_octets = 400;  // of one text
constexpr std::size_t most_of_all = 63 * 1024;

std::string escaped_words(const std::string& text) {
    return escaped(clipped(text, most_octets));
}

std::string prose_of(const std::string& text) {
    return markdown::prose(clipped(text, most_octets));
}

std::string code_of(const std::string& text) {
    return code(clipped(text, most_octets));
}

const history::Entry* find_line(const history::History& history, std::uint64_t n) {
    const auto found = std::ranges::find(history.entries, n, &history::Entry::n);
    return found == history.entries.end() ? nullptr : &*found;
}

/// Requirements that it shows not to hold, in the order of their ids.
std::vector<const RequirementReport*> not_obeyed(const ConformanceReport& report,
                                                 const ConformanceCase& one) {
    std::vector<const RequirementReport*> found;
    for (const RequirementReport& each : report.requirements) {
        const auto standing = one.standings.find(each.requirement.id);
        if (standing == one.standings.end()) continue;
        if (standing->second == Standing::Fail || standing->second == Standing::Deviation)
            found.push_back(&each);
    }
    return found;
}

/// The clauses that do not hold, each once.
std::vector<const ExpectationResult*> clauses_of(const ConformanceCase& one,
                                                 const std::vector<const RequirementReport*>& requirements) {
    std::vector<const ExpectationResult*> found;
    for (const RequirementReport* requirement : requirements) {
        for (const ExpectationResult* clause : not_held(one, requirement->requirement.id)) {
            if (std::ranges::find(found, clause) == found.end() && found.size() < most_clauses)
                found.push_back(clause);
        }
    }
    return found;
}

std::string message_text(const std::string& first_line, const history::MessageSeen& message) {
    std::string headers;
    for (const auto& [name, value] : message.headers)
        headers += fmt::format("{}: {}\n", name, value);
    std::string text = first_line + '\n' + clipped(headers, most_headers);
    if (message.size == 0) return text;
    if (!message.kept)
        return text + fmt::format("\n({} octets, not kept: --bodies all keeps them)", message.size);
    text += '\n' + clipped(message.body, most_body);
    if (message.cut || message.body.size() > most_body)
        text += fmt::format("\n({} octets in all)", message.size);
    return text;
}

/// Request and answer, each in a block.
std::string exchange_text(const history::Entry& line) {
    const DecidingExchange exchange = deciding_exchange(line);
    const auto* seen = as<history::ExchangeSeen>(&line);
    const auto* act = as<history::TenantActSeen>(&line);
    if (seen == nullptr && act == nullptr) return "";
    const auto& request = seen != nullptr ? seen->request : act->request;
    const auto& response = seen != nullptr ? seen->response : act->response;
    std::string text = markdown::fenced(
        message_text(clipped(exchange.method + " " + exchange.target, most_headers), request), "http");
    if (!exchange.status) return text + fmt::format("\nNo complete answer: {}\n", code_of(exchange.failure));
    return text + '\n' +
           markdown::fenced(message_text(fmt::format("HTTP {}", *exchange.status), response), "http");
}

/// Whether words() has more to say of it than its kind.
bool tells(const history::Entry& line) {
    const auto* event = as<history::StackEvent>(&line);
    return is_response(&line) || as<history::MachineAct>(&line) != nullptr ||
           as<history::FaultEffect>(&line) != nullptr || as<history::Verdict>(&line) != nullptr ||
           as<history::StatusRead>(&line) != nullptr || (event != nullptr && !event->text.empty());
}

/// Of the case, up to what decided.
std::string before_text(const history::History& history, const ConformanceCase& one, std::uint64_t until) {
    std::vector<std::string> lines;
    for (const std::uint64_t n : one.lines) {
        const history::Entry* line = n > until ? nullptr : find_line(history, n);
        if (line != nullptr && tells(*line)) lines.push_back(fmt::format("- {}\n", code_of(words(*line))));
    }
    if (lines.empty()) return "";
    const std::size_t first = lines.size() - std::min(lines.size(), most_lines);
    std::string text = "### What led to it\n\n";
    if (first > 0) text += fmt::format("- and {} before\n", counted(first, "line"));
    for (std::size_t i = first; i < lines.size(); ++i)
        text += lines[i];
    return text + '\n';
}

std::string requirement_text(const RequirementReport& report, const ConformanceCase& one) {
    const history::Requirement& requirement = report.requirement;
    std::string text =
        fmt::format("> {} ({} for the {}; {})\n\n", prose_of(requirement.text), escaped(requirement.level),
                    escaped(requirement.binds), escaped_words(requirement.id));
    for (std::size_t i = 0; i < std::min(requirement.sources.size(), most_sources); ++i)
        text += fmt::format("- source: {}\n", code_of(requirement.sources[i]));
    if (const auto known = one.known.find(requirement.id); known != one.known.end())
        text += fmt::format("- known deviation: {}\n", escaped_words(known_text(known->second)));
    return text + '\n';
}

std::string versions_text(const RunReport& run) {
    std::string text = fmt::format("Keylime {}", keylime_text(run));
    if (run.head) text += fmt::format(", pushsim {}, seed {}", run.head->pushsim_version, run.head->seed);
    return escaped_words(text) +
           ". pushsim runs agents with virtual TPMs against a real registrar and verifier, and compares what "
           "they answer with what is specified.\n\n";
}

/// The end of what the server logged of a request that it answered 5xx.
std::string log_text(const history::Entry& line, const LogOfRequest& log) {
    constexpr int server_error = 500;
    const auto* seen = as<history::ExchangeSeen>(&line);
    if (!log || seen == nullptr || !seen->status || *seen->status < server_error) return "";
    const std::vector<std::string> lines = log(seen->request_id.str());
    if (lines.empty()) return "";
    const std::size_t first = lines.size() - std::min(lines.size(), most_logged);
    std::string text;
    for (std::size_t i = first; i < lines.size(); ++i)
        text += clipped(lines[i], most_octets) + '\n';
    return fmt::format("\nThe server's log has of it{}:\n\n{}", first > 0 ? ", at the end" : "",
                       markdown::fenced(text, ""));
}

std::string clauses_text(const history::History& history, const ConformanceCase& one,
                         const std::vector<const ExpectationResult*>& clauses, const LogOfRequest& log) {
    std::string text = "### What was expected, and what was seen\n\n";
    if (clauses.empty()) text += code_of(one.reason) + "\n\n";
    std::vector<std::uint64_t> shown;
    for (const ExpectationResult* clause : clauses) {
        text += fmt::format(
            "{}{}\n- expected: {}\n- seen: {}\n\n", code_of(clause->what),
            is_control(one, *clause) ? " (a control: where it does not hold the case says nothing else)" : "",
            code_of(clause->expected), code_of(clause->actual));
        if (!clause->exchange) continue;
        const std::uint64_t n = clause->exchange->n;
        if (shown.size() == most_exchanges || std::ranges::find(shown, n) != shown.end()) continue;
        shown.push_back(n);
        if (const history::Entry* line = find_line(history, n); line != nullptr)
            text += exchange_text(*line) + log_text(*line, log) + '\n';
    }
    return text;
}

std::string failing_cases(const ConformanceReport& report) {
    constexpr std::size_t most = 5;
    std::vector<std::string> ids;
    for (const ConformanceCase& one : report.cases) {
        if (!not_obeyed(report, one).empty() && !is_withheld(report, one) && ids.size() < most)
            ids.push_back(one.id);
    }
    return ids.empty() ? "no case of this run shows anything wrong"
                       : fmt::format("cases that show something wrong: {}", fmt::join(ids, ", "));
}

tl::unexpected<Error> withheld(std::string_view name) {
    return fail(ErrorKind::Usage, fmt::format("{}: {}", name, details_withheld),
                "it is no matter for a public issue");
}

}  // namespace

Result<std::string> issue_markdown(const history::History& history, const RunReport& run,
                                   const ConformanceReport& report, std::string_view name,
                                   const LogOfRequest& log) {
    const ConformanceCase* one = find_case(report, name);
    if (one == nullptr) {
        const auto asked = std::ranges::find(
            report.requirements, name, [](const RequirementReport& each) { return each.requirement.id; });
        if (asked != report.requirements.end() && asked->requirement.withheld) return withheld(name);
        if (asked != report.requirements.end() && !asked->cases.empty())
            one = find_case(report, asked->cases.front());
    }
    if (one == nullptr)
        return fail(ErrorKind::Usage, fmt::format("there is no case {} in this run", name),
                    failing_cases(report));
    if (is_withheld(report, *one)) return withheld(name);
    auto requirements = not_obeyed(report, *one);
    if (requirements.empty())
        return fail(ErrorKind::Usage, fmt::format("{} shows nothing wrong", name), failing_cases(report));
    // What was asked for comes first.
    std::stable_partition(requirements.begin(), requirements.end(),
                          [&](const auto* each) { return each->requirement.id == name; });
    const auto clauses = clauses_of(*one, requirements);
    std::vector<std::string> parts{
        fmt::format("## Does not hold: {}\n\n", prose_of(requirements.front()->requirement.text)),
        versions_text(run)};
    for (std::size_t i = 0; i < std::min(requirements.size(), most_requirements); ++i)
        parts.push_back(requirement_text(*requirements[i], *one));
    parts.push_back(clauses_text(history, *one, clauses, log));
    const bool decided = !clauses.empty() && clauses.front()->n;
    if (!one->lines.empty())
        parts.push_back(before_text(history, *one, decided ? *clauses.front()->n : one->lines.back()));
    if (!one->diagnoses.empty())
        parts.push_back(fmt::format("### Cause\n\n- {}\n\n", prose_of(cause_text(one->diagnoses.front()))));
    if (!one->again.empty())
        parts.push_back("### To show it again\n\n" +
                        markdown::fenced(clipped(one->again, most_octets), "sh"));
    return markdown::section("", parts, most_of_all, "report.json");
}

}  // namespace pushsim::reports
