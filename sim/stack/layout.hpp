#pragma once
// What a local stack's folder holds before its servers start. Used by LocalStack alone.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/stack/local_stack.hpp"

namespace pushsim::stack {

/// The folders of a stack.
struct Layout {
    std::filesystem::path folder;  ///< canonical
    std::filesystem::path etc;     ///< configuration, 0700
    std::filesystem::path run;     ///< KEYLIME_DIR: databases, Keylime's own CA
    std::filesystem::path
        runtime;                ///< XDG_RUNTIME_DIR: xdg/, or a folder in /tmp where that path is too long
    std::filesystem::path tls;  ///< our CA's certificates
    std::filesystem::path
        tpm_makers;                  ///< tpm_cert_store: certificates of the makers of TPMs that are trusted
    std::filesystem::path database;  ///< in /tmp, with a short path: of PostgreSQL, where there is one
    bool runtime_elsewhere = false;  ///< `runtime` is not in `folder`, and is to be removed at the end

    std::filesystem::path verifier_log() const { return folder / "verifier.log"; }
    std::filesystem::path registrar_log() const { return folder / "registrar.log"; }
    std::filesystem::path database_log() const { return folder / "database.log"; }
};

/// Where everything goes of the stack in `folder`; nothing is made. `id`, random, names the folder in /tmp.
Layout plan_layout(const std::filesystem::path& folder, const std::string& id);

/// Makes the folders, 0700. A folder in /tmp that is there already is somebody else's. ErrorKind::System,
/// naming the folder.
Result<void> make_layout(const Layout& layout);

/// Certificates of that CA for both servers and the administrator, in layout.tls.
Result<TlsFiles> make_certificates(const Layout& layout, const pki::TestPki& pki,
                                   pki::CertificateKind server_certificate,
                                   const std::vector<std::string>& addresses);

/// Writes make_config()'s files and tenant.conf into layout.etc, and the maker's certificate into
/// layout.tpm_makers.
Result<void> write_config(const Layout& layout, const StackConfig& config, const StackAddress& address);

/// The environment of both servers: ours without what would change Keylime's behaviour, and what names the
/// stack and its files.
std::vector<std::pair<std::string, std::string>> server_environment(const Layout& layout,
                                                                    const std::string& id,
                                                                    const KeylimeInstall& keylime);

/// The ports asked for, by AskedPorts or by options. ErrorKind::Config for a text that is no port.
Result<AskedPorts> asked_ports(const LocalStackOptions& options);

/// Where a server listens, by its `ip` option, and where to call it.
std::string listen_address(const Options& options);
std::string call_address(const Options& options);

/// Before the servers start. Where their options name no other database they make their own, and one that is
/// ended before all its tables are there does not start again ("table verifiermain already exists"): removes
/// what an earlier start left unfinished, and notes which files this one is to make.
Result<void> prepare_databases(const Layout& layout);
/// The servers are ready: what they made is finished.
void databases_are_finished(const Layout& layout);

/// The verifier's SQLite file, as `database_url` says; nothing for another database.
std::optional<std::filesystem::path> verifier_database(const Layout& layout, const Options& options);

/// ErrorKind::Config with the way out unless tpm2_startup is in PATH: without it the verifier does not start.
Result<void> check_tpm2_tools();

}  // namespace pushsim::stack
