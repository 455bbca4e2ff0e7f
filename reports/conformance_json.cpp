#include "reports/conformance_json.hpp"

#include <algorithm>

#include "reports/conformance_words.hpp"
#include "reports/json_parts.hpp"

namespace pushsim::reports {
namespace {

Json counts_json(const Counts& counts) {
    Json json = Json::object();
    for (const Standing standing : all_standings)
        json[to_string(standing)] = count_of(counts, standing);
    return json;
}

Json scope_json(const history::Conformance& scope) {
    Json json = Json::object();
    put(json, "profile", scope.profile);
    put(json, "selection", scope.selection);
    put(json, "deviations_file", scope.deviations_file);
    json["strict"] = scope.strict;
    return json;
}

Json areas_json(const ConformanceReport& report) {
    Json json = Json::array();
    for (const auto& [area, by_level] : report.by_area) {
        Json levels = Json::object();
        for (const auto& [level, counts] : by_level)
            levels[level] = counts_json(counts);
        json.push_back({{"area", area}, {"name", area_name(area)}, {"levels", levels}});
    }
    return json;
}

Json deviation_json(const history::Deviation& deviation) {
    Json json = Json::object();
    put(json, "observed", deviation.observed);
    put(json, "reference", deviation.reference);
    put(json, "case", deviation.case_id);
    put(json, "since", deviation.since);
    put(json, "until", deviation.until);
    json["intermittent"] = deviation.intermittent;
    return json;
}

Json requirement_json(const ConformanceReport& report, const RequirementReport& one) {
    const history::Requirement& requirement = one.requirement;
    Json json{{"id", requirement.id},       {"text", requirement.text},
              {"level", requirement.level}, {"binds", requirement.binds},
              {"area", requirement.area()}, {"sources", requirement.sources},
              {"tags", requirement.tags},   {"standing", to_string(one.standing)}};
    put(json, "since", requirement.since);
    put(json, "planned", requirement.planned);
    json["cases"] = one.cases;
    if (one.in_part) json["in_part"] = true;
    json["withheld"] = requirement.withheld;
    if (requirement.withheld) return json;
    put(json, "reason", reason_text(report, one));
    if (one.deviation && !one.deviation->withheld) json["deviation"] = deviation_json(*one.deviation);
    return json;
}

Json deciding_json(const ConformanceCase& one) {
    Json json = list(one.deciding, expectation_json);
    for (std::size_t i = 0; i < std::min(one.deciding.size(), one.decides.size()); ++i)
        json[i]["decides"] = one.decides[i];
    return json;
}

Json case_json(const ConformanceCase& one) {
    Json standings = Json::object();
    for (const auto& [requirement, standing] : one.standings)
        standings[requirement] = to_string(standing);
    Json json{{"id", one.id}, {"standings", standings}};
    json["scenario"] = one.scenario;
    put(json, "title", one.title);
    put(json, "file", one.file);
    put(json, "reason", one.reason);
    if (!one.reasons.empty()) json["reasons"] = one.reasons;
    json["deciding"] = deciding_json(one);
    json["controls"] = list(one.controls, expectation_json);
    json["findings"] = list(one.findings, finding_json);
    json["diagnoses"] = list(one.diagnoses, diagnosis_json);
    json["lines"] = one.lines;
    put(json, "again", one.again);
    return json;
}

}  // namespace

std::string conformance_json(const RunReport& run, const ConformanceReport& report) {
    Json json{{"kind", "pushsim-conformance"}, {"format", conformance_format}};
    put_run(json, run);
    json["exit_code"] = report.exit_code;
    json["scope"] = scope_json(report.scope);
    json["totals"] = counts_json(report.totals);
    json["areas"] = areas_json(report);
    json["requirements"] = list(report.requirements,
                                [&](const RequirementReport& one) { return requirement_json(report, one); });
    json["cases"] = Json::array();
    for (const ConformanceCase& one : report.cases) {
        if (!is_withheld(report, one))
            json["cases"].push_back(case_json(one));  // its name says what was done
    }
    json["findings"] = list(run.findings, finding_json);
    return indented(json);
}

}  // namespace pushsim::reports
