#pragma once
// What the data of the HTML report is made of. Heavy header: for .cpp files alone.

#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "reports/conformance.hpp"
#include "reports/report.hpp"
#include "reports/view.hpp"

namespace pushsim::reports::html_parts {

using Json = nlohmann::ordered_json;
using LineNumbers = std::set<std::uint64_t>;

/// Left out where there is nothing.
inline void put(Json& json, const char* name, const std::string& value) {
    if (!value.empty()) json[name] = value;
}
template <typename T>
void put(Json& json, const char* name, const std::vector<T>& values) {
    if (!values.empty()) json[name] = values;
}

/// "12 known deviations", or `one` of one; nothing for none.
void add_part(std::vector<std::string>& parts, int count, const char* one, const char* several);

/// html_data.hpp has their shapes.
Json clause(const char* role, const ExpectationResult& result);
Json findings_json(const std::vector<Finding>& findings);
/// `explained`: else they are of failures without a known cause.
Json causes_json(const std::vector<Diagnosis>& diagnoses, bool explained);

/// Adds the lines that they rest on.
void cite(const std::vector<ExpectationResult>& results, LineNumbers& cited);
void cite(const std::vector<Finding>& findings, LineNumbers& cited);
void cite(const std::vector<Diagnosis>& diagnoses, LineNumbers& cited);

/// What is read when a person opens a case.
struct Details {
    int rank = 0;  ///< those with a lower one have the first call on the room there is
    bool in_full = true;
    Json json;  ///< without the timeline
    Lines lines;
    LineNumbers cited;
    LineNumbers shared = {};  ///< of those lines that are of a step which cases share
};

/// Adds "items" and "cases"; what it gives stands beside "cases".
std::vector<Details> add_conformance(const history::History& history, const ConformanceReport& report,
                                     Json& json);
std::vector<Details> add_run(const history::History& history, const RunReport& run, Json& json);

std::string verdict_sentence(const ConformanceReport& report);
std::string verdict_sentence(const RunReport& report);

}  // namespace pushsim::reports::html_parts
