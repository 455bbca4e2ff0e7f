#pragma once
// What is changed in the cluster so that servers are as a scenario wants them: their configuration and their
// start. Pure functions of text.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "agent/base/result.hpp"
#include "sim/stack/config.hpp"
#include "sim/stack/config_reader.hpp"

namespace pushsim::kind {

/// Options that are not a scenario's to choose: what the manifests are made for.
bool is_fixed_option(const std::string& name);

/// The text of a server's configuration file: what it has (`found`), with `options` and this database.
/// ErrorKind::Config names an option that cannot be written.
Result<std::string> server_config(const std::string& server, const stack::FoundConfig& found,
                                  const stack::Options& options, const std::string& database_url);

/// A ConfigMap with one file. The label `pushsim.run` tells which run made it.
std::string config_map(const std::string& name, const std::string& run, const std::string& file,
                       const std::string& text);

/// Of a Deployment what runs change: where its files are from, its command and how many pods it has.
struct ServerSpec {
    std::string sources;  ///< JSON: the volume `conf`
    std::string args;     ///< JSON: the command's arguments
    int replicas = 1;

    bool operator==(const ServerSpec&) const = default;
};
/// Out of `kubectl get deployment NAME -o json`. ErrorKind::Stack for one that is not as kind/infra makes it.
Result<ServerSpec> parse_server_spec(const std::string& server, std::string_view deployment);

/// `found` with its files from the ConfigMap `config`, started by `command` (empty: as it was).
ServerSpec changed_spec(const ServerSpec& found, const std::string& server, const std::string& config,
                        const std::vector<std::string>& command);

/// For `kubectl patch --type=json`.
std::string spec_patch(const ServerSpec& spec);

nlohmann::json to_json(const ServerSpec& spec);
/// Throws nlohmann::json::exception.
ServerSpec spec_from(const nlohmann::json& value);

}  // namespace pushsim::kind
