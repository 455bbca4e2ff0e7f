#include "reports/html_parts.hpp"

#include <fmt/format.h>

#include "reports/text.hpp"

namespace pushsim::reports::html_parts {

void add_part(std::vector<std::string>& parts, int count, const char* one, const char* several) {
    if (count > 0) parts.push_back(fmt::format("{} {}", count, count == 1 ? one : several));
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

}  // namespace pushsim::reports::html_parts
