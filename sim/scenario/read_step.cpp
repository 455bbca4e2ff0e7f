// What stands behind the name of a step.

#include <algorithm>

#include <fmt/format.h>

#include "sim/scenario/reading.hpp"

namespace pushsim::scenario {
namespace {

bool acts_on_agents(const StepName& definition) {
    return has_key(definition.keys, "agents");
}

/// Whether its agents are all that it has to be told.
bool needs_only_agents(const StepName& definition) {
    return acts_on_agents(definition) && std::ranges::none_of(definition.keys, &Key::required);
}

bool acts_on_servers(const StepName& definition) {
    return has_key(definition.keys, "servers");
}

constexpr long long most_cycles = 1'000'000;

/// More than nothing; a report where it is not.
std::optional<Duration> read_pace(Report& report, const MapReader& map, std::string_view key) {
    const auto pace = map.duration(key);
    if (!pace || *pace > Duration::zero()) return pace;
    report.expected(*map.get(key), key, "more than nothing, such as 2s");
    return std::nullopt;
}

void read_stages(Report& report, const Node& node, Step& step) {
    if (!node.is(Node::Kind::List) || node.items.empty()) {
        report.expected(node, "stages", "a list like [ { every: 10s, for: 1m }, { every: 2s, for: 30s } ]");
        return;
    }
    long long cycles = 0;
    for (const Node& item : node.items) {
        const MapReader map(report, item, "`stages`", stage_keys());
        const auto every = read_pace(report, map, "every");
        const auto span = read_pace(report, map, "for");
        if (!every || !span) continue;
        step.stages.push_back({*every, *span});
        cycles = std::min(cycles + step.stages.back().cycles(), most_cycles + 1);
    }
    if (cycles > most_cycles)
        report.add(node, fmt::format("`stages`: these are more than {} cycles", most_cycles));
    step.times = static_cast<int>(std::clamp(cycles, 1LL, most_cycles));
}

void read_times(Report& report, const MapReader& map, Step& step) {
    step.every = read_pace(report, map, "every");
    step.jitter = map.amount("jitter").value_or(Amount{});
    step.spread = map.duration("spread").value_or(Duration::zero());
    const auto span = map.duration("for");
    const auto times = map.integer("times");
    step.times = times.value_or(1);
    const Node* stages = map.get("stages");
    if (map.key("jitter") != nullptr && map.get("every") == nullptr && stages == nullptr)
        report.add(*map.key("jitter"), "`jitter` needs `every` or `stages` beside it");
    if (stages != nullptr) {
        for (const std::string_view key : {"times", "every", "for"}) {
            if (map.key(key) != nullptr)
                report.add(*map.key(key), fmt::format("one of `{}` and `stages`, not both", key));
        }
        return read_stages(report, *stages, step);
    }
    if (map.key("for") != nullptr && map.get("every") == nullptr)
        report.add(*map.key("for"), "`for` needs `every` beside it");
    if (!span) return;
    if (times) {
        report.add(*map.key("for"), "one of `times` and `for`, not both");
    } else if (step.every) {
        // One is due at the beginning, and so on while the time is not over.
        const auto more = (std::max(*span, Duration{1}) - Duration{1}) / *step.every;
        if (more >= most_cycles) {
            report.add(*map.get("for"),
                       fmt::format("`for`: these are {} cycles; at most {}", more + 1, most_cycles));
        } else {
            step.times = static_cast<int>(more) + 1;
        }
    }
}

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
    const auto has = [&](std::string_view key) { return has_key(definition.keys, key); };
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

std::vector<std::string> read_servers(Report& report, const Node& node, StepKind kind) {
    const bool of_keylime = kind == StepKind::CutOff || kind == StepKind::RenewCertificate;
    return read_names(report, node, "servers", of_keylime ? keylime_servers() : servers());
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
    } else if (acts_on_servers(definition) && !has_key(definition.keys, "for")) {
        step.servers = read_servers(report, node, step.kind);
    } else {
        report.expected(node, definition.name, "a map, like " + example(definition.keys));
    }
}

bool is_distribution(const Node& node) {
    return std::ranges::any_of(node.entries, [](const Entry& entry) {
        return has_key(distribution_keys(), entry.key.text) ||
               (nearest_name(entry.key.text, names_of(name_of(StepKind::Wait).keys)).empty() &&
                !nearest_name(entry.key.text, names_of(distribution_keys())).empty());
    });
}

/// `agents` of the step of that name; where it is left out, the only group.
std::vector<std::string> read_agents_key(Report& report, const Node& name, const MapReader& map,
                                         const std::vector<Group>& groups) {
    const Node* agents = map.get("agents");
    return agents != nullptr ? read_agent_names(report, *agents, groups) : only_group(report, name, groups);
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
        step.agents = read_agents_key(report, name, map, groups);
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

void read_step_map(Report& report, const Node& name, const Node& node, const StepName& definition,
                   const std::vector<Group>& groups, Step& step) {
    const MapReader map(report, node, fmt::format("step `{}`", definition.name), definition.keys,
                        definition.takes_pcrs ? MapReader::Pcrs::Taken : MapReader::Pcrs::Refused);
    if (acts_on_agents(definition)) {
        step.agents = read_agents_key(report, name, map, groups);
        read_agent_step(report, map, definition, groups, step);
    } else if (step.kind == StepKind::Repeat) {
        step.times = map.integer("times").value_or(1);
        if (const Node* steps = map.get("steps")) step.steps = read_steps(report, *steps, groups, "steps");
    } else if (step.kind == StepKind::ChangePolicy) {
        if (const Node* policy_name = map.get("runtime_policy_name"))
            step.runtime_policy_name = read_policy_name(report, *policy_name, groups);
        if (const Node* policy = map.get("runtime_policy")) {
            step.runtime_policy = read_runtime_policy(report, *policy, false);
            need_ima_logs(report, report.at(*policy), step.runtime_policy.value_or(NoPolicy{}), {}, groups);
        }
    } else if (step.kind == StepKind::Request) {
        if (auto request = read_request(report, map, groups)) step.request = std::move(*request);
    } else if (acts_on_servers(definition)) {
        if (const Node* acted = map.get("servers")) step.servers = read_servers(report, *acted, step.kind);
        if (has_key(definition.keys, "for")) step.wait = map.amount("for").value_or(Amount{});
    }
}

}  // namespace

void read_step_value(Report& report, const Node& name, const Node& node, const StepName& definition,
                     const std::vector<Group>& groups, Step& step) {
    if (step.kind == StepKind::Wait) return read_wait(report, node, name, groups, step);
    if (step.kind == StepKind::Together) {
        step.steps = read_together(report, node, groups);
        return;
    }
    const std::size_t problems = report.count();
    if (node.is(Node::Kind::Null) && needs_only_agents(definition)) {
        step.agents = only_group(report, name, groups);
    } else if (!node.is(Node::Kind::Map)) {
        read_short_value(report, node, definition, groups, step);
    } else if (!refuse_tpm_policy(report, node, step.kind)) {
        read_step_map(report, name, node, definition, groups, step);
    }
    if (definition.takes_pcrs && step.extend.empty() && report.count() == problems) {
        report.add(name, "`extend` names no PCR; write it like { 7: [\"text:secure-boot-on\"] }");
    }
}

}  // namespace pushsim::scenario
