#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "sim/scenario/reading.hpp"

namespace pushsim::scenario {
namespace {

constexpr int most_times = 1'000'000;

std::vector<Name> step_names() {
    return {steps().begin(), steps().end()};
}

const StepName* find_step(std::string_view word) {
    const auto at = std::ranges::find_if(steps(), [&](const StepName& step) { return step.name == word; });
    return at == steps().end() ? nullptr : &*at;
}

bool is_key_of(std::span<const Name> keys, std::string_view word) {
    return std::ranges::any_of(keys, [&](const Name& key) { return key.name == word; });
}

/// The step's own map, list of groups, group name or duration.
void read_step_value(Report& report, const Node& name, const Node& node, const StepName& definition,
                     const std::vector<Group>& groups, Step& step) {
    if (step.kind == StepKind::Wait) {
        if (node.is(Node::Kind::Scalar) && node.text.find("_at") != std::string::npos) {
            report.add(node, not_yet("waiting until", shown(node.text)));
        } else {
            step.wait = read_duration(report, node, "wait").value_or(Duration::zero());
        }
        return;
    }
    if (step.kind == StepKind::Repeat) {
        const MapReader map(report, node, "step `repeat`", definition.keys);
        const Node* times = map.get("times");
        const Node* steps = map.get("steps");
        if (times == nullptr || steps == nullptr) {
            report.expected(node, "repeat", "a map, like { times: 3, steps: [ attest ] }");
            return;
        }
        step.times = read_integer(report, *times, "times", 1, most_times).value_or(1);
        step.steps = read_script(report, *steps, groups);
        return;
    }
    const std::size_t problems = report.count();
    const bool takes_pcrs = step.kind == StepKind::Extend;
    if (node.is(Node::Kind::Scalar) || node.is(Node::Kind::List)) {
        step.agents = read_agent_names(report, node, groups);
    } else if (node.is(Node::Kind::Null)) {
        step.agents = only_group(report, name, groups);
    } else {
        const std::string place = fmt::format("step `{}`", definition.name);
        const MapReader map(report, node, place, definition.keys,
                            takes_pcrs ? MapReader::Pcrs::Taken : MapReader::Pcrs::Refused);
        const Node* agents = map.get("agents");
        step.agents =
            agents != nullptr ? read_agent_names(report, *agents, groups) : only_group(report, name, groups);
        if (const Node* bare = map.get("bare"))
            step.bare = read_boolean(report, *bare, "bare").value_or(false);
        if (const Node* times = map.get("times")) {
            step.times = read_integer(report, *times, "times", 1, most_times).value_or(1);
        }
        if (const Node* faults = map.get("faults")) step.faults = read_faults(report, *faults, definition);
        if (const Node* policy = map.get("tpm_policy")) step.tpm_policy = read_tpm_policy(report, *policy);
        if (!map.pcr_entries().empty()) {
            step.extend = read_extensions(report, map.pcr_entries());
            return;
        }
    }
    if (takes_pcrs && report.count() == problems) {
        report.add(name, "`extend` names no PCR; write it like { 7: [\"text:secure-boot-on\"] }");
    }
}

/// The node that names the step among the keys of its map; nullptr, and a problem, where that is not one.
const std::pair<const Node*, const Node*>* find_step_entry(Report& report, const Node& node,
                                                           const Entries& entries) {
    const std::pair<const Node*, const Node*>* found_entry = nullptr;
    bool other_problem = false;
    for (const auto& entry : entries) {
        const Node& key = *entry.first;
        if (is_key_of(step_sibling_keys(), key.text)) continue;
        if (find_step(key.text) == nullptr) {
            other_problem = true;
            continue;
        }
        if (found_entry == nullptr) {
            found_entry = &entry;
        } else {
            report.add(key, fmt::format("a step has one name; found `{}` and `{}`", found_entry->first->text,
                                        key.text));
        }
    }
    for (const auto& entry : entries) {
        const Node& key = *entry.first;
        if (is_key_of(step_sibling_keys(), key.text) || find_step(key.text) != nullptr) continue;
        const StepName* definition = found_entry == nullptr ? nullptr : find_step(found_entry->first->text);
        if (definition == nullptr) {
            report.add(
                key, fmt::format("unknown step `{}`{}", shown(key.text), suggestion(key.text, step_names())));
        } else if (is_key_of(definition->keys, key.text)) {
            report.add(key, fmt::format("key `{}` belongs inside the step: `{}: {{ {}: … }}`", key.text,
                                        definition->name, key.text));
        } else {
            report.add(key, fmt::format("unknown key `{}` beside step `{}`{}", shown(key.text),
                                        definition->name, suggestion(key.text, step_sibling_keys())));
        }
    }
    if (found_entry == nullptr && !other_problem) {
        report.add(node, "a step without a name, such as `attest`");
    }
    return found_entry;
}

void read_siblings(Report& report, const Entries& entries, const StepName& definition,
                   const std::vector<Group>& groups, Step& step) {
    for (const auto& [key, value] : entries) {
        if (key->text == "as") {
            if (const auto as = read_text(report, *value, "as")) {
                step.as = *as;
                if (!is_plain_name(*as)) {
                    report.expected(*value, "as", "a name of lower-case letters, digits and hyphens");
                } else if (!definition.exchanges) {
                    report.add(*key, fmt::format("`as` names exchanges, and `{}` has none", definition.name));
                }
            }
        } else if (key->text == "expect" && step.kind == StepKind::Repeat) {
            report.add(*key, "`expect` belongs to a step within `repeat`, or to the end");
        } else if (key->text == "expect") {
            step.expect = read_expectations(report, *value, {groups, &definition, step.agents});
        } else if (key->text == "after") {
            report.add(*key, not_yet("key", key->text));
        }
    }
}

std::optional<Step> read_step(Report& report, const Node& node, const std::vector<Group>& groups) {
    Step step;
    step.position = report.at(node);
    // `- attest` alone.
    Node bare_word;
    Entries entries;
    Node nothing = node;
    if (node.is(Node::Kind::Scalar)) {
        nothing.kind = Node::Kind::Null;
        bare_word = node;
        entries.emplace_back(&bare_word, &nothing);
    } else if (node.is(Node::Kind::Map)) {
        entries = read_entries(report, node, "a step");
    } else {
        report.add(node,
                   fmt::format("a step: expected its name, or a map like `attest: {{ times: 3 }}`; found {}",
                               found(node)));
        return std::nullopt;
    }
    const auto* entry = find_step_entry(report, node, entries);
    if (entry == nullptr) return std::nullopt;
    const StepName& definition = *find_step(entry->first->text);
    if (definition.availability == Availability::Later) {
        report.add(*entry->first, not_yet("step", definition.name));
        return std::nullopt;
    }
    step.kind = *definition.kind;
    step.position = report.at(*entry->first);
    read_step_value(report, *entry->first, *entry->second, definition, groups, step);
    read_siblings(report, entries, definition, groups, step);
    return step;
}

}  // namespace

std::vector<std::string> read_agent_names(Report& report, const Node& node,
                                          const std::vector<Group>& groups) {
    std::vector<std::string> names;
    std::vector<std::string_view> known;
    known.reserve(groups.size());
    for (const Group& group : groups)
        known.push_back(group.name);
    const auto read_one = [&](const Node& item) {
        const auto name = read_text(report, item, "agents");
        if (!name) return;
        if (!groups.empty() && std::ranges::find(known, std::string_view(*name)) == known.end()) {
            report.add(item, fmt::format("no group is called `{}`{}", shown(*name),
                                         suggestion(*name, known, "groups")));
        } else if (std::ranges::find(names, *name) != names.end()) {
            report.add(item, fmt::format("group `{}` is named twice", shown(*name)));
        } else {
            names.push_back(*name);
        }
    };
    if (!node.is(Node::Kind::List)) {
        read_one(node);
    } else if (node.items.empty()) {
        report.expected(node, "agents", "a group or a list of groups");
    }
    for (const Node& item : node.items)
        read_one(item);
    return names;
}

std::vector<std::string> only_group(Report& report, const Node& where, const std::vector<Group>& groups) {
    if (groups.size() == 1) return {groups[0].name};
    if (groups.size() > 1) {
        std::string names;
        for (const Group& group : groups)
            names += (names.empty() ? "" : ", ") + group.name;
        report.add(where,
                   fmt::format("`{}` must say which `agents`: there are {}", shown(where.text), names));
    }
    return {};
}

int count_agents(const std::vector<Group>& groups, const std::vector<std::string>& names) {
    constexpr long long most = 1'000'000'000;
    long long count = 0;
    for (const Group& group : groups) {
        if (std::ranges::find(names, group.name) != names.end()) count += group.count;
    }
    return static_cast<int>(std::min(count, most));
}

void number_steps(Report& report, std::vector<Step>& steps) {
    int number = 0;
    std::map<std::string, int> lines;
    const auto walk = [&](const auto& self, std::vector<Step>& all) -> void {
        for (Step& step : all) {
            step.number = ++number;
            if (!step.as.empty()) {
                const auto [first, is_new] = lines.emplace(step.as, step.position.line);
                if (!is_new) {
                    report.add(step.position, fmt::format("`as: {}` is given twice; first in line {}",
                                                          shown(step.as), first->second));
                }
            }
            self(self, step.steps);
        }
    };
    walk(walk, steps);
}

std::vector<Step> read_script(Report& report, const Node& node, const std::vector<Group>& groups) {
    std::vector<Step> script;
    if (!node.is(Node::Kind::List) || node.items.empty()) {
        report.expected(node, "script", "a list of at least one step");
        return script;
    }
    for (const Node& item : node.items) {
        if (auto step = read_step(report, item, groups)) script.push_back(std::move(*step));
    }
    return script;
}

}  // namespace pushsim::scenario
