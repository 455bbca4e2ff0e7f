#pragma once
// Where the registrar and verifier under test are, whatever kind of stack they belong to.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "agent/base/result.hpp"

namespace pushsim::stack {

struct HostPort {
    std::string host = "127.0.0.1";  ///< name or address, IPv6 without brackets
    std::uint16_t port = 0;

    /// "127.0.0.1:8881", "[::1]:8881".
    std::string text() const;
};

class AdminRelay;

/// What every consumer needs to know of a stack; it knows nothing of processes.
struct StackAddress {
    std::string kind = "local";               ///< "local", "external", "kind"
    HostPort verifier;                        ///< HTTPS: agents, and the tenant with its certificate
    HostPort registrar_http;                  ///< HTTP: register and activate
    HostPort registrar_tls;                   ///< HTTPS: the tenant with its certificate
    std::filesystem::path ca_file;            ///< PEM: whom the servers' certificates chain to
    std::filesystem::path admin_certificate;  ///< PEM: makes its bearer an administrator
    std::filesystem::path admin_key;          ///< PEM
    /// False only where the scenario asked for a bad server certificate: then the tenant does not verify it.
    bool verify_server = true;
    std::string api_version = "2.6";             ///< of the admin and registrar API
    std::optional<std::string> keylime_version;  ///< "7.14.3"; absent where it cannot be known
    std::string keylime_origin;                  ///< KeylimeInstall::origin; empty where it cannot be known
    /// In what its start is not Keylime's own, for a person; empty: in nothing.
    std::string changed_start;
    // Absent where they cannot be seen (external stacks).
    std::optional<std::filesystem::path> verifier_database;  ///< SQLite file
    std::optional<std::filesystem::path> verifier_log;
    std::optional<std::filesystem::path> registrar_log;
    /// Who does the tenant's requests, where the administrator's certificate is not here; null: it is.
    std::shared_ptr<AdminRelay> relay = {};
};

/// An external stack is nothing but its address: checks that hosts, ports and the three files are given and
/// readable, and that host names resolve. ErrorKind::Config, or of files Stack, naming what is wrong and the
/// way out.
Result<StackAddress> external_stack(StackAddress address);

/// ErrorKind::Stack, naming `what` and the file, unless it is a readable regular file: a stack whose CA
/// cannot be read cannot be used, however right the options are.
Result<void> check_readable(const std::filesystem::path& file, const std::string& what);

}  // namespace pushsim::stack
