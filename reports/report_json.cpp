#include "reports/report_json.hpp"

#include "reports/json_parts.hpp"
#include "reports/summary.hpp"

namespace pushsim::reports {
namespace {

Json unexplained_failure(const Diagnosis& one) {
    Json json{
        {"symptom", one.cause}, {"words", one.shown}, {"evidence", one.evidence}, {"agents", one.agents}};
    if (one.cases.size() > 1) json["others"] = other_cases_json(one);
    return json;
}

Json spread(const Spread& spread) {
    return {{"p50", seconds(spread.p50)},
            {"p95", seconds(spread.p95)},
            {"max", seconds(spread.max)},
            {"sum", seconds(spread.sum)}};
}

Json waits(const Waits& waits) {
    Json json{{"tpm", list(waits.tpm, [](const TpmJobs& jobs) {
                   return Json{{"operation", jobs.operation},
                               {"count", jobs.lasted.count},
                               {"duration", spread(jobs.lasted)},
                               {"waited", spread(jobs.waited)},
                               {"longest_queue", jobs.longest_queue}};
               })}};
    if (waits.gate) json["gate"] = {{"count", waits.gate->count}, {"waited", spread(*waits.gate)}};
    json["exchanges"] = {{"sum", seconds(waits.exchanges)}};
    return json;
}

Json scenario(const ScenarioReport& report) {
    const Account& account = report.account;
    Json json{{"name", report.name}};
    put(json, "title", report.title);
    put(json, "file", report.file);
    json["outcome"] = to_string(report.outcome);
    if (report.tries) {
        json["tries"] = {{"made", report.tries->made}, {"of", report.tries->of}};
        if (report.tries->reproduced > 0) json["tries"]["reproduced"] = report.tries->reproduced;
    }
    json["headline"] = report.headline;
    json["agents"] = {{"all", report.agents}, {"failed", report.failed_agents}};
    json["diagnoses"] = list(report.diagnoses, diagnosis_json);
    json["unexplained"] = list(report.unexplained, unexplained_failure);
    json["notes"] = notes_of(report);
    json["duration"] = seconds(report.duration);
    put(json, "reason", report.reason);
    put(json, "mend", report.mend);
    json["account"] = {{"sent", account.sent},         {"accepted", account.accepted},
                       {"refused", account.refused},   {"in_transit", account.in_transit},
                       {"given_up", account.given_up}, {"passed", account.passed},
                       {"failed", account.failed},     {"pending", account.pending}};
    json["waits"] = waits(report.waits);
    json["expectations"] = list(report.expectations, expectation_json);
    json["findings"] = list(report.findings, finding_json);
    json["not_checked"] = list(report.not_checked, [](const NotChecked& what) {
        return Json{{"check", what.check}, {"reason", what.reason}};
    });
    return json;
}

}  // namespace

std::string report_json(const RunReport& report) {
    const Totals& totals = report.totals;
    Json json{{"kind", "pushsim-report"}, {"format", report_format}};
    put_run(json, report);
    json["exit_code"] = report.exit_code;
    json["totals"] = {{"scenarios", totals.scenarios},
                      {"as_expected", totals.as_expected},
                      {"not_as_expected", totals.not_as_expected},
                      {"error", totals.error},
                      {"skipped", totals.skipped},
                      {"reproduced", totals.reproduced},
                      {"not_seen", totals.not_seen},
                      {"partial", totals.partial}};
    json["findings"] = list(report.findings, finding_json);
    json["scenarios"] = list(report.scenarios, scenario);
    return indented(json);
}

}  // namespace pushsim::reports
