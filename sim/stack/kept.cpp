#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "sim/stack/control.hpp"

namespace pushsim::stack {
namespace {

// Every stack has its own of these; they change nothing of how the servers judge.
const std::set<std::string> kOfThePlace{"port",        "tls_port",          "tls_dir",
                                        "server_key",  "server_cert",       "client_key",
                                        "client_cert", "trusted_client_ca", "trusted_server_ca"};

std::string what_matters(const std::string& config) {
    std::istringstream lines(config);
    std::string kept;
    for (std::string line; std::getline(lines, line);) {
        const std::string name = line.substr(0, line.find_first_of(" ="));
        if (!line.empty() && line[0] != '#' && !kOfThePlace.contains(name)) kept += line + '\n';
    }
    return kept;
}

bool has_port(const HostPort& server, std::optional<std::uint16_t> asked) {
    return !asked || server.port == *asked;
}

bool has_certificates(const StackRecord& record, std::optional<Certificates> asked) {
    const auto folder = record.address.ca_file.parent_path();
    return !asked || folder == record.folder / (*asked == Certificates::Own ? "tls" : "run/cv_ca");
}

}  // namespace

bool runs_with(const StackRecord& record, const LocalStackOptions& wanted) {
    const StackAddress& address = record.address;
    if (wanted.keylime.may_change || address.keylime_origin != wanted.keylime.origin ||
        address.keylime_version.value_or("") != wanted.keylime.version) {
        return false;
    }
    if (!has_port(address.verifier, wanted.ports.verifier) ||
        !has_port(address.registrar_http, wanted.ports.registrar_http) ||
        !has_port(address.registrar_tls, wanted.ports.registrar_tls) ||
        !has_certificates(record, wanted.certificates)) {
        return false;
    }
    const auto files = make_config(
        {.ports = {}, .tls = std::nullopt, .verifier = wanted.verifier, .registrar = wanted.registrar});
    if (!files) return false;
    for (const char* name : {"verifier.conf", "registrar.conf"}) {
        std::ifstream file(record.folder / "etc" / name);
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        if (text.empty() || what_matters(text) != what_matters(files->at(name))) return false;
    }
    return true;
}

}  // namespace pushsim::stack
