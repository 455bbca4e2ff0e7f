#include <yaml-cpp/emitter.h>

#include "sim/scenario/writing.hpp"

namespace pushsim::scenario {
namespace {

void write_map_of_one(YAML::Emitter& out, std::string_view name, const std::string& value) {
    out << YAML::BeginMap;
    key(out, name);
    quoted(out, value);
    out << YAML::EndMap;
}

void write_habits(YAML::Emitter& out, const Group& group) {
    key(out, "habits");
    if (group.habits == Habits::Correct) {
        out << to_string(group.habits);
        return;
    }
    const RustAgentHabits& options = group.rust_agent;
    out << YAML::BeginMap;
    key(out, to_string(group.habits)) << YAML::BeginMap;
    key(out, "interval") << to_text(options.interval);
    key(out, "max_retries") << options.max_retries;
    key(out, "backoff_initial") << to_text(options.backoff_initial);
    key(out, "backoff_longest") << to_text(options.backoff_longest);
    key(out, "timeout") << to_text(options.timeout);
    out << YAML::EndMap << YAML::EndMap;
}

}  // namespace

void write_extensions(YAML::Emitter& out, const std::vector<Extension>& extensions) {
    for (std::size_t i = 0; i < extensions.size();) {
        const int pcr = extensions[i].pcr;
        out << YAML::Key << pcr << YAML::Value << YAML::BeginSeq;
        for (; i < extensions.size() && extensions[i].pcr == pcr; ++i)
            quoted(out, extensions[i].measurement.as_written);
        out << YAML::EndSeq;
    }
}

void write_policy(YAML::Emitter& out, const TpmPolicy& policy) {
    key(out, "tpm_policy");
    if (const auto* from_boot = std::get_if<PolicyFromBoot>(&policy)) {
        out << YAML::BeginMap;
        key(out, "from_boot") << YAML::Flow << YAML::BeginSeq;
        for (const int pcr : from_boot->pcrs)
            out << pcr;
        out << YAML::EndSeq;
        out << YAML::EndMap;
    } else if (const auto* literal = std::get_if<LiteralPolicy>(&policy)) {
        out << YAML::BeginMap;
        for (const auto& [pcr, values] : literal->allowed) {
            out << YAML::Key << pcr << YAML::Value;
            write_words(out, values);
        }
        out << YAML::EndMap;
    } else if (const auto* text = std::get_if<PolicyText>(&policy)) {
        write_map_of_one(out, "json", text->json);
    } else {
        out << "none";
    }
}

void write_runtime_policy(YAML::Emitter& out, const RuntimePolicy& policy) {
    key(out, "runtime_policy");
    const auto* from_log = std::get_if<PolicyFromLog>(&policy);
    if (from_log != nullptr && from_log->group.empty()) {
        out << "from_boot";
    } else if (from_log != nullptr) {
        write_map_of_one(out, "from_boot", from_log->group);
    } else if (const auto* text = std::get_if<PolicyText>(&policy)) {
        write_map_of_one(out, "json", text->json);
    } else {
        out << "none";
    }
}

void write_group(YAML::Emitter& out, const Group& group) {
    key(out, group.name) << YAML::BeginMap;
    key(out, "count") << group.count;
    key(out, "id");
    if (group.id.scheme == AgentId::Scheme::Literal) {
        quoted(out, group.id.text);
    } else {
        out << to_string(group.id.scheme);
    }
    key(out, "tpm");
    quoted(out, to_string(group.tpm));
    key(out, "ak") << to_string(group.ak);
    key(out, "key") << to_string(group.algorithms.key);
    key(out, "scheme") << to_string(group.algorithms.scheme);
    key(out, "hash") << to_string(group.algorithms.hash);
    key(out, "source") << to_string(group.source);
    key(out, "boot") << YAML::BeginMap;
    key(out, "extend") << YAML::BeginMap;
    write_extensions(out, group.boot);
    out << YAML::EndMap;
    if (group.ima_files) {
        key(out, "ima") << YAML::BeginMap;
        key(out, "entries") << *group.ima_files;
        key(out, "template") << "ima-ng";
        out << YAML::EndMap;
    }
    out << YAML::EndMap;
    key(out, "enrol");
    if (group.enrol.enrolled) {
        out << YAML::BeginMap;
        write_policy(out, group.enrol.tpm_policy);
        write_runtime_policy(out, group.enrol.runtime_policy);
        if (!group.enrol.runtime_policy_name.empty())
            key(out, "runtime_policy_name") << group.enrol.runtime_policy_name;
        write_texts(out, "accept_tpm_hash_algs", group.enrol.accept_hash_algorithms);
        write_texts(out, "accept_tpm_encryption_algs", group.enrol.accept_encryption_algorithms);
        write_texts(out, "accept_tpm_signing_algs", group.enrol.accept_signing_algorithms);
        out << YAML::EndMap;
    } else {
        out << false;
    }
    write_habits(out, group);
    key(out, "connections") << to_string(group.connections);
    key(out, "tls") << YAML::BeginMap;
    key(out, "resumption") << group.tls_resumption;
    out << YAML::EndMap;
    key(out, "clock") << YAML::BeginMap;
    key(out, "offset") << signed_text(group.clock_offset);
    out << YAML::EndMap;
    out << YAML::EndMap;
}

}  // namespace pushsim::scenario
