// A JSON value in a plan.

#include <nlohmann/json.hpp>
#include <yaml-cpp/emitter.h>

#include "sim/scenario/writing.hpp"

namespace pushsim::scenario {
namespace {

void write(YAML::Emitter& out, const nlohmann::ordered_json& json) {
    if (json.is_object()) {
        out << YAML::BeginMap;
        for (const auto& [name, value] : json.items()) {
            out << YAML::Key;
            quoted(out, name) << YAML::Value;
            write(out, value);
        }
        out << YAML::EndMap;
    } else if (json.is_array()) {
        out << YAML::Flow << YAML::BeginSeq;
        for (const auto& item : json)
            write(out, item);
        out << YAML::EndSeq;
    } else if (json.is_string()) {
        quoted(out, json.get<std::string>());
    } else if (json.is_null()) {
        out << YAML::Null;
    } else {
        out << json.dump();
    }
}

}  // namespace

void write_json(YAML::Emitter& out, const std::string& json) {
    write(out, nlohmann::ordered_json::parse(json));
}

}  // namespace pushsim::scenario
