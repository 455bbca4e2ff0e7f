#pragma once
// What the JSON documents of reports have in common; report_json.hpp says its members. Heavy header: for .cpp
// files alone.

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "reports/report.hpp"

namespace pushsim::reports {

using Json = nlohmann::ordered_json;

double seconds(Duration duration);

/// Members without a value are left out.
void put(Json& json, const char* name, const std::string& value);
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

Json finding_json(const Finding& finding);
Json expectation_json(const ExpectationResult& result);
Json diagnosis_json(const Diagnosis& one);
Json other_cases_json(const Diagnosis& one);

/// Versions, stacks, how it ended and how long it took.
void put_run(Json& json, const RunReport& report);

/// Indented, with a line feed at its end.
std::string indented(const Json& json);

}  // namespace pushsim::reports
