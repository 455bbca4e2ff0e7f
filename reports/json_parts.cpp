#include "reports/json_parts.hpp"

namespace pushsim::reports {
namespace {

/// What others have as the first has it is not said again.
Json other_case(const Case& one, const Case& first) {
    Json json{{"agent", one.agent}};
    if (one.cause != first.cause) json["cause"] = one.cause;
    if (one.mend != first.mend) json["mend"] = one.mend;
    json["evidence"] = one.evidence;
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

}  // namespace

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

void put(Json& json, const char* name, const std::string& value) {
    if (!value.empty()) json[name] = value;
}

Json finding_json(const Finding& finding) {
    Json json{{"check", finding.check},
              {"severity", finding.severity == Severity::Wrong ? "wrong" : "note"},
              {"text", finding.text}};
    put(json, "n", finding.n);
    return json;
}

Json expectation_json(const ExpectationResult& result) {
    Json json{{"judgement", to_string(result.judgement)}, {"what", result.what}};
    put(json, "expected", result.expected);
    put(json, "actual", result.actual);
    put(json, "reason", result.reason);
    put(json, "source", result.source);
    put(json, "n", result.n);
    if (result.exchange) json["exchange"] = exchange(*result.exchange);
    return json;
}

Json other_cases_json(const Diagnosis& one) {
    Json json = Json::array();
    for (std::size_t i = 1; i < one.cases.size(); ++i)
        json.push_back(other_case(one.cases[i], one.cases.front()));
    return json;
}

Json diagnosis_json(const Diagnosis& one) {
    Json json{{"rule", one.rule},
              {"cause", cause_text(one)},
              {"mend", one.mend},
              {"evidence", one.evidence},
              {"agents", one.agents}};
    if (one.cases.size() > 1) json["others"] = other_cases_json(one);
    return json;
}

void put_run(Json& json, const RunReport& report) {
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
}

std::string indented(const Json& json) {
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace pushsim::reports
