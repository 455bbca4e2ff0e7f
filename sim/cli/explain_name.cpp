#include "sim/cli/explain_name.hpp"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>

#include "sim/scenario/language.hpp"
#include "sim/scenario/references.hpp"

namespace pushsim::cli {
namespace {

using scenario::Key;
using scenario::Name;

struct KeyPlace {
    const char* where;
    std::span<const Key> keys;
};

std::vector<KeyPlace> key_places() {
    return {{"at the top of a file", scenario::scenario_keys()},
            {"of `stack`", scenario::stack_keys()},
            {"of a group of `agents`", scenario::group_keys()},
            {"of `boot`", scenario::boot_keys()},
            {"of `enrol`", scenario::enrol_keys()},
            {"of `tpm_policy`", scenario::tpm_policy_keys()},
            {"of `runtime_policy`", scenario::runtime_policy_keys()},
            {"of `habits: { rust-agent: … }`", scenario::rust_agent_keys()},
            {"of `tls`", scenario::tls_keys()},
            {"of `clock`", scenario::clock_keys()},
            {"of `stages`", scenario::stage_keys()},
            {"beside a step", scenario::step_sibling_keys()},
            {"of one of `cases`", scenario::case_keys()},
            {"beside a fault", scenario::run_fault_sibling_keys()},
            {"of `expect`", scenario::expect_keys()},
            {"of a clause at the end", scenario::check_clause_keys()},
            {"of a clause at the end", scenario::metric_clause_keys()},
            {"of `response`", scenario::response_keys()},
            {"of `requests`", scenario::request_kinds()},
            {"of `intermittent`", scenario::intermittent_keys()},
            {"in place of a duration that may vary", scenario::distribution_keys()}};
}

struct WordPlace {
    const char* what;
    std::span<const Name> words;
};

std::vector<WordPlace> word_places() {
    return {{"phase", scenario::phases()},
            {"instant", scenario::instants()},
            {"verdict", scenario::verdicts()},
            {"reason", scenario::failure_reasons()},
            {"status", scenario::agent_statuses()},
            {"server", scenario::servers()},
            {"need", scenario::needs()},
            {"way of connecting", scenario::connection_kinds()},
            {"kind of habits", scenario::habits()},
            {"kind of source address", scenario::source_kinds()},
            {"kind of TPM", scenario::tpm_kinds()},
            {"kind of AK", scenario::ak_kinds()},
            {"key of an AK", scenario::ak_keys()},
            {"scheme of an AK", scenario::ak_schemes()},
            {"kind of id", scenario::id_schemes()},
            {"database", scenario::databases()},
            {"peer of a request", scenario::request_peers()},
            {"reference", scenario::reference_properties()}};
}

std::string later(const Name& name) {
    return name.availability == scenario::Availability::Later ? " (not yet in this version)" : "";
}

void add_keys(std::vector<Line>& lines, std::span<const Key> keys) {
    for (const Key& key : keys) {
        if (key.availability == scenario::Availability::Now)
            lines.push_back({4, fmt::format("{}: {}{}; {}", example(key), key.about,
                                            key.required ? " (needed)" : "", describe(key.form))});
    }
}

void add_step(std::vector<Line>& lines, const scenario::StepName& step) {
    lines.push_back({0, fmt::format("Step {}: {}.{}", step.name, step.about, later(step))});
    for (const std::string& one : examples(step))
        lines.push_back({2, "- " + one});
    if (!step.keys.empty()) lines.push_back({2, "Keys of its map:"});
    add_keys(lines, step.keys);
    if (step.availability == scenario::Availability::Now) {
        lines.push_back({2, "Beside it:"});
        std::vector<Key> siblings;
        std::ranges::copy_if(scenario::step_sibling_keys(), std::back_inserter(siblings),
                             [&](const Key& key) { return goes_beside(key.name, step); });
        add_keys(lines, siblings);
    }
}

void add_fault(std::vector<Line>& lines, const scenario::FaultName& fault) {
    lines.push_back(
        {0, fmt::format("Fault {} ({}): {}.{}", fault.name, fault.group, fault.about, later(fault))});
    if (fault.availability == scenario::Availability::Later) return;
    const bool needs_keys = std::ranges::any_of(fault.keys, &Key::required);
    const std::string written = needs_keys ? fmt::format("{}: {}", fault.name, scenario::example(fault.keys))
                                           : std::string(fault.name);
    lines.push_back({2, fmt::format("faults: [ {} ]", written)});
    std::string phases;
    for (const scenario::StepKind phase : fault.phases)
        phases += fmt::format("{}{}", phases.empty() ? "" : " or ", to_string(phase));
    if (!phases.empty()) lines.push_back({2, fmt::format("In steps that have {}.", phases)});
    if (!fault.keys.empty()) lines.push_back({2, "Keys of its map:"});
    add_keys(lines, fault.keys);
    lines.push_back(
        {2, fault.of_one_step ? "Beside it:" : "Beside it (`from` and `until` at the top of a file alone):"});
    add_keys(lines, fault.of_one_step ? scenario::fault_sibling_keys() : scenario::run_fault_sibling_keys());
}

void add_metric(std::vector<Line>& lines, std::string_view name) {
    const std::size_t point = name.find('.');
    for (const scenario::MetricSubject& subject : scenario::metric_subjects()) {
        if (subject.name != name.substr(0, point)) continue;
        lines.push_back({0, fmt::format("Metric {}: {}. It has:", subject.name, subject.about)});
        for (const scenario::MetricMeasure& measure : scenario::metric_measures()) {
            const bool wanted = point == std::string_view::npos || measure.name == name.substr(point + 1);
            if (wanted && goes_with(subject, measure))
                lines.push_back({4, fmt::format("{}.{}: {}", subject.name, measure.name, measure.about)});
        }
    }
}

std::vector<std::string_view> all_names() {
    std::vector<std::string_view> names;
    const auto add = [&](const auto& table) {
        for (const auto& one : table)
            names.push_back(one.name);
    };
    add(scenario::steps());
    add(scenario::faults());
    add(scenario::checks());
    add(scenario::metric_subjects());
    for (const KeyPlace& place : key_places())
        add(place.keys);
    for (const WordPlace& place : word_places())
        add(place.words);
    add(scenario::verifier_options());
    add(scenario::registrar_options());
    return names;
}

}  // namespace

std::vector<Line> explain_name(std::string_view name) {
    std::vector<Line> lines;
    if (const auto* step = scenario::find_step(name)) add_step(lines, *step);
    if (const auto* fault = scenario::find_fault(name)) add_fault(lines, *fault);
    for (const Name& check : scenario::checks()) {
        if (check.name != name) continue;
        lines.push_back({0, fmt::format("Check {}: {}.", check.name, check.about)});
        lines.push_back({2, fmt::format("expect: [ {} ]", check.name)});
    }
    add_metric(lines, name);
    for (const KeyPlace& place : key_places()) {
        const auto key = std::ranges::find(place.keys, name, &Name::name);
        if (key == place.keys.end()) continue;
        lines.push_back({0, fmt::format("Key {} {}: {}.{}", name, place.where, key->about, later(*key))});
        lines.push_back({2, fmt::format("{}", example(*key))});
        lines.push_back({2, fmt::format("It is {}.", describe(key->form))});
        for (const Name& member : members_of(key->form))
            lines.push_back({4, fmt::format("{}: {}{}", member.name, member.about, later(member))});
    }
    for (const WordPlace& place : word_places()) {
        const auto word = std::ranges::find(place.words, name, &Name::name);
        if (word != place.words.end())
            lines.push_back({0, fmt::format("{}, {} {}: {}.{}", name, place.what[0] == 'i' ? "an" : "a",
                                            place.what, word->about, later(*word))});
    }
    for (const auto& [server, options] : {std::pair{"verifier", scenario::verifier_options()},
                                          std::pair{"registrar", scenario::registrar_options()}}) {
        const auto option = std::ranges::find(options, name, &Name::name);
        if (option == options.end()) continue;
        lines.push_back({0, fmt::format("Option {} of the {}: {}.", name, server, option->about)});
        lines.push_back({2, option->kind == scenario::OptionKind::Ours
                                ? "It is set by pushsim itself."
                                : fmt::format("stack: {{ {}: {{ {} }} }}", server, example(*option))});
    }
    return lines;
}

std::string nearest_to(std::string_view name) {
    if (const auto near = scenario::nearest(name, all_names()))
        return fmt::format("did you mean `{}`?", *near);
    return "`pushsim list` shows what there is";
}

}  // namespace pushsim::cli
