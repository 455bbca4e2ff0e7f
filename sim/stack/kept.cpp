#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <tuple>

#include <fmt/core.h>

#include "sim/stack/control.hpp"
#include "sim/stack/workers.hpp"

namespace pushsim::stack {
namespace {

// Every stack has its own of these; they change nothing of how the servers judge.
const std::set<std::string> kOfThePlace{"port",        "tls_port",          "tls_dir",
                                        "server_key",  "server_cert",       "client_key",
                                        "client_cert", "trusted_client_ca", "trusted_server_ca"};

/// Option -> its line.
std::map<std::string, std::string> what_matters(const std::string& config) {
    std::istringstream lines(config);
    std::map<std::string, std::string> kept;
    for (std::string line; std::getline(lines, line);) {
        const std::string name = line.substr(0, line.find_first_of(" ="));
        if (!line.empty() && line[0] != '#' && !kOfThePlace.contains(name)) kept[name] += line;
    }
    return kept;
}

/// "'quote_interval = 5', wanted is 'quote_interval = 1'": the first option that differs; empty: none.
std::string first_difference(const std::map<std::string, std::string>& there,
                             const std::map<std::string, std::string>& wanted) {
    const auto words = [](const auto& options, const std::string& name) {
        const auto found = options.find(name);
        return found == options.end() ? "no " + name : fmt::format("'{}'", found->second);
    };
    std::map<std::string, std::string> all = there;
    all.insert(wanted.begin(), wanted.end());
    for (const auto& [name, line] : all) {
        const std::string is = words(there, name);
        const std::string should_be = words(wanted, name);
        if (is != should_be) return fmt::format("{}, wanted is {}", is, should_be);
    }
    return "";
}

bool has_port(const HostPort& server, std::optional<std::uint16_t> asked) {
    return !asked || server.port == *asked;
}

bool has_certificates(const StackRecord& record, std::optional<Certificates> asked) {
    const auto folder = record.address.ca_file.parent_path();
    return !asked || folder == record.folder / (*asked == Certificates::Own ? "tls" : "run/cv_ca");
}

}  // namespace

std::optional<std::string> misfit(const StackRecord& record, const LocalStackOptions& wanted) {
    const StackAddress& address = record.address;
    const std::string version = address.keylime_version.value_or("");
    if (address.keylime_origin != wanted.keylime.origin || version != wanted.keylime.version) {
        return fmt::format("it runs Keylime {} from {}, wanted is {} from {}", version,
                           address.keylime_origin, wanted.keylime.version, wanted.keylime.origin);
    }
    if (wanted.databases != Databases::Sqlite) return "a database server is wanted for the servers";
    if (wanted.workers > processors())
        return fmt::format("{} workers are wanted, and that needs a changed start", *wanted.workers);
    if (wanted.keylime.may_change) return wanted.keylime.origin + " may have changed since it was started";
    for (const auto& [name, server, asked] :
         {std::tuple{"verifier", &address.verifier, wanted.ports.verifier},
          std::tuple{"registrar", &address.registrar_http, wanted.ports.registrar_http},
          std::tuple{"registrar's TLS", &address.registrar_tls, wanted.ports.registrar_tls}}) {
        if (!has_port(*server, asked))
            return fmt::format("its {} port is {}, wanted is {}", name, server->port, *asked);
    }
    if (!has_certificates(record, wanted.certificates)) return "its certificates are of the other kind";
    const auto files = make_config({.ports = {},
                                    .tls = std::nullopt,
                                    .verifier = verifier_options(wanted),
                                    .registrar = wanted.registrar});
    for (const char* name : {"verifier.conf", "registrar.conf"}) {
        const auto path = record.folder / "etc" / name;
        std::ifstream file(path);
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        if (!files || text.empty()) return fmt::format("{} cannot be compared", path.string());
        const std::string difference = first_difference(what_matters(text), what_matters(files->at(name)));
        if (!difference.empty()) return fmt::format("its {} has {}", name, difference);
    }
    return std::nullopt;
}

}  // namespace pushsim::stack
