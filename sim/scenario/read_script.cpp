#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "sim/scenario/reading.hpp"

namespace pushsim::scenario {
namespace {

bool is_key_of(std::span<const Key> keys, std::string_view word) {
    return std::ranges::any_of(keys, [&](const Key& key) { return key.name == word; });
}

bool acts_on_agents(const StepName& definition) {
    return is_key_of(definition.keys, "agents");
}
/// Whether its agents are all that it has to be told.
bool needs_only_agents(const StepName& definition) {
    return acts_on_agents(definition) && std::ranges::none_of(definition.keys, &Key::required);
}
bool is_server_act(StepKind kind) {
    return kind == StepKind::Stop || kind == StepKind::Start || kind == StepKind::Restart ||
           kind == StepKind::Kill || kind == StepKind::Pause;
}

void read_times(Report& report, const MapReader& map, Step& step) {
    step.every = map.duration("every");
    step.jitter = map.amount("jitter").value_or(Amount{});
    step.spread = map.duration("spread").value_or(Duration::zero());
    const auto span = map.duration("for");
    const auto times = map.integer("times");
    step.times = times.value_or(1);
    if (step.every == Duration::zero())
        report.expected(*map.get("every"), "every", "more than nothing, such as 2s");
    for (const std::string_view key : {"jitter", "for"}) {
        if (map.key(key) != nullptr && map.get("every") == nullptr)
            report.add(*map.key(key), fmt::format("`{}` needs `every` beside it", key));
    }
    if (!span) return;
    if (times) {
        report.add(*map.key("for"), "one of `times` and `for`, not both");
    } else if (step.every && *step.every > Duration::zero()) {
        // One is due at the beginning, and so on while the time is not over.
        const auto more = (std::max(*span, Duration{1}) - Duration{1}) / *step.every;
        constexpr long long most = 1'000'000;
        if (more >= most) {
            report.add(*map.get("for"),
                       fmt::format("`for`: these are {} cycles; at most {}", more + 1, most));
        } else {
            step.times = static_cast<int>(more) + 1;
        }
    }
}

/// Of agents, those in which the agent itself acts. Not `stop_agent`: it ends what the agent is doing.
bool acts_as_agent(StepKind kind) {
    return !phases_of(kind).empty() || kind == StepKind::Extend || kind == StepKind::Reboot ||
           kind == StepKind::RestartAgent;
}

/// The groups whose agents act in a step, or in those within it.
std::set<std::string> acting_in(const Step& step) {
    std::set<std::string> names;
    if (acts_as_agent(step.kind)) names.insert(step.agents.begin(), step.agents.end());
    for (const Step& child : step.steps)
        names.merge(acting_in(child));
    return names;
}

std::vector<Step> read_children(Report& report, const Node& node, const std::vector<Group>& groups);
std::vector<Step> read_steps(Report& report, const Node& node, const std::vector<Group>& groups,
                             std::string_view what, bool in_together);

/// The file that IMA measures.
void read_measure(Report& report, const MapReader& map, const std::vector<Group>& groups, Step& step) {
    step.path = map.text("path").value_or("");
    const Node* path = map.get("path");
    const auto printable = [](char c) { return c > ' ' && c <= '~'; };
    const bool absolute = step.path.starts_with('/') && step.path.size() > 1;
    if (path != nullptr && (!absolute || !std::ranges::all_of(step.path, printable)))
        report.expected(*path, "path", "an absolute path without spaces, such as /usr/bin/new");
    const Node* digest = map.get("digest");
    if (digest == nullptr) return;
    step.file = read_measurement(report, *digest).value_or(Measurement{});
    if (!step.file.bank.empty() && step.file.bank != "sha256")
        report.expected(*digest, "digest", "text:… or sha256:HEX");
    need_ima_logs(report, report.at(*digest), step.agents, groups);
}

/// What a step of agents has in its map.
void read_agent_step(Report& report, const MapReader& map, const StepName& definition,
                     const std::vector<Group>& groups, Step& step) {
    const auto has = [&](std::string_view key) { return is_key_of(definition.keys, key); };
    if (has("bare")) step.bare = map.boolean("bare").value_or(false);
    if (has("every")) read_times(report, map, step);
    if (has("orderly")) step.orderly = map.boolean("orderly").value_or(true);
    if (has("until")) step.until = map.instant("until");
    if (const Node* faults = map.get("faults"))
        step.faults = read_faults(report, *faults, definition, groups);
    if (const Node* policy = map.get("tpm_policy")) step.tpm_policy = read_tpm_policy(report, *policy);
    if (const Node* policy = map.get("runtime_policy")) {
        step.runtime_policy = read_runtime_policy(report, *policy, true);
        need_ima_logs(report, report.at(*policy), step.runtime_policy.value_or(NoPolicy{}), step.agents,
                      groups);
    }
    if (step.kind == StepKind::Measure) read_measure(report, map, groups, step);
    if (!map.pcr_entries().empty()) step.extend = read_extensions(report, map.pcr_entries());
    for (const Fault& fault : step.faults) {
        for (const std::string& name : fault.agents) {
            if (std::ranges::find(step.agents, name) == step.agents.end())
                report.add(fault.position, fmt::format("group `{}` does not take part in this step", name));
        }
    }
}

std::vector<std::string> read_servers(Report& report, const Node& node) {
    return read_names(report, node, "servers", servers());
}

/// The name of a policy that a group is enrolled with.
std::string read_policy_name(Report& report, const Node& node, const std::vector<Group>& groups) {
    const auto name = read_text(report, node, "runtime_policy_name");
    std::vector<std::string_view> known;
    for (const Group& group : groups) {
        if (!group.enrol.runtime_policy_name.empty()) known.push_back(group.enrol.runtime_policy_name);
    }
    if (name && !groups.empty() && std::ranges::find(known, std::string_view(*name)) == known.end()) {
        report.add(node, fmt::format("no group is enrolled with a policy called `{}`{}", shown(*name),
                                     known.empty() ? "; name it in the group: `enrol: { runtime_policy_name: "
                                                     "… }`"
                                                   : suggestion(*name, known, "policies")));
    }
    return name.value_or("");
}

/// Steps whose value may be a single word, or a list of words.
void read_short_value(Report& report, const Node& node, const StepName& definition,
                      const std::vector<Group>& groups, Step& step) {
    if (needs_only_agents(definition)) {
        step.agents = read_agent_names(report, node, groups);
    } else if (is_server_act(step.kind) && step.kind != StepKind::Pause) {
        step.servers = read_servers(report, node);
    } else {
        report.expected(node, definition.name, "a map, like " + example(definition.keys));
    }
}

bool is_distribution(const Node& node) {
    return std::ranges::any_of(node.entries, [](const Entry& entry) {
        return is_key_of(distribution_keys(), entry.key.text) ||
               (nearest_name(entry.key.text, names_of(name_of(StepKind::Wait).keys)).empty() &&
                !nearest_name(entry.key.text, names_of(distribution_keys())).empty());
    });
}

/// A duration, a distribution, or an instant.
void read_wait(Report& report, const Node& node, const Node& name, const std::vector<Group>& groups,
               Step& step) {
    const bool is_instant = node.is(Node::Kind::Scalar) && node.text.find("_at") != std::string::npos;
    const bool is_map = node.is(Node::Kind::Map) && !is_distribution(node);
    if (is_instant) {
        step.until = read_instant(report, node, "wait");
        step.agents = only_group(report, name, groups);
    } else if (is_map) {
        const MapReader map(report, node, "step `wait`", name_of(StepKind::Wait).keys);
        step.until = map.instant("until");
        const Node* agents = map.get("agents");
        step.agents =
            agents != nullptr ? read_agent_names(report, *agents, groups) : only_group(report, name, groups);
    } else {
        step.wait = read_amount(report, node, "wait").value_or(Amount{});
    }
}

/// What Keylime cannot do: no update of an agent's TPM policy is there.
bool refuse_tpm_policy(Report& report, const Node& node, StepKind kind) {
    const auto policy =
        std::ranges::find_if(node.entries, [](const Entry& entry) { return entry.key.text == "tpm_policy"; });
    if (kind != StepKind::ChangePolicy || policy == node.entries.end()) return false;
    report.add(policy->key,
               "Keylime has no update of `tpm_policy`: write the steps `delete` and `enrol` in place of "
               "`change_policy`");
    return true;
}

/// The step's own map, list of groups, group name, duration, or steps.
void read_step_value(Report& report, const Node& name, const Node& node, const StepName& definition,
                     const std::vector<Group>& groups, Step& step) {
    if (step.kind == StepKind::Wait) return read_wait(report, node, name, groups, step);
    if (step.kind == StepKind::Together) {
        step.steps = read_children(report, node, groups);
        return;
    }
    const bool takes_agents = acts_on_agents(definition);
    const std::size_t problems = report.count();
    if (node.is(Node::Kind::Null) && needs_only_agents(definition)) {
        step.agents = only_group(report, name, groups);
    } else if (!node.is(Node::Kind::Map)) {
        read_short_value(report, node, definition, groups, step);
    } else if (!refuse_tpm_policy(report, node, step.kind)) {
        const MapReader map(report, node, fmt::format("step `{}`", definition.name), definition.keys,
                            definition.takes_pcrs ? MapReader::Pcrs::Taken : MapReader::Pcrs::Refused);
        if (takes_agents) {
            const Node* agents = map.get("agents");
            step.agents = agents != nullptr ? read_agent_names(report, *agents, groups)
                                            : only_group(report, name, groups);
            read_agent_step(report, map, definition, groups, step);
        } else if (step.kind == StepKind::Repeat) {
            step.times = map.integer("times").value_or(1);
            if (const Node* steps = map.get("steps"))
                step.steps = read_steps(report, *steps, groups, "steps", false);
        } else if (step.kind == StepKind::ChangePolicy) {
            if (const Node* policy_name = map.get("runtime_policy_name"))
                step.runtime_policy_name = read_policy_name(report, *policy_name, groups);
            if (const Node* policy = map.get("runtime_policy")) {
                step.runtime_policy = read_runtime_policy(report, *policy, false);
                need_ima_logs(report, report.at(*policy), step.runtime_policy.value_or(NoPolicy{}), {},
                              groups);
            }
        } else if (step.kind == StepKind::Request) {
            if (auto request = read_request(report, map, groups)) step.request = std::move(*request);
        } else if (is_server_act(step.kind)) {
            if (const Node* acted = map.get("servers")) step.servers = read_servers(report, *acted);
            if (step.kind == StepKind::Pause) step.wait = map.amount("for").value_or(Amount{});
        }
    }
    if (definition.takes_pcrs && step.extend.empty() && report.count() == problems) {
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
            const std::string near = nearest_name(key.text, names_of(steps()));
            report.add(key, fmt::format("unknown step `{}`{}", shown(key.text),
                                        near.empty() ? "; `pushsim list steps` shows all" : near));
        } else if (is_key_of(definition->keys, key.text)) {
            report.add(key, fmt::format("key `{}` belongs inside the step: `{}: {{ {}: … }}`", key.text,
                                        definition->name, key.text));
        } else {
            report.add(key,
                       fmt::format("unknown key `{}` beside step `{}`{}", shown(key.text), definition->name,
                                   suggestion(key.text, names_of(step_sibling_keys()))));
        }
    }
    if (found_entry == nullptr && !other_problem) {
        report.add(node, "a step without a name, such as `attest`");
    }
    return found_entry;
}

void read_siblings(Report& report, const Entries& entries, const StepName& definition,
                   const std::vector<Group>& groups, bool in_together, Step& step) {
    const bool has_children = step.kind == StepKind::Repeat || step.kind == StepKind::Together;
    for (const auto& [key, value] : entries) {
        if (key->text == "as") {
            if (const auto as = read_text(report, *value, "as")) {
                step.as = *as;
                if (!is_plain_name(*as)) {
                    report.expected(*value, "as", "a name of lower-case letters, digits and hyphens");
                } else if (step.kind == StepKind::Request) {
                    report.add(*key,
                               "`as` names what agents came to, and a raw request changes nothing of that; "
                               "refer to the agents themselves");
                } else if (!definition.exchanges) {
                    report.add(*key, fmt::format("`as` names exchanges, and `{}` has none", definition.name));
                }
            }
        } else if (key->text == "expect" && has_children) {
            report.add(*key,
                       fmt::format("`expect` belongs to a step within `{}`, or to the end", definition.name));
        } else if (key->text == "expect") {
            const bool is_request = step.kind == StepKind::Request;
            step.expect = read_expectations(
                report, *value,
                {groups, &definition, is_request ? std::vector{step.request.by} : step.agents,
                 is_request ? step.request.by : ""});
        } else if (key->text == "after" && in_together) {
            step.after = read_amount(report, *value, "after").value_or(Amount{});
        } else if (key->text == "after") {
            report.add(*key, "`after` belongs to a step within `together`; between steps stands `wait`");
        }
    }
}

std::optional<Step> read_step(Report& report, const Node& node, const std::vector<Group>& groups,
                              bool in_together) {
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
    read_siblings(report, entries, definition, groups, in_together, step);
    return step;
}

std::vector<Step> read_steps(Report& report, const Node& node, const std::vector<Group>& groups,
                             std::string_view what, bool in_together) {
    std::vector<Step> script;
    if (!node.is(Node::Kind::List) || node.items.empty()) {
        report.expected(node, what, "a list of at least one step");
        return script;
    }
    for (const Node& item : node.items) {
        if (auto step = read_step(report, item, groups, in_together)) script.push_back(std::move(*step));
    }
    return script;
}

/// Of `together`: what acts side by side must not be two things of one agent.
std::vector<Step> read_children(Report& report, const Node& node, const std::vector<Group>& groups) {
    std::vector<Step> children = read_steps(report, node, groups, "together", true);
    std::map<std::string, std::pair<const Step*, int>> first_lines;
    for (const Step& child : children) {
        for (const std::string& name : acting_in(child)) {
            const auto [first, is_new] = first_lines.emplace(name, std::pair(&child, child.position.line));
            if (!is_new && first->second.first != &child) {
                report.add(child.position, fmt::format("group `{}` acts in two steps side by side, first in "
                                                       "line {}; an agent does one thing at a time",
                                                       name, first->second.second));
            }
        }
    }
    return children;
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
        if (!item.is(Node::Kind::Scalar) || item.text.empty())
            return report.expected(item, "agents", "the name of a group");
        const std::string* name = &item.text;
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
    return read_steps(report, node, groups, "script", false);
}

}  // namespace pushsim::scenario
