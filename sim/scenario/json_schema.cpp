#include "sim/scenario/json_schema.hpp"

#include <algorithm>
#include <array>
#include <regex>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sim/scenario/language.hpp"

namespace pushsim::scenario {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kDuration = "^([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?([0-9]+us)?$";
constexpr std::string_view kSize = "^[0-9]+(KiB|MiB)$";
constexpr std::string_view kShare = "^[0-9]{1,9}(\\.[0-9]{1,4})?%$";
constexpr std::string_view kRate = "^[0-9]{1,3}/(s|m)$";

Json reference_to(std::string_view definition) {
    return {{"$ref", fmt::format("#/definitions/{}", definition)}};
}

Json text_like(std::string_view pattern) {
    return {{"type", "string"}, {"pattern", pattern}};
}

/// The schemas of which one must hold, or the only one.
Json any_of(Json::array_t schemas) {
    Json::array_t flat;
    for (Json& one : schemas) {
        if (one.size() == 1 && one.contains("anyOf")) {
            std::ranges::move(one["anyOf"], std::back_inserter(flat));
        } else {
            flat.push_back(std::move(one));
        }
    }
    if (flat.size() == 1) return std::move(flat.front());
    return {{"anyOf", std::move(flat)}};
}

/// A scalar, or a reference in its place.
Json scalar(Json::array_t schemas) {
    schemas.push_back(reference_to("reference"));
    return any_of(std::move(schemas));
}

Json word(const Name& name) {
    return {{"const", name.name}, {"description", name.about}};
}

Json::array_t words(std::span<const Name> names) {
    Json::array_t all;
    for (const Name& name : names) {
        if (is_there(name)) all.push_back(word(name));
    }
    return all;
}

/// A text of that pattern; a number where one reads like it.
Json::array_t text_of(std::string_view pattern) {
    Json::array_t all{text_like(pattern)};
    const bool takes_numbers = std::regex_match("12", std::regex(pattern.begin(), pattern.end()));
    if (takes_numbers) all.push_back({{"type", "integer"}, {"minimum", 0}});
    return all;
}

Json schema_of(const Form& form);

/// The value's schema with what it is about. Beside `$ref` nothing is looked at (draft-07), so it stands
/// apart.
Json explained(std::string_view about, Json schema) {
    Json whole{{"description", about}};
    if (schema.contains("$ref")) {
        whole["allOf"] = Json::array({std::move(schema)});
    } else {
        whole.update(schema);
    }
    return whole;
}

void add_properties(Json& properties, Json& required, std::span<const Key> keys) {
    for (const Key& key : keys) {
        if (!is_there(key)) continue;
        properties[std::string(key.name)] = explained(key.about, schema_of(key.form));
        if (key.required) required.push_back(key.name);
    }
}

Json map_of(std::span<const Key> keys) {
    Json properties = Json::object();
    Json required = Json::array();
    add_properties(properties, required, keys);
    Json schema{{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
    if (!required.empty()) schema["required"] = std::move(required);
    return schema;
}

/// A map with keys of one pattern.
Json by_pattern(std::string_view pattern, const Form& item, std::size_t least) {
    Json patterns = Json::object();
    patterns[std::string(pattern)] = schema_of(item);
    return {{"type", "object"},
            {"patternProperties", std::move(patterns)},
            {"additionalProperties", false},
            {"minProperties", least}};
}

Json list_of(const Form& form) {
    Json schema{{"type", "array"}, {"items", schema_of(*form.item)}, {"minItems", form.least}};
    if (form.most > 0) schema["maxItems"] = form.most;
    return schema;
}

Json option_value(OptionKind kind) {
    switch (kind) {
        case OptionKind::WholeSeconds:
        case OptionKind::Seconds:
            return schema_of(forms::duration);
        case OptionKind::Size:
            return schema_of({.kind = Form::Kind::Size});
        case OptionKind::Count:
            return schema_of(forms::integer(0, 1'000'000'000));
        case OptionKind::Boolean:
            return schema_of(forms::boolean);
        case OptionKind::Text:
        case OptionKind::Ours:
            break;
    }
    return schema_of(forms::any_text);
}

/// Options as Keylime takes them, or any at all beside `raw: true`.
Json options_of(std::span<const OptionName> options) {
    constexpr const char* about_raw = "true: values and options that Keylime cannot take are handed over";
    Json known{{"raw", {{"description", about_raw}, {"const", false}}}};
    Json raw{{"raw", {{"description", about_raw}, {"const", true}}}};
    for (const OptionName& option : options) {
        if (option.kind == OptionKind::Ours) continue;
        const std::string name(option.name);
        known[name] = {{"description", option.about},
                       {"anyOf", any_of({option_value(option.kind), {{"type", "null"}}})["anyOf"]}};
        raw[name] = {{"description", option.about}, {"type", {"string", "number", "boolean", "null"}}};
    }
    const Json any_value{{"type", {"string", "number", "boolean", "null"}}};
    return any_of({{{"type", "object"}, {"properties", known}, {"additionalProperties", false}},
                   {{"type", "object"},
                    {"properties", raw},
                    {"required", {"raw"}},
                    {"patternProperties", {{"^[a-z0-9_]+$", any_value}}},
                    {"additionalProperties", false}}});
}

/// A comparison for each subject.
Json::array_t metrics() {
    Json::array_t all;
    for (const MetricSubject& subject : metric_subjects()) {
        std::string measures;
        for (const MetricMeasure& measure : metric_measures()) {
            if (goes_with(subject, measure))
                measures += fmt::format("{}{}", measures.empty() ? "" : "|", measure.name);
        }
        Json metric = text_like(fmt::format("^{}\\.({}) *(<|<=|>|>=|==) *[0-9].*$", subject.name, measures));
        metric["description"] = subject.about;
        all.push_back(std::move(metric));
    }
    return all;
}

Json schema_of(const Form& form) {
    switch (form.kind) {
        case Form::Kind::Text:
            if (form.pattern.empty()) return scalar({{{"type", {"string", "number", "boolean"}}}});
            return scalar(text_of(form.pattern));
        case Form::Kind::Boolean:
            return scalar({{{"type", "boolean"}}});
        case Form::Kind::Integer:
            return scalar({{{"type", "integer"}, {"minimum", form.least}, {"maximum", form.most}}});
        case Form::Kind::Duration:
            return reference_to(form.may_vary ? "varying_duration" : "duration");
        case Form::Kind::Size:
            return scalar({text_like(kSize)});
        case Form::Kind::Share:
            return scalar({text_like(kShare)});
        case Form::Kind::Rate:
            return scalar({text_like(kRate)});
        case Form::Kind::Instant:
            return reference_to("instant");
        case Form::Kind::Word:
            return scalar(words(form.words()));
        case Form::Kind::Pcr:
            return scalar({{{"type", "integer"}, {"minimum", 0}, {"maximum", 23}}});
        case Form::Kind::Null:
            return {{"type", "null"}};
        case Form::Kind::Scalar:
            return {{"type", {"string", "number", "boolean"}}};
        case Form::Kind::Anything:
            return Json::object();
        case Form::Kind::Steps:
            return reference_to("steps");
        case Form::Kind::StepOrSteps:
            return any_of({reference_to("step"),
                           {{"type", "array"}, {"items", reference_to("step")}, {"minItems", form.least}}});
        case Form::Kind::Cases:
            return reference_to("cases");
        case Form::Kind::Faults:
            return reference_to("faults");
        case Form::Kind::RunFaults:
            return reference_to("run_faults");
        case Form::Kind::Clauses:
            return reference_to("clauses");
        case Form::Kind::RunClauses:
            return reference_to("run_clauses");
        case Form::Kind::Metric:
            return scalar(metrics());
        case Form::Kind::Options:
            return options_of(form.options());
        case Form::Kind::Map:
            return map_of(form.keys());
        case Form::Kind::OpenMap:
            return by_pattern(form.pattern.empty() ? ".*" : form.pattern, *form.item,
                              static_cast<std::size_t>(form.least));
        case Form::Kind::ByPcr:
            return by_pattern("^(1?[0-9]|2[0-3])$", *form.item, 0);
        case Form::Kind::List:
            return list_of(form);
        case Form::Kind::OneOrList: {
            if (form.item == &forms::group) return reference_to("groups");
            Form list = forms::list(form.item);
            return any_of({schema_of(*form.item), list_of(list)});
        }
        case Form::Kind::AnyOf: {
            Json::array_t all;
            for (const Form& one : form.any)
                all.push_back(schema_of(one));
            return any_of(std::move(all));
        }
    }
    return Json::object();
}

Json duration() {
    // One unit at least: an empty text fits the pattern.
    Json fixed = text_like(kDuration);
    fixed["minLength"] = 2;
    return scalar({std::move(fixed)});
}

Json distribution() {
    Json schema = map_of(distribution_keys());
    schema["minProperties"] = 1;
    schema["maxProperties"] = 1;
    return schema;
}

Json instant() {
    Json::array_t all;
    for (const Name& name : instants()) {
        Json one =
            text_like(fmt::format("^{}( [+-] {})?$", name.name, kDuration.substr(1, kDuration.size() - 2)));
        one["description"] = name.about;
        all.push_back(std::move(one));
    }
    return scalar(std::move(all));
}

/// Of a map, exactly one of these keys.
Json one_of_keys(const std::vector<std::string_view>& names) {
    Json::array_t all;
    for (const std::string_view name : names)
        all.push_back({{"required", {name}}});
    return all;
}

/// A map of one name and what stands beside it.
Json named_item(Json properties, std::vector<std::string_view> names, std::span<const Key> siblings) {
    Json required = Json::array();
    add_properties(properties, required, siblings);
    return {{"type", "object"},
            {"properties", std::move(properties)},
            {"additionalProperties", false},
            {"oneOf", one_of_keys(names)}};
}

bool needs_no_map(const StepName& step) {
    return std::ranges::any_of(step.shorthand,
                               [](const Form& form) { return form.kind == Form::Kind::Null; });
}

Json step_value(const StepName& step) {
    Json::array_t all;
    for (const Form& form : step.shorthand)
        all.push_back(schema_of(form));
    if (!step.keys.empty()) {
        Json map = map_of(step.keys);
        if (step.takes_pcrs) {
            map["patternProperties"] = {{"^(1?[0-9]|2[0-3])$", schema_of(forms::measurements)}};
        }
        all.push_back(std::move(map));
    }
    return explained(step.about, any_of(std::move(all)));
}

std::string definition_of(const StepName& step) {
    return fmt::format("step_{}", step.name);
}

/// The names of all steps, and their values.
std::vector<std::string_view> add_steps(Json& properties) {
    std::vector<std::string_view> names;
    for (const StepName& one : steps()) {
        if (!is_there(one)) continue;
        properties[std::string(one.name)] = reference_to(definition_of(one));
        names.push_back(one.name);
    }
    return names;
}

Json step() {
    Json properties = Json::object();
    std::vector<std::string_view> names = add_steps(properties);
    Json::array_t alone;
    for (const StepName& one : steps()) {
        if (is_there(one) && needs_no_map(one) && !one.takes_pcrs) alone.push_back(word(one));
    }
    alone.push_back(named_item(std::move(properties), std::move(names), step_sibling_keys()));
    return any_of(std::move(alone));
}

/// A step and its siblings, or `steps`, with what a case has beside them.
Json test_case() {
    Json properties = Json::object();
    std::vector<std::string_view> names = add_steps(properties);
    names.emplace_back("steps");
    Json required = Json::array();
    add_properties(properties, required, step_sibling_keys());
    Json schema = named_item(std::move(properties), std::move(names), case_keys());
    schema["required"] = {case_keys().front().name};
    return schema;
}

Json fault(bool of_run) {
    Json properties = Json::object();
    std::vector<std::string_view> names;
    Json::array_t alone;
    for (const FaultName& one : faults()) {
        if (!is_there(one) || (of_run && one.of_one_step)) continue;
        const bool needs_keys = std::ranges::any_of(one.keys, &Key::required);
        Json::array_t values;
        if (!needs_keys) values.push_back({{"type", "null"}});
        values.push_back(map_of(one.keys));
        properties[std::string(one.name)] = explained(one.about, any_of(std::move(values)));
        names.push_back(one.name);
        if (!needs_keys) alone.push_back(word(one));
    }
    alone.push_back(named_item(std::move(properties), std::move(names),
                               of_run ? run_fault_sibling_keys() : fault_sibling_keys()));
    return any_of(std::move(alone));
}

/// Of the whole run also a check or a metric, and not what one step alone can be asked for.
Json clause(bool of_run) {
    std::vector<Key> keys;
    std::ranges::copy_if(expect_keys(), std::back_inserter(keys),
                         [&](const Key& key) { return !of_run || !is_about_one_step(key.name); });
    Json map = map_of(keys);
    map["minProperties"] = 1;
    if (!of_run) return map;
    Json::array_t all = words(checks());
    std::ranges::move(metrics(), std::back_inserter(all));
    Json whole = scalar(std::move(all));
    for (Json& one : Json::array_t{std::move(map), map_of(check_clause_keys()), map_of(metric_clause_keys())})
        whole["anyOf"].push_back(std::move(one));
    return whole;
}

Json list(std::string_view definition) {
    return {{"type", "array"}, {"items", reference_to(definition)}, {"minItems", 1}};
}
Json one_or_list(std::string_view definition) {
    return any_of({reference_to(definition), list(definition)});
}

}  // namespace

std::string json_schema() {
    Json schema{{"$schema", "http://json-schema.org/draft-07/schema#"},
                {"title", "A scenario of pushsim"},
                {"description", "Made by `pushsim list schema`; docs/scenarios.md is the reference."}};
    schema.update(map_of(scenario_keys()));
    schema["anyOf"] = one_of_keys({"script", "cases"});
    schema["definitions"] = {
        {"reference",
         {{"description", "A variable of the matrix, or what a request takes from agents: ${name}"},
          {"type", "string"},
          {"pattern", "\\$\\{"}}},
        {"duration", duration()},
        {"groups", any_of({schema_of(forms::group), list_of(forms::list(&forms::group))})},
        {"distribution", distribution()},
        {"varying_duration", any_of({reference_to("duration"), reference_to("distribution")})},
        {"instant", instant()},
        {"step", step()},
        {"steps", list("step")},
        {"case", test_case()},
        {"cases", list("case")},
        {"fault", fault(false)},
        {"faults", list("fault")},
        {"run_fault", fault(true)},
        {"run_faults", list("run_fault")},
        {"clause", clause(false)},
        {"clauses", one_or_list("clause")},
        {"run_clause", clause(true)},
        {"run_clauses", one_or_list("run_clause")},
    };
    for (const StepName& one : steps()) {
        if (is_there(one)) schema["definitions"][definition_of(one)] = step_value(one);
    }
    return schema.dump(1) + "\n";
}

}  // namespace pushsim::scenario
