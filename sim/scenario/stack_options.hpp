#pragma once
// The servers that a scenario wants.

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pushsim::scenario {

/// Options of one server by Keylime's own names, in Keylime's own text ("2", not "2s"); nullopt = leave the
/// option out of its configuration file.
using ServerOptions = std::map<std::string, std::optional<std::string>>;

/// `stack:`, the servers a scenario wants.
struct StackOptions {
    ServerOptions verifier;
    ServerOptions registrar;
    bool verifier_raw = false;   ///< `raw: true`: values that Keylime cannot take are wanted
    bool registrar_raw = false;  ///< the same for the registrar
    std::string database = "sqlite";
    std::optional<int> workers;      ///< processes of the verifier; as Keylime decides if absent
    std::vector<std::string> needs;  ///< words of needs()
    std::string keylime;             ///< ">=7.14"; empty: any version
    bool fresh = false;              ///< a stack of its own, shared with no other scenario

    bool operator==(const StackOptions&) const = default;
};

/// Whether two scenarios may run against one stack: neither wants a fresh one, and their options agree.
bool can_share(const StackOptions& a, const StackOptions& b);

}  // namespace pushsim::scenario
