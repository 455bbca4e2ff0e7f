#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "sim/scenario/reading.hpp"

namespace pushsim::scenario {
namespace {

constexpr int most_agents = 100'000;
constexpr std::array<Name, 2> policy_keys{{
    {"from_boot", "the values at the moment of enrolment"},
    {"json", "the text that is sent, right or wrong"},
}};

const std::vector<Name>& hash_algorithms() {
    static const std::vector<Name> names{
        {"sha1", ""}, {"sha256", ""}, {"sha384", ""}, {"sha512", ""}, {"sm3_256", ""}};
    return names;
}
const std::vector<Name>& encryption_algorithms() {
    static const std::vector<Name> names{{"rsa", ""},     {"rsa1024", ""}, {"rsa2048", ""}, {"rsa3072", ""},
                                         {"rsa4096", ""}, {"ecc", ""},     {"ecc192", ""},  {"ecc224", ""},
                                         {"ecc256", ""},  {"ecc384", ""},  {"ecc521", ""}};
    return names;
}
const std::vector<Name>& signing_algorithms() {
    static const std::vector<Name> names{
        {"rsassa", ""}, {"rsapss", ""}, {"ecdsa", ""}, {"ecdaa", ""}, {"ecschnorr", ""}};
    return names;
}

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
    if (node.text.find('\n') != std::string::npos || node.text.ends_with(':')) {
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
        } else {
            report.expected(node, "enrol", "a map, like { tpm_policy: { from_boot: [7] } }, or false");
        }
        return enrolment;
    }
    const MapReader map(report, node, "`enrol`", enrol_keys());
    if (const Node* policy = map.get("tpm_policy")) {
        if (auto read = read_tpm_policy(report, *policy)) enrolment.tpm_policy = std::move(*read);
    }
    const auto accept = [&](std::string_view key, const std::vector<Name>& names,
                            std::vector<std::string>& into) {
        if (const Node* value = map.get(key)) into = read_names(report, *value, key, names);
    };
    accept("accept_tpm_hash_algs", hash_algorithms(), enrolment.accept_hash_algorithms);
    accept("accept_tpm_encryption_algs", encryption_algorithms(), enrolment.accept_encryption_algorithms);
    accept("accept_tpm_signing_algs", signing_algorithms(), enrolment.accept_signing_algorithms);
    return enrolment;
}

std::vector<Extension> read_boot(Report& report, const Node& node) {
    const MapReader map(report, node, "`boot`", boot_keys());
    const Node* extend = map.get("extend");
    if (extend == nullptr) return {};
    const MapReader pcrs(report, *extend, "`extend`", {}, MapReader::Pcrs::Taken);
    return read_extensions(report, pcrs.pcr_entries());
}

RustAgentHabits read_rust_agent(Report& report, const Node& node) {
    constexpr int most_retries = 1000;
    RustAgentHabits habits;
    const MapReader map(report, node, "`rust-agent`", rust_agent_keys());
    const auto read = [&](const char* key, Duration& into) {
        if (const Node* value = map.get(key)) into = read_duration(report, *value, key).value_or(into);
    };
    read("interval", habits.interval);
    read("backoff_initial", habits.backoff_initial);
    read("backoff_longest", habits.backoff_longest);
    read("timeout", habits.timeout);
    if (const Node* timeout = map.get("timeout"); timeout != nullptr && habits.timeout == Duration::zero())
        report.expected(*timeout, "timeout", "more than nothing, such as 5s");
    if (const Node* retries = map.get("max_retries")) {
        habits.max_retries =
            read_integer(report, *retries, "max_retries", 0, most_retries).value_or(habits.max_retries);
    }
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
    const MapReader map(report, node, "`habits`", habits());
    if (map.key("correct") != nullptr) report.add(node, "`habits`: `correct` has no parameters");
    if (node.entries.empty()) report.expected(node, "habits", "a name, or { rust-agent: { interval: 5s } }");
    if (const Node* options = map.get("rust-agent")) {
        group.habits = Habits::RustAgent;
        group.rust_agent = read_rust_agent(report, *options);
    }
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
    if (const Node* count = map.get("count")) {
        group.count = read_integer(report, *count, "count", 1, most_agents).value_or(1);
    }
    if (const Node* id = map.get("id")) group.id = read_id(report, *id, group.count);
    if (const Node* tpm = map.get("tpm")) group.tpm = read_tpm(report, *tpm, group.count);
    if (const Node* ak = map.get("ak")) {
        group.ak = enumerator(read_name(report, *ak, "ak", ak_kinds()), {AkKind::Child, AkKind::Primary})
                       .value_or(AkKind::Child);
    }
    if (const Node* source = map.get("source")) {
        group.source =
            enumerator(read_name(report, *source, "source", source_kinds()), {Source::Shared, Source::Own})
                .value_or(Source::Shared);
    }
    if (const Node* boot = map.get("boot")) group.boot = read_boot(report, *boot);
    if (const Node* enrol = map.get("enrol")) group.enrol = read_enrolment(report, *enrol);
    if (const Node* value = map.get("habits")) read_habits(report, *value, group);
    if (group.habits == Habits::RustAgent) group.connections = Connections::RustAgent;
    if (const Node* value = map.get("connections")) {
        group.connections = enumerator(read_name(report, *value, "connections", connection_kinds()),
                                       {Connections::One, Connections::RustAgent, Connections::PerRequest})
                                .value_or(group.connections);
    }
    if (const Node* tls = map.get("tls")) {
        const MapReader keys(report, *tls, "`tls`", tls_keys());
        if (const Node* value = keys.get("resumption"))
            group.tls_resumption = read_boolean(report, *value, "resumption").value_or(false);
    }
    return group;
}

}  // namespace

std::optional<TpmPolicy> read_tpm_policy(Report& report, const Node& node) {
    if (node.is(Node::Kind::Scalar) && node.text == "none") return NoPolicy{};
    if (!node.is(Node::Kind::Map) || node.entries.empty()) {
        report.expected(node, "tpm_policy", "none, { from_boot: [7] }, { 7: [hex, …] } or { json: text }");
        return std::nullopt;
    }
    const MapReader map(report, node, "`tpm_policy`", policy_keys, MapReader::Pcrs::Taken);
    const Node* pcrs = map.get("from_boot");
    const Node* text = map.get("json");
    if (node.entries.size() > 1 && (pcrs != nullptr || text != nullptr)) {
        report.add(node.entries[1].key,
                   "`tpm_policy`: one of `from_boot`, `json` and PCR values, not several");
    }
    if (pcrs != nullptr) return PolicyFromBoot{read_pcr_list(report, *pcrs, "from_boot")};
    if (text != nullptr) return PolicyText{read_text(report, *text, "json").value_or("")};
    return LiteralPolicy{read_allowed_values(report, map.pcr_entries())};
}

std::vector<Group> read_groups(Report& report, const Node& node) {
    std::vector<Group> groups;
    if (node.is(Node::Kind::Map) && node.entries.empty()) {
        report.expected(node, "agents", "at least one group");
    }
    for (const auto& [name, value] : read_entries(report, node, "`agents`")) {
        groups.push_back(read_group(report, *name, *value));
    }
    return groups;
}

}  // namespace pushsim::scenario
