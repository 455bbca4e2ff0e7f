#include "sim/kind/manifests.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace pushsim::kind {
namespace {

using nlohmann::json;

// As kind/infra makes them; the patch fails where they are others.
constexpr const char* kVolume = "/spec/template/spec/volumes/0";
constexpr const char* kArgs = "/spec/template/spec/containers/0/args";

std::string in_file(const std::string& value) {
    std::string text;
    for (const char c : value)
        text += c == '\n' ? std::string("\n    ") : std::string(1, c);
    return text;
}

}  // namespace

bool is_fixed_option(const std::string& name) {
    static constexpr std::array fixed{"ip",          "port",        "tls_port",          "tls_dir",
                                      "server_key",  "server_cert", "trusted_client_ca", "client_key",
                                      "client_cert", "uuid",        "trusted_server_ca", "database_url"};
    return std::ranges::find(fixed, name) != fixed.end();
}

Result<std::string> server_config(const std::string& server, const stack::FoundConfig& found,
                                  const stack::Options& options, const std::string& database_url) {
    std::vector<stack::ConfigFile::Section> sections;
    for (const auto& [title, values] : found.sections()) {
        auto& section = sections.emplace_back(title, std::vector<std::pair<std::string, std::string>>{});
        for (const auto& [name, value] : values)
            section.second.emplace_back(name, in_file(value.text));
    }
    stack::ConfigFile file(std::move(sections));
    stack::Options all = options;
    all["database_url"] = database_url;
    for (const auto& [name, value] : all) {
        if (auto set = file.set(stack::section_of(server, name), name, value); !set)
            return fail(set.error().in(server + ".conf"));
    }
    return file.text();
}

std::string config_map(const std::string& name, const std::string& run, const std::string& file,
                       const std::string& text) {
    const json map{{"apiVersion", "v1"},
                   {"kind", "ConfigMap"},
                   {"metadata",
                    {{"name", name},
                     {"namespace", "keylime"},
                     {"labels", {{"app.kubernetes.io/part-of", "pushsim"}, {"pushsim.run", run}}}}},
                   {"data", {{file, text}}}};
    return map.dump(2) + "\n";
}

Result<ServerSpec> parse_server_spec(const std::string& server, std::string_view deployment) {
    const json value = json::parse(deployment, nullptr, false);
    const auto other = [&](const std::string& what) {
        return fail(
            ErrorKind::Stack,
            fmt::format("the cluster's Deployment {} is not as kind/infra makes it: {}", server, what),
            "pushsim stack up --stack kind applies the manifests anew");
    };
    if (value.is_discarded()) return other("it is no JSON");
    const json::json_pointer volume(kVolume), args(kArgs), replicas("/spec/replicas"),
        container("/spec/template/spec/containers/0/name");
    if (!value.contains(volume) || value.at(volume).value("name", "") != "conf" ||
        !value.at(volume).contains(json::json_pointer("/projected/sources")))
        return other("its first volume is not `conf`");
    if (!value.contains(container) || value.at(container) != server || !value.contains(args))
        return other(fmt::format("its first container is not `{}` with `args`", server));
    if (!value.contains(replicas) || !value.at(replicas).is_number_integer()) return other("no `replicas`");
    return ServerSpec{value.at(volume).at(json::json_pointer("/projected/sources")).dump(),
                      value.at(args).dump(), value.at(replicas).get<int>()};
}

ServerSpec changed_spec(const ServerSpec& found, const std::string& server, const std::string& config,
                        const std::vector<std::string>& command) {
    const std::string file = server + ".conf";
    json sources = json::array(
        {{{"configMap", {{"name", config}, {"items", json::array({{{"key", file}, {"path", file}}})}}}}});
    // What it has of its own gives way; the files that it shares with others stay.
    for (const json& source : json::parse(found.sources)) {
        const std::string name = source.value(json::json_pointer("/configMap/name"), "");
        if (name == "logging.conf" || name == "tenant.conf") sources.push_back(source);
    }
    return {sources.dump(), command.empty() ? found.args : json(command).dump(), 1};
}

std::string spec_patch(const ServerSpec& spec) {
    const auto replace = [](const std::string& path, const std::string& value) {
        return json{{"op", "replace"}, {"path", path}, {"value", json::parse(value)}};
    };
    const json patch =
        json::array({json{{"op", "test"}, {"path", std::string(kVolume) + "/name"}, {"value", "conf"}},
                     replace(std::string(kVolume) + "/projected/sources", spec.sources),
                     replace(kArgs, spec.args), replace("/spec/replicas", std::to_string(spec.replicas))});
    return patch.dump();
}

json to_json(const ServerSpec& spec) {
    return {{"sources", spec.sources}, {"args", spec.args}, {"replicas", spec.replicas}};
}

ServerSpec spec_from(const json& value) {
    return {value.at("sources").get<std::string>(), value.at("args").get<std::string>(),
            value.at("replicas").get<int>()};
}

}  // namespace pushsim::kind
