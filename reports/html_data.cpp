#include "reports/html_data.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "reports/conformance_words.hpp"
#include "reports/html_parts.hpp"
#include "reports/html_timeline.hpp"
#include "reports/text.hpp"

namespace pushsim::reports {
namespace {

using namespace html_parts;

constexpr std::size_t rows_of_what_passed = 120;

std::string text_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// What fails has its messages before others have.
std::vector<std::string> with_timelines(std::vector<Details> all, std::size_t octets_before) {
    for (const Details& one : all)
        octets_before += octets_in_page(one.json);
    const std::size_t left = most_octets_of_page - std::min(octets_before, most_octets_of_page);
    Room room{.rows = left / 2, .messages = left - left / 2};
    std::vector<Details*> by_rank;
    by_rank.reserve(all.size());
    for (Details& one : all)
        by_rank.push_back(&one);
    std::ranges::stable_sort(by_rank, {}, &Details::rank);
    for (Details* one : by_rank) {
        if (one->json.is_null()) continue;
        TimelineLimits limits;
        if (!one->in_full) limits.rows = rows_of_what_passed;
        one->json["timeline"] = timeline_json(one->lines, one->cited, one->in_full, limits, room);
        for (Json& row : one->json["timeline"]["rows"]) {
            if (row.at("k") != "gap" && one->shared.contains(row.at("n"))) row["shared"] = true;
        }
    }
    std::vector<std::string> texts;
    texts.reserve(all.size());
    for (const Details& one : all)
        texts.push_back(text_of(one.json));
    return texts;
}

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
        put(json, "again", again_of_run(*run.head));
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
    // What the command was told by its environment stands in what shows a case again.
    const std::string& of_case = conformance->scope.again;
    if (of_case.starts_with("PUSHSIM_SCENARIOS=") && json.contains("again"))
        json["again"] = of_case.substr(0, of_case.find("pushsim ")) + json["again"].get<std::string>();
    put(json, "profile", conformance->scope.profile);
    put(json, "selection", conformance->scope.selection);
    put(json, "deviations_file", conformance->scope.deviations_file);
    json["strict"] = conformance->scope.strict;
    return json;
}

}  // namespace

std::string again_of_run(const history::Head& head) {
    std::string_view rest = head.command;
    std::string again;
    bool is_value = false;  // of an option that is left out
    while (!rest.empty()) {
        bool quoted = false;
        std::size_t end = 0;
        for (; end < rest.size() && (quoted || rest[end] != ' '); ++end) {
            if (rest[end] == '\'') quoted = !quoted;
        }
        const std::string_view word = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        const auto is = [&](std::string_view option) {
            return word == option ||
                   (word.starts_with(option) && word.substr(option.size()).starts_with('='));
        };
        const bool left_out = is("--out") || is("--write-expected");
        if (!left_out && !is_value && !word.empty()) again += (again.empty() ? "" : " ") + std::string{word};
        is_value = left_out && word.find('=') == std::string_view::npos;
    }
    const auto is_of = [&](const char* command) { return again.find(command) != std::string::npos; };
    const bool draws = is_of("pushsim run ") || is_of("pushsim conformance");
    if (draws && again.find(" --seed") == std::string::npos) again += fmt::format(" --seed {}", head.seed);
    return again;
}

HtmlData html_data(const history::History& history, const RunReport& run,
                   const ConformanceReport* conformance) {
    Json json{{"kind", conformance != nullptr ? "conformance" : "run"}};
    json["verdict"] = conformance != nullptr ? verdict_sentence(*conformance) : verdict_sentence(run);
    json["exit_code"] = conformance != nullptr ? conformance->exit_code : run.exit_code;
    json["head"] = head_json(run, conformance);
    if (conformance != nullptr) {
        for (const auto& [area, counts] : conformance->by_area)
            json["areas"][area] = area_name(area);
    }
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
