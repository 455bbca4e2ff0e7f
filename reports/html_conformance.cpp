// The HTML report of a conformance run: requirements and their cases.

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "agent/base/text.hpp"
#include "reports/conformance_words.hpp"
#include "reports/html_parts.hpp"
#include "reports/view.hpp"

namespace pushsim::reports::html_parts {
namespace {

constexpr const char* known_but_withheld = "known, details withheld";

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

Json known_json(const history::Deviation& deviation) {
    Json json{{"observed", deviation.observed}, {"reference", deviation.reference}};
    put(json, "since", deviation.since);
    put(json, "until", deviation.until);
    if (deviation.intermittent) json["intermittent"] = true;
    return json;
}

/// An address to write to, or to read; whoever withholds something need not have named one.
std::string address_of(const std::string& reference) {
    const bool is_one = reference.starts_with("https://") || reference.find('@') != std::string::npos;
    return is_one ? reference : "";
}

/// By requirement what is known of the case and was seen; of one that is gone what is no more.
Json known_of(const ConformanceCase& one) {
    Json json = Json::object();
    for (const auto& [id, deviation] : one.known) {
        if (!deviation.withheld) json[id] = Json::array({known_json(deviation)});
    }
    for (const auto& [id, seen] : one.known_seen) {
        json[id] = Json::array();
        for (const history::Deviation& deviation : seen)
            json[id].push_back(known_json(deviation));
    }
    return json;
}

/// `servers`: the texts that were met so far, each once.
Json case_json(const ConformanceCase& one, Json& servers) {
    Json json{{"id", one.id}, {"standings", Json::object()}};
    for (const auto& [id, standing] : one.standings)
        json["standings"][id] = to_string(standing);
    put(json, "title", one.title);
    put(json, "file", one.file);
    json["findings"] = findings_json(one.findings);
    json["causes"] = causes_json(one.diagnoses, true);
    if (!one.reasons.empty()) json["reasons"] = one.reasons;
    if (Json known = known_of(one); !known.empty()) json["known"] = std::move(known);
    put(json, "does", one.does);
    put(json, "again", one.again);
    if (one.servers.empty()) return json;
    auto at = std::ranges::find(servers, Json(one.servers));
    if (at == servers.end()) at = servers.insert(servers.end(), Json(one.servers));
    json["servers"] = at - servers.begin();
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

/// All that is known of the requirement, the same of several cases once: "cases" are those of this run that
/// it is known of, "of" what the list says where there is none of them.
Json all_known(const ConformanceReport& report, const RequirementReport& one) {
    Json all = Json::array();
    for (const history::Deviation& deviation : report.scope.deviations) {
        if (deviation.requirement != one.requirement.id || deviation.withheld) continue;
        Json json = known_json(deviation);
        auto at = std::ranges::find_if(all, [&](const Json& each) {
            Json without = each;
            without.erase("cases");
            without.erase("of");
            return without == json;
        });
        if (at == all.end()) {
            json["cases"] = Json::array();
            at = all.insert(all.end(), std::move(json));
        }
        bool any = false;
        for (const std::string& id : one.cases) {
            if (!deviation.case_id.empty() && !matches_wildcard(deviation.case_id, id)) continue;
            any = true;
            if (std::ranges::find((*at)["cases"], Json(id)) == (*at)["cases"].end())
                (*at)["cases"].push_back(id);
        }
        if (!any && !deviation.case_id.empty()) (*at)["of"].push_back(deviation.case_id);
    }
    return all;
}

Json requirement_json(const ConformanceReport& report, const RequirementReport& one,
                      const std::map<std::string, std::size_t>& case_numbers,
                      const std::set<std::string>& withheld_cases) {
    const history::Requirement& requirement = one.requirement;
    Json json{
        {"id", requirement.id},       {"text", requirement.text},   {"standing", to_string(one.standing)},
        {"area", requirement.area()}, {"level", requirement.level}, {"binds", requirement.binds}};
    put(json, "since", requirement.since);
    put(json, "sources", requirement.sources);
    put(json, "tags", requirement.tags);
    put(json, "planned", planned_words(requirement.planned));
    bool withheld = requirement.withheld;
    json["cases"] = Json::array();
    for (const std::string& id : one.cases) {
        withheld = withheld || withheld_cases.contains(id);
        if (const auto at = case_numbers.find(id); at != case_numbers.end())
            json["cases"].push_back(at->second);
    }
    if (withheld) {
        json["withheld"] = true;
        if (one.deviation) put(json, "ask", address_of(one.deviation->reference));
        put(json, "reason",
            one.standing == Standing::Deviation ? known_but_withheld : reason_text(report, one));
    } else {
        put(json, "reason",
            requirement.planned.empty()
                ? one.reason
                : "nothing decides it yet: it waits for " + planned_words(requirement.planned));
        if (Json known = all_known(report, one); !known.empty()) json["known"] = std::move(known);
        if (is_by_chance(one)) json["by_chance"] = true;
        const auto failing = cases_of_standing(report, one);
        if (one.standing == Standing::Fail && !failing.empty())
            put(json, "meaning", meaning_text(*failing.front(), one));
    }
    if (one.in_part) json["in_part"] = true;
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

/// The lines of the case, and of the steps that cases share what is cited.
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
    for (const std::uint64_t n : details.cited) {
        if (std::ranges::binary_search(one.lines, n)) continue;
        if (const auto at = shown.find(n); at != shown.end()) {
            details.lines.push_back(at->second);
            details.shared.insert(n);
        }
    }
    return details;
}

/// "2 MUST, 1 SHOULD"
std::string levels_text(const ConformanceReport& report, Standing standing) {
    std::vector<std::string> levels;
    for (const char* level : {"MUST", "SHOULD", "MAY"}) {
        const auto count = std::ranges::count_if(report.requirements, [&](const RequirementReport& one) {
            return one.standing == standing && one.requirement.level == level;
        });
        if (count > 0) levels.push_back(fmt::format("{} {}", count, level));
    }
    return fmt::format("{}", fmt::join(levels, ", "));
}

/// "untested for the greater part: measured boot (BOOT, 16 of 18)"; empty: no area is.
std::string untested_text(const ConformanceReport& report) {
    std::vector<std::string> areas;
    for (const auto& [area, by_level] : report.by_area) {
        int all = 0;
        const Counts counts = sum_of(by_level);
        for (const auto& [standing, count] : counts)
            all += count;
        const int undecided = count_of(counts, Standing::Undecided);
        if (2 * undecided > all)
            areas.push_back(fmt::format("{} ({}, {} of {})", area_name(area), area, undecided, all));
    }
    return areas.empty() ? "" : fmt::format("untested for the greater part: {}", fmt::join(areas, ", "));
}

}  // namespace

std::vector<Details> add_conformance(const history::History& history, const ConformanceReport& report,
                                     Json& json) {
    std::map<std::string, std::size_t> numbers;
    std::vector<Details> details;
    json["servers"] = Json::array();
    const std::set<std::string> withheld = withheld_cases(report);
    const auto shown = lines_to_show(history, report.cases, withheld);
    for (const ConformanceCase& one : report.cases) {
        if (withheld.contains(one.id)) continue;  // its name says what was done
        numbers.emplace(one.id, json["cases"].size());
        json["cases"].push_back(case_json(one, json["servers"]));
        details.push_back(details_of(one, shown));
    }
    for (const RequirementReport& one : report.requirements)
        json["items"].push_back(requirement_json(report, one, numbers, withheld));
    return details;
}

/// "3 of 300 requirements fail (2 MUST, 1 SHOULD); 12 known deviations (9 MUST, 3 SHOULD); 20 undecided; 265
/// hold, 2 of them in part, 1 with a known deviation that comes by chance and did not this
/// time; untested for the greater part: measured boot (BOOT, 16 of 18)"
std::string verdict_sentence(const ConformanceReport& report) {
    const auto count = [&](Standing standing) {
        const auto at = report.totals.find(standing);
        return at == report.totals.end() ? 0 : at->second;
    };
    std::vector<std::string> parts;
    if (const int failed = count(Standing::Fail); failed > 0) {
        parts.push_back(fmt::format("{} of {} {} ({})", failed,
                                    counted(report.requirements.size(), "requirement"),
                                    failed == 1 ? "fails" : "fail", levels_text(report, Standing::Fail)));
    }
    add_part(parts, count(Standing::Error), "could not be decided because pushsim or the servers failed",
             "could not be decided because pushsim or the servers failed");
    add_part(parts, count(Standing::Fixed), "known deviation is gone", "known deviations are gone");
    if (report.scope.strict) {
        add_part(parts, count(Standing::Deviation), "deviation, which counts as a failure",
                 "deviations, which count as failures");
    }
    if (parts.empty()) parts.emplace_back("No new failure");
    if (!report.scope.strict && count(Standing::Deviation) > 0) {
        parts.push_back(fmt::format(
            "{} ({})", counted(static_cast<std::uint64_t>(count(Standing::Deviation)), "known deviation"),
            levels_text(report, Standing::Deviation)));
    }
    add_part(parts, count(Standing::Undecided), "undecided", "undecided");
    add_part(parts, count(Standing::Skip), "skipped", "skipped");
    add_part(parts, count(Standing::Excluded), "excluded", "excluded");
    add_part(parts, count(Standing::Pass), "holds", "hold");
    if (const int in_part = in_part_of(report); in_part > 0)
        parts.back() += fmt::format(", {} of them in part", in_part);
    if (const auto by_chance = std::ranges::count_if(report.requirements, is_by_chance); by_chance > 0)
        parts.back() +=
            fmt::format(", {} with a known deviation that comes by chance and did not this time", by_chance);
    if (std::string untested = untested_text(report); !untested.empty()) parts.push_back(std::move(untested));
    return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace pushsim::reports::html_parts
