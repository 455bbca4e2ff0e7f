#include "reports/html_data.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "reports/html_timeline.hpp"
#include "reports/summary.hpp"
#include "reports/text.hpp"

namespace pushsim::reports {
namespace {

using Json = nlohmann::ordered_json;
using LineNumbers = std::set<std::uint64_t>;

constexpr const char* known_but_withheld = "known, details withheld";
constexpr std::size_t rows_of_what_passed = 120;

void put(Json& json, const char* name, const std::string& value) {
    if (!value.empty()) json[name] = value;
}
template <typename T>
void put(Json& json, const char* name, const std::vector<T>& values) {
    if (!values.empty()) json[name] = values;
}

std::string text_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json clause(const char* role, const ExpectationResult& result) {
    Json json{{"role", role}, {"judgement", to_string(result.judgement)}, {"what", result.what}};
    put(json, "expected", result.expected);
    put(json, "actual", result.actual);
    put(json, "reason", result.reason);
    put(json, "source", result.source);
    if (result.exchange) json["by"] = words(*result.exchange);
    if (result.n) {
        json["n"] = *result.n;
    } else if (result.exchange) {
        json["n"] = result.exchange->n;
    }
    return json;
}

Json findings_json(const std::vector<Finding>& findings) {
    Json list = Json::array();
    for (const Finding& finding : findings) {
        Json json{
            {"check", finding.check}, {"text", finding.text}, {"wrong", finding.severity == Severity::Wrong}};
        if (finding.n) json["n"] = *finding.n;
        list.push_back(std::move(json));
    }
    return list;
}

Json causes_json(const std::vector<Diagnosis>& diagnoses, bool explained) {
    Json list = Json::array();
    for (const Diagnosis& one : diagnoses) {
        Json json{{"cause", explained ? cause_text(one) : "no known cause: " + one.cause}};
        put(json, "mend", one.mend);
        if (!one.agents.empty()) json["agents"] = agents_text(one.agents);
        put(json, "shown", one.shown);
        put(json, "lines", one.evidence);
        list.push_back(std::move(json));
    }
    return list;
}

void cite(const std::vector<ExpectationResult>& results, LineNumbers& cited) {
    for (const ExpectationResult& result : results) {
        if (result.n) cited.insert(*result.n);
        if (result.exchange) cited.insert(result.exchange->n);
    }
}
void cite(const std::vector<Finding>& findings, LineNumbers& cited) {
    for (const Finding& finding : findings) {
        if (finding.n) cited.insert(*finding.n);
    }
}
void cite(const std::vector<Diagnosis>& diagnoses, LineNumbers& cited) {
    for (const Diagnosis& one : diagnoses)
        cited.insert(one.evidence.begin(), one.evidence.end());
}

/// What is read when a person opens a case.
struct Details {
    int rank = 0;  ///< those with a lower one have the first call on the room there is
    bool in_full = true;
    Json json;  ///< without the timeline
    Lines lines;
    LineNumbers cited;
};

/// What fails has its messages before others have.
std::vector<std::string> with_timelines(std::vector<Details> all, std::size_t octets_before) {
    for (const Details& one : all)
        octets_before += octets_in_page(one.json);
    const std::size_t left = most_octets_of_page - std::min(octets_before, most_octets_of_page);
    Room room{.rows = left / 2, .messages = left - left / 2};
    std::vector<Details*> by_rank;
    for (Details& one : all)
        by_rank.push_back(&one);
    std::ranges::stable_sort(by_rank, {}, &Details::rank);
    for (Details* one : by_rank) {
        if (one->json.is_null()) continue;
        TimelineLimits limits;
        if (!one->in_full) limits.rows = rows_of_what_passed;
        one->json["timeline"] = timeline_json(one->lines, one->cited, one->in_full, limits, room);
    }
    std::vector<std::string> texts;
    for (const Details& one : all)
        texts.push_back(text_of(one.json));
    return texts;
}

int rank(Standing standing) {
    switch (standing) {
        case Standing::Fail:
            return 0;
        case Standing::Error:
        case Standing::Fixed:
            return 1;
        case Standing::Deviation:
            return 2;
        case Standing::Undecided:
        case Standing::Skip:
        case Standing::Excluded:
            return 3;
        case Standing::Pass:
            return 4;
    }
    return 4;
}

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

// ---- of a conformance run ----

Json case_json(const ConformanceCase& one, bool withheld) {
    Json json{{"id", one.id}, {"standings", Json::object()}};
    for (const auto& [id, standing] : one.standings)
        json["standings"][id] = to_string(standing);
    if (withheld) {
        json["withheld"] = true;
        return json;
    }
    put(json, "title", one.title);
    put(json, "file", one.file);
    json["findings"] = findings_json(one.findings);
    json["causes"] = causes_json(one.diagnoses, true);
    put(json, "reason", one.reason);
    put(json, "again", one.again);
    return json;
}

Json clauses_json(const ConformanceCase& one) {
    Json list = Json::array();
    for (const ExpectationResult& result : one.controls)
        list.push_back(clause("control", result));
    for (std::size_t i = 0; i < one.deciding.size(); ++i) {
        list.push_back(clause("decides", one.deciding[i]));
        if (i < one.decides.size()) put(list.back(), "decides", one.decides[i]);
    }
    return list;
}

Json deviation_json(const history::Deviation& deviation) {
    Json json{{"reference", deviation.reference}};
    put(json, "observed",
        deviation.withheld || deviation.observed.empty() ? std::string{known_but_withheld}
                                                         : deviation.observed);
    if (!deviation.withheld) put(json, "case", deviation.case_id);
    put(json, "since", deviation.since);
    put(json, "until", deviation.until);
    if (deviation.intermittent) json["intermittent"] = true;
    return json;
}

Json requirement_json(const RequirementReport& one, const std::map<std::string, std::size_t>& case_numbers,
                      const std::set<std::string>& withheld_cases) {
    const history::Requirement& requirement = one.requirement;
    Json json{
        {"id", requirement.id},       {"text", requirement.text},   {"standing", to_string(one.standing)},
        {"area", requirement.area()}, {"level", requirement.level}, {"binds", requirement.binds}};
    put(json, "since", requirement.since);
    put(json, "sources", requirement.sources);
    put(json, "tags", requirement.tags);
    put(json, "planned", requirement.planned);
    bool withheld = requirement.withheld;
    json["cases"] = Json::array();
    for (const std::string& id : one.cases) {
        const auto at = case_numbers.find(id);
        if (at == case_numbers.end()) continue;
        json["cases"].push_back(at->second);
        withheld = withheld || withheld_cases.contains(id);
    }
    if (withheld) {
        json["withheld"] = true;
        json["reason"] = known_but_withheld;
    } else {
        put(json, "reason", one.reason);
    }
    if (one.deviation) json["deviation"] = deviation_json(*one.deviation);
    return json;
}

/// It says so, or something that it decides does.
std::set<std::string> withheld_cases(const ConformanceReport& report) {
    std::set<std::string> ids;
    for (const ConformanceCase& one : report.cases) {
        if (one.withheld) ids.insert(one.id);
    }
    for (const RequirementReport& one : report.requirements) {
        if (one.requirement.withheld || (one.deviation && one.deviation->withheld))
            ids.insert(one.cases.begin(), one.cases.end());
    }
    return ids;
}

/// By their numbers, without those that a withheld case has.
std::map<std::uint64_t, const history::Entry*> lines_to_show(const history::History& history,
                                                             const std::vector<ConformanceCase>& cases,
                                                             const std::set<std::string>& withheld) {
    std::map<std::uint64_t, const history::Entry*> lines;
    for (const history::Entry& line : history.entries)
        lines.emplace(line.n, &line);
    for (const ConformanceCase& one : cases) {
        if (!withheld.contains(one.id)) continue;
        for (const std::uint64_t n : one.lines)
            lines.erase(n);
    }
    return lines;
}

Details details_of(const ConformanceCase& one, const std::map<std::uint64_t, const history::Entry*>& shown) {
    Details details{.rank = rank(Standing::Pass), .json = {{"clauses", clauses_json(one)}}};
    for (const auto& [id, standing] : one.standings)
        details.rank = std::min(details.rank, rank(standing));
    details.in_full = details.rank < rank(Standing::Pass);
    for (const std::uint64_t n : one.lines) {
        if (const auto at = shown.find(n); at != shown.end()) details.lines.push_back(at->second);
    }
    cite(one.controls, details.cited);
    cite(one.deciding, details.cited);
    cite(one.findings, details.cited);
    cite(one.diagnoses, details.cited);
    return details;
}

std::vector<Details> add_conformance(const history::History& history, const ConformanceReport& report,
                                     Json& json) {
    std::map<std::string, std::size_t> numbers;
    std::vector<Details> details;
    const std::set<std::string> withheld = withheld_cases(report);
    const auto shown = lines_to_show(history, report.cases, withheld);
    for (const ConformanceCase& one : report.cases) {
        numbers.emplace(one.id, json["cases"].size());
        const bool hidden = withheld.contains(one.id);
        json["cases"].push_back(case_json(one, hidden));
        details.push_back(hidden ? Details{} : details_of(one, shown));
    }
    for (const RequirementReport& one : report.requirements)
        json["items"].push_back(requirement_json(one, numbers, withheld));
    return details;
}

// ---- of a run ----

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

// ---- of both ----

Json stack_json(const history::StackFacts& stack) {
    Json json{{"kind", stack.kind}, {"version", stack.keylime_version}, {"where", stack.keylime_where}};
    put(json, "origin", stack.keylime_origin);
    put(json, "registrar", stack.registrar);
    put(json, "verifier", stack.verifier);
    put(json, "mode", stack.mode);
    put(json, "changed_start", stack.changed_start);
    return json;
}

Json head_json(const RunReport& run, const ConformanceReport* conformance) {
    Json json = Json::object();
    if (run.head) {
        json["pushsim"] = run.head->pushsim_version;
        json["command"] = run.head->command;
        // A text: it may be more than a number of JavaScript can hold.
        json["seed"] = std::to_string(run.head->seed);
        json["started"] = to_rfc3339(run.head->started);
        if (!run.head->facts.empty()) json["facts"] = run.head->facts;
    }
    json["took"] = seconds_text(run.duration);
    json["stacks"] = Json::array();
    for (const history::StackFacts& stack : run.stacks) {
        Json one = stack_json(stack);
        if (std::ranges::find(json["stacks"], one) == json["stacks"].end())
            json["stacks"].push_back(std::move(one));
    }
    json["findings"] = findings_json(run.findings);
    if (run.partial) json["partial"] = run.reason;
    if (conformance == nullptr) return json;
    put(json, "profile", conformance->scope.profile);
    put(json, "selection", conformance->scope.selection);
    put(json, "deviations_file", conformance->scope.deviations_file);
    json["strict"] = conformance->scope.strict;
    return json;
}

/// "1 known deviation", "12 known deviations"; nothing for none.
void add_part(std::vector<std::string>& parts, int count, const char* one, const char* several) {
    if (count > 0) parts.push_back(fmt::format("{} {}", count, count == 1 ? one : several));
}

/// "3 requirements do not hold that should; 12 known deviations; 20 undecided; 265 hold"
std::string verdict_sentence(const ConformanceReport& report) {
    const auto count = [&](Standing standing) {
        const auto at = report.totals.find(standing);
        return at == report.totals.end() ? 0 : at->second;
    };
    std::vector<std::string> parts;
    add_part(parts, count(Standing::Fail), "requirement does not hold that should",
             "requirements do not hold that should");
    add_part(parts, count(Standing::Error), "could not be decided because pushsim or the servers failed",
             "could not be decided because pushsim or the servers failed");
    add_part(parts, count(Standing::Fixed), "known deviation is gone", "known deviations are gone");
    if (parts.empty()) parts.emplace_back("No new failure");
    add_part(parts, count(Standing::Deviation), "known deviation", "known deviations");
    add_part(parts, count(Standing::Undecided), "undecided", "undecided");
    add_part(parts, count(Standing::Skip), "skipped", "skipped");
    add_part(parts, count(Standing::Excluded), "excluded", "excluded");
    add_part(parts, count(Standing::Pass), "holds", "hold");
    return fmt::format("{}", fmt::join(parts, "; "));
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

}  // namespace

HtmlData html_data(const history::History& history, const RunReport& run,
                   const ConformanceReport* conformance) {
    Json json{{"kind", conformance != nullptr ? "conformance" : "run"}};
    json["verdict"] = conformance != nullptr ? verdict_sentence(*conformance) : verdict_sentence(run);
    json["exit_code"] = conformance != nullptr ? conformance->exit_code : run.exit_code;
    json["head"] = head_json(run, conformance);
    json["items"] = Json::array();
    json["cases"] = Json::array();
    std::vector<Details> details =
        conformance != nullptr ? add_conformance(history, *conformance, json) : add_run(history, run, json);
    HtmlData data;
    data.report = text_of(json);
    data.cases = with_timelines(std::move(details), octets_in_page(json));
    return data;
}

}  // namespace pushsim::reports
