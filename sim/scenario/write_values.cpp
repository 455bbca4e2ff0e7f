#include <yaml-cpp/emitter.h>

#include "sim/scenario/writing.hpp"

namespace pushsim::scenario {

YAML::Emitter& quoted(YAML::Emitter& out, const std::string& text) {
    return out << YAML::DoubleQuoted << text;
}

YAML::Emitter& key(YAML::Emitter& out, std::string_view name) {
    return out << YAML::Key << std::string(name) << YAML::Value;
}

std::string size_text(long long octets) {
    constexpr long long kKibi = 1024;
    return std::to_string(octets / kKibi) + "KiB";
}

void write_words(YAML::Emitter& out, const std::vector<std::string>& words) {
    out << YAML::Flow << YAML::BeginSeq;
    for (const std::string& word : words)
        quoted(out, word);
    out << YAML::EndSeq;
}

void write_texts(YAML::Emitter& out, std::string_view name, const std::vector<std::string>& words) {
    key(out, name);
    write_words(out, words);
}

void write_map(YAML::Emitter& out, std::string_view name, const std::map<std::string, std::string>& texts) {
    key(out, name) << YAML::BeginMap;
    for (const auto& [one, value] : texts) {
        key(out, one);
        quoted(out, value);
    }
    out << YAML::EndMap;
}

void write_amount(YAML::Emitter& out, std::string_view name, const Amount& amount) {
    key(out, name);
    if (!amount.varies) {
        out << to_text(amount.fixed);
        return;
    }
    const Distribution& drawn = *amount.varies;
    out << YAML::Flow << YAML::BeginMap;
    key(out, to_string(drawn.kind));
    if (drawn.kind == Distribution::Kind::Normal || drawn.kind == Distribution::Kind::Exponential) {
        out << YAML::Flow << YAML::BeginMap;
        key(out, "mean") << to_text(drawn.values[0]);
        if (drawn.values.size() > 1) key(out, "deviation") << to_text(drawn.values[1]);
        out << YAML::EndMap;
    } else {
        out << YAML::Flow << YAML::BeginSeq;
        for (const Duration value : drawn.values)
            out << to_text(value);
        out << YAML::EndSeq;
    }
    out << YAML::EndMap;
}

}  // namespace pushsim::scenario
