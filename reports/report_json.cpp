#include "reports/report_json.hpp"

#include <nlohmann/json.hpp>

#include "reports/summary.hpp"

namespace pushsim::reports {
namespace {

using Json = nlohmann::ordered_json;

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

void put(Json& json, const char* name, const std::string& value) {
    if (!value.empty()) json[name] = value;
}
template <typename T>
void put(Json& json, const char* name, const std::optional<T>& value) {
    if (value) json[name] = *value;
}

template <typename T, typename Convert>
Json list(const std::vector<T>& values, Convert convert) {
    Json json = Json::array();
    for (const T& value : values)
        json.push_back(convert(value));
    return json;
}

Json finding(const Finding& finding) {
    Json json{{"check", finding.check},
              {"severity", finding.severity == Severity::Wrong ? "wrong" : "note"},
              {"text", finding.text}};
    put(json, "n", finding.n);
    return json;
}

Json exchange(const DecidingExchange& exchange) {
    Json json{{"n", exchange.n}};
    put(json, "agent", exchange.agent);
    put(json, "phase", exchange.phase);
    put(json, "method", exchange.method);
    put(json, "target", exchange.target);
    put(json, "status", exchange.status);
    put(json, "code", exchange.code);
    put(json, "failure", exchange.failure);
    put(json, "body_excerpt", exchange.body_excerpt);
    return json;
}

Json expectation(const ExpectationResult& result) {
    Json json{{"judgement", to_string(result.judgement)}, {"what", result.what}};
    put(json, "expected", result.expected);
    put(json, "actual", result.actual);
    put(json, "reason", result.reason);
    put(json, "source", result.source);
    put(json, "n", result.n);
    if (result.exchange) json["exchange"] = exchange(*result.exchange);
    return json;
}

/// What others have as the first has it is not said again.
Json other_case(const Case& one, const Case& first) {
    Json json{{"agent", one.agent}};
    if (one.cause != first.cause) json["cause"] = one.cause;
    if (one.mend != first.mend) json["mend"] = one.mend;
    json["evidence"] = one.evidence;
    return json;
}

Json other_cases(const Diagnosis& one) {
    Json json = Json::array();
    for (std::size_t i = 1; i < one.cases.size(); ++i)
        json.push_back(other_case(one.cases[i], one.cases.front()));
    return json;
}

Json diagnosis(const Diagnosis& one) {
    Json json{{"rule", one.rule},
              {"cause", cause_text(one)},
              {"mend", one.mend},
              {"evidence", one.evidence},
              {"agents", one.agents}};
    if (one.cases.size() > 1) json["others"] = other_cases(one);
    return json;
}

Json unexplained_failure(const Diagnosis& one) {
    Json json{
        {"symptom", one.cause}, {"words", one.shown}, {"evidence", one.evidence}, {"agents", one.agents}};
    if (one.cases.size() > 1) json["others"] = other_cases(one);
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
    json["diagnoses"] = list(report.diagnoses, diagnosis);
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
    json["expectations"] = list(report.expectations, expectation);
    json["findings"] = list(report.findings, finding);
    json["not_checked"] = list(report.not_checked, [](const NotChecked& what) {
        return Json{{"check", what.check}, {"reason", what.reason}};
    });
    return json;
}

Json stack(const history::StackFacts& facts) {
    Json json = Json::object();
    put(json, "kind", facts.kind);
    put(json, "keylime_version", facts.keylime_version);
    put(json, "keylime_where", facts.keylime_where);
    put(json, "keylime_origin", facts.keylime_origin);
    put(json, "registrar", facts.registrar);
    put(json, "verifier", facts.verifier);
    put(json, "mode", facts.mode);
    return json;
}

}  // namespace

std::string report_json(const RunReport& report) {
    const Totals& totals = report.totals;
    Json json{{"kind", "pushsim-report"}, {"format", report_format}};
    if (report.head) {
        json["pushsim"] = report.head->pushsim_version;
        json["command"] = report.head->command;
        json["seed"] = report.head->seed;
        json["started"] = to_rfc3339(report.head->started);
        if (!report.head->facts.empty()) json["facts"] = report.head->facts;
    }
    json["stacks"] = list(report.stacks, stack);
    json["partial"] = report.partial;
    put(json, "reason", report.reason);
    json["duration"] = seconds(report.duration);
    json["exit_code"] = report.exit_code;
    json["totals"] = {{"scenarios", totals.scenarios},
                      {"as_expected", totals.as_expected},
                      {"not_as_expected", totals.not_as_expected},
                      {"error", totals.error},
                      {"skipped", totals.skipped},
                      {"reproduced", totals.reproduced},
                      {"not_seen", totals.not_seen},
                      {"partial", totals.partial}};
    json["findings"] = list(report.findings, finding);
    json["scenarios"] = list(report.scenarios, scenario);
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace pushsim::reports
