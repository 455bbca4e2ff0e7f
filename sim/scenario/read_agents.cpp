#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "sim/scenario/expand.hpp"
#include "sim/scenario/reading.hpp"

namespace pushsim::scenario {
namespace {

namespace fs = std::filesystem;

AgentId read_id(Report& report, const Node& node, int count) {
    AgentId id;
    const auto text = read_text(report, node, "id");
    if (!text) return id;
    for (const Name& scheme : id_schemes()) {
        if (scheme.name != *text) continue;
        if (scheme.availability == Availability::Later) report.add(node, not_yet("`id`:", *text));
        id.scheme = *text == "hash_ek" ? AgentId::Scheme::HashEk : AgentId::Scheme::Uuid;
        return id;
    }
    id = {AgentId::Scheme::Literal, *text};
    const bool numbered = text->find("{n}") != std::string::npos;
    if (!is_agent_id(literal_id(id, 0))) {
        report.expected(node, "id", "uuid, hash_ek, or letters, digits, '_', '.', '-' and {n}, at most 80");
    } else if (const std::string near = nearest_name(*text, id_schemes()); !numbered && !near.empty()) {
        report.add(node, fmt::format("`id`: unknown scheme {}{}", found(node), near));
    } else if (!numbered && count > 1) {
        report.add(node,
                   fmt::format("`id`: {} agents need different ids; put {{n}} into it, as in '{}-{{n}}'",
                               count, shown(*text)));
    }
    return id;
}

TpmChoice read_tpm(Report& report, const Node& node, int count) {
    const bool outside =
        node.is(Node::Kind::Scalar) && (node.text.starts_with("swtpm:") || node.text.starts_with("device:"));
    if (!outside) {
        const auto kind = read_name(report, node, "tpm", tpm_kinds());
        return {enumerator(kind, {TpmKind::Software, TpmKind::Swtpm}).value_or(TpmKind::Software)};
    }
    if (!is_one_line(node.text) || node.text.ends_with(':')) {
        report.expected(node, "tpm", "software, swtpm:… or device:…, such as swtpm:port=2321");
    } else if (count > 1) {
        report.add(node, fmt::format("`tpm`: one TPM outside serves one agent, not {}", count));
    }
    return {TpmKind::Outside, node.text};
}

Enrolment read_enrolment(Report& report, const Node& node) {
    Enrolment enrolment;
    if (node.is(Node::Kind::Scalar)) {
        if (node.text == "false" && !node.quoted) {
            enrolment.enrolled = false;
        } else if (node.text != "true" || node.quoted) {
            report.expected(node, "enrol", "a map, like { tpm_policy: { from_boot: [7] } }, or false");
        }
        return enrolment;
    }
    const MapReader map(report, node, "`enrol`", enrol_keys());
    if (const Node* policy = map.get("tpm_policy")) {
        if (auto read = read_tpm_policy(report, *policy)) enrolment.tpm_policy = std::move(*read);
    }
    if (const Node* policy = map.get("runtime_policy"))
        enrolment.runtime_policy = read_runtime_policy(report, *policy, true).value_or(NoPolicy{});
    if (const auto name = map.text("runtime_policy_name")) {
        enrolment.runtime_policy_name = *name;
        if (!is_plain_name(*name)) {
            report.expected(*map.get("runtime_policy_name"), "runtime_policy_name",
                            "a name of lower-case letters, digits and hyphens");
        }
    }
    const auto accept = [&](std::string_view key, std::vector<std::string>& into) {
        if (map.get(key) != nullptr) into = map.words(key);
    };
    accept("accept_tpm_hash_algs", enrolment.accept_hash_algorithms);
    accept("accept_tpm_encryption_algs", enrolment.accept_encryption_algorithms);
    accept("accept_tpm_signing_algs", enrolment.accept_signing_algorithms);
    return enrolment;
}

void read_boot(Report& report, const Node& node, Group& group) {
    const MapReader map(report, node, "`boot`", boot_keys());
    if (const Node* extend = map.get("extend")) {
        const MapReader pcrs(report, *extend, "`extend`", {}, MapReader::Pcrs::Taken);
        group.boot = read_extensions(report, pcrs.pcr_entries());
    }
    if (const Node* ima = map.get("ima")) {
        const MapReader keys(report, *ima, "`ima`", ima_keys());
        group.ima_files = keys.integer("entries").value_or(0);
        if (const Node* format = keys.get("template"))
            read_name(report, *format, "template", ima_templates());
    }
}

RustAgentHabits read_rust_agent(Report& report, const Node& node) {
    RustAgentHabits habits;
    const MapReader map(report, node, "`rust-agent`", rust_agent_keys());
    habits.interval = map.duration("interval").value_or(habits.interval);
    habits.backoff_initial = map.duration("backoff_initial").value_or(habits.backoff_initial);
    habits.backoff_longest = map.duration("backoff_longest").value_or(habits.backoff_longest);
    habits.timeout = map.duration("timeout").value_or(habits.timeout);
    habits.max_retries = map.integer("max_retries").value_or(habits.max_retries);
    if (habits.timeout == Duration::zero())
        report.expected(*map.get("timeout"), "timeout", "more than nothing, such as 5s");
    return habits;
}

/// A name, or {rust-agent: {…}}: options exist for rust-agent alone.
void read_habits(Report& report, const Node& node, Group& group) {
    if (!node.is(Node::Kind::Map)) {
        group.habits =
            enumerator(read_name(report, node, "habits", habits()), {Habits::Correct, Habits::RustAgent})
                .value_or(Habits::Correct);
        return;
    }
    const auto correct = std::ranges::find_if(
        node.entries, [](const Entry& entry) { return entry.key.text == to_string(Habits::Correct); });
    if (correct != node.entries.end()) {
        report.add(node, "`habits`: `correct` has no parameters");
        return;
    }
    if (node.entries.empty()) report.expected(node, "habits", "a name, or { rust-agent: { interval: 5s } }");
    const MapReader map(report, node, "`habits`", habit_keys());
    if (const Node* options = map.get("rust-agent")) {
        group.habits = Habits::RustAgent;
        group.rust_agent = read_rust_agent(report, *options);
    }
}

AkAlgorithms read_algorithms(Report& report, const MapReader& map) {
    AkAlgorithms algorithms;
    algorithms.key = map.one_of("key", {AkKey::Rsa2048, AkKey::Ecc256}).value_or(algorithms.key);
    if (algorithms.key == AkKey::Ecc256) algorithms.scheme = AkScheme::Ecdsa;
    const AkScheme usual = algorithms.scheme;
    algorithms.scheme =
        map.one_of("scheme", {AkScheme::Rsassa, AkScheme::Rsapss, AkScheme::Ecdsa}).value_or(usual);
    if (!goes_with(algorithms.scheme, algorithms.key)) {
        const bool ecc = algorithms.key == AkKey::Ecc256;
        report.add(
            *map.get("scheme"),
            fmt::format("`scheme`: a key of kind {} cannot sign by {}; write {}, or `key: {}`",
                        to_string(algorithms.key), to_string(algorithms.scheme),
                        ecc ? "ecdsa" : "rsassa or rsapss", to_string(ecc ? AkKey::Rsa2048 : AkKey::Ecc256)));
    }
    algorithms.hash = map.one_of("hash", {AkHash::Sha256, AkHash::Sha384}).value_or(algorithms.hash);
    return algorithms;
}

Group read_group(Report& report, const Node& name, const Node& node) {
    Group group;
    group.name = name.text;
    group.position = report.at(name);
    if (!is_plain_name(name.text) || name.text == "nobody" || name.text == "admin") {
        report.add(name,
                   fmt::format("`{}` cannot name a group: use lower-case letters, digits and hyphens{}",
                               shown(name.text),
                               is_plain_name(name.text) ? "; `nobody` and `admin` have a meaning" : ""));
    }
    const std::string place = fmt::format("group `{}`", shown(name.text));
    // `honest:` alone is a group of one agent, all as default.
    if (node.is(Node::Kind::Null)) return group;
    const MapReader map(report, node, place, group_keys());
    group.count = map.integer("count").value_or(1);
    if (const Node* id = map.get("id")) group.id = read_id(report, *id, group.count);
    if (const Node* tpm = map.get("tpm")) group.tpm = read_tpm(report, *tpm, group.count);
    group.ak = map.one_of("ak", {AkKind::Child, AkKind::Primary}).value_or(AkKind::Child);
    group.algorithms = read_algorithms(report, map);
    group.source = map.one_of("source", {Source::Shared, Source::Own}).value_or(Source::Shared);
    if (const Node* boot = map.get("boot")) read_boot(report, *boot, group);
    if (const Node* enrol = map.get("enrol")) group.enrol = read_enrolment(report, *enrol);
    if (const Node* value = map.get("habits")) read_habits(report, *value, group);
    if (group.habits == Habits::RustAgent) group.connections = Connections::RustAgent;
    group.connections =
        map.one_of("connections", {Connections::One, Connections::RustAgent, Connections::PerRequest})
            .value_or(group.connections);
    if (const Node* tls = map.get("tls")) {
        const MapReader keys(report, *tls, "`tls`", tls_keys());
        group.tls_resumption = keys.boolean("resumption").value_or(false);
    }
    if (const Node* clock = map.get("clock")) {
        const MapReader keys(report, *clock, "`clock`", clock_keys());
        if (const Node* offset = keys.get("offset"))
            group.clock_offset = read_signed_duration(report, *offset, "offset").value_or(Duration::zero());
    }
    return group;
}

/// The text of a file that the scenario names, relative to its own.
std::optional<std::string> read_policy_file(Report& report, const Node& node) {
    constexpr std::size_t most = 4 * 1024 * 1024;
    const auto name = read_text(report, node, "file");
    if (!name) return std::nullopt;
    const fs::path path = fs::path(report.file()).parent_path() / *name;
    std::error_code failed;
    if (!fs::is_regular_file(path, failed)) {
        report.add(node,
                   fmt::format("`file`: there is no file {} (names are relative to the scenario's folder)",
                               path.string()));
        return std::nullopt;
    }
    if (fs::file_size(path, failed) > most) {
        report.add(node, fmt::format("`file`: {} is larger than {} KiB", path.string(), most / 1024));
        return std::nullopt;
    }
    std::ifstream in(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (!in || text.empty() || !is_utf8(text)) {
        report.add(node, fmt::format("`file`: {} is no text that can be read", path.string()));
        return std::nullopt;
    }
    return text;
}

/// `json` or `file`, of which there must be no more than one thing.
std::optional<std::string> read_policy_text(Report& report, const MapReader& map) {
    if (const Node* file = map.get("file")) return read_policy_file(report, *file);
    return map.text("json");
}

}  // namespace

std::optional<TpmPolicy> read_tpm_policy(Report& report, const Node& node) {
    if (node.is(Node::Kind::Scalar) && node.text == "none") return NoPolicy{};
    if (!node.is(Node::Kind::Map) || node.entries.empty()) {
        report.expected(node, "tpm_policy", "none, { from_boot: [7] }, { 7: [hex, …] } or { json: text }");
        return std::nullopt;
    }
    const MapReader map(report, node, "`tpm_policy`", tpm_policy_keys(), MapReader::Pcrs::Taken);
    const Node* pcrs = map.get("from_boot");
    const bool is_text = map.get("json") != nullptr || map.get("file") != nullptr;
    if (node.entries.size() > 1 && (pcrs != nullptr || is_text)) {
        report.add(node.entries[1].key,
                   "`tpm_policy`: one of `from_boot`, `json`, `file` and PCR values, not several");
    }
    if (pcrs != nullptr) return PolicyFromBoot{read_pcr_list(report, *pcrs, "from_boot")};
    if (is_text) return PolicyText{read_policy_text(report, map).value_or("")};
    return LiteralPolicy{read_allowed_values(report, map.pcr_entries())};
}

std::optional<RuntimePolicy> read_runtime_policy(Report& report, const Node& node, bool of_agent) {
    if (of_agent && node.is(Node::Kind::Scalar)) {
        if (node.text == "none") return NoPolicy{};
        if (node.text == "from_boot") return PolicyFromLog{};
    }
    if (!node.is(Node::Kind::Map) || node.entries.empty()) {
        report.expected(node, "runtime_policy",
                        fmt::format("{}{{ json: text }}, {{ file: policy.json }} or {{ from_boot: GROUP }}",
                                    of_agent ? "none, from_boot, " : ""));
        return std::nullopt;
    }
    const MapReader map(report, node, "`runtime_policy`", runtime_policy_keys());
    if (node.entries.size() > 1)
        report.add(node.entries[1].key,
                   "`runtime_policy`: one of `json`, `file` and `from_boot`, not several");
    if (map.get("from_boot") != nullptr) return PolicyFromLog{map.text("from_boot").value_or("")};
    return PolicyText{read_policy_text(report, map).value_or("")};
}

void need_ima_logs(Report& report, const Position& at, const std::vector<std::string>& names,
                   const std::vector<Group>& groups) {
    for (const std::string& name : names) {
        const auto group = std::ranges::find(groups, name, &Group::name);
        if (group == groups.end() || group->ima_files) continue;
        report.add(
            at, fmt::format("the agents of `{}` have no IMA log; give them one: `boot: {{ ima: {{ entries: "
                            "3 }} }}`",
                            shown(name)));
    }
}

void need_ima_logs(Report& report, const Position& at, const RuntimePolicy& policy,
                   const std::vector<std::string>& names, const std::vector<Group>& groups) {
    const auto* from_log = std::get_if<PolicyFromLog>(&policy);
    if (from_log == nullptr || groups.empty()) return;
    if (from_log->group.empty()) return need_ima_logs(report, at, names, groups);
    if (std::ranges::find(groups, from_log->group, &Group::name) == groups.end()) {
        std::vector<std::string_view> known;
        known.reserve(groups.size());
        for (const Group& group : groups)
            known.push_back(group.name);
        report.add(at, fmt::format("`from_boot`: unknown group `{}`{}", shown(from_log->group),
                                   suggestion(from_log->group, known, "agents")));
    }
    need_ima_logs(report, at, {from_log->group}, groups);
}

std::vector<Group> read_groups(Report& report, const Node& node) {
    std::vector<Group> groups;
    if (node.is(Node::Kind::Map) && node.entries.empty()) {
        report.expected(node, "agents", "at least one group");
    }
    const Node whole = expand_likes(report, node);
    for (const auto& [name, value] : read_entries(report, whole, "`agents`", "{ late: { count: 3 } }"))
        groups.push_back(read_group(report, *name, *value));
    for (const Group& group : groups)
        need_ima_logs(report, group.position, group.enrol.runtime_policy, {group.name}, groups);
    return groups;
}

}  // namespace pushsim::scenario
