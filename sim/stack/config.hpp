#pragma once
// The configuration files of a stack. Names and values are Keylime's own; what is not said is what
// keylime 7.14's servers need to run in push mode.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/result.hpp"
#include "sim/stack/address.hpp"

namespace pushsim::stack {

/// Option name -> text as it stands in the file; nullopt leaves the option out of it.
using Options = std::map<std::string, std::optional<std::string>>;

/// A configuration file: sections of options, in order.
class ConfigFile {
  public:
    using Section = std::pair<std::string, std::vector<std::pair<std::string, std::string>>>;

    explicit ConfigFile(std::vector<Section> sections) : sections_(std::move(sections)) {}

    /// Replaces, appends or (nullopt) removes. ErrorKind::Config if a section, name or value cannot be
    /// written in the file: `name` must be letters, digits, `_`; `value` must be one line.
    Result<void> set(const std::string& section, const std::string& name,
                     const std::optional<std::string>& value);
    /// Nothing where it is left out.
    std::optional<std::string> get(const std::string& section, const std::string& name) const;
    std::string text() const;

  private:
    std::vector<Section> sections_;
};

ConfigFile verifier_template();
ConfigFile registrar_template();
ConfigFile tenant_template();
ConfigFile ca_template();
ConfigFile logging_template();

/// The section of its component's file in which Keylime looks for an option: "verifier", "revocations".
std::string section_of(const std::string& component, const std::string& option);

/// Ports of a stack.
struct Ports {
    std::uint16_t registrar_http = 0;
    std::uint16_t verifier = 0;
    std::uint16_t registrar_tls = 0;
};

/// Keys and certificates of both servers and of the tenant, PEM. What a user's `tls_dir` says, or what we
/// made.
struct TlsFiles {
    std::filesystem::path ca;
    std::filesystem::path server_certificate;
    std::filesystem::path server_key;
    std::filesystem::path client_certificate;
    std::filesystem::path client_key;
};

struct StackConfig {
    Ports ports;
    std::optional<TlsFiles> tls;  ///< nullopt: Keylime's own `generate`
    Options verifier;             ///< win over everything else; a `revocations` option finds its section
    Options registrar;
};

/// File name -> text: verifier.conf, registrar.conf, ca.conf, logging.conf. ErrorKind::Config, naming file
/// and option.
Result<std::map<std::string, std::string>> make_config(const StackConfig& config);

/// tenant.conf, with which keylime_tenant finds both servers and shows the administrator's certificate; the
/// registrar reads it too. Names every file, so that keylime_tenant needs no other setting. `tpm_cert_store`
/// is the folder with the CAs of the makers of TPMs that are trusted.
std::string tenant_config(const StackAddress& address, const std::string& tpm_cert_store);

/// What a user's own `tls_dir` in the verifier's options means: nullopt where there is none or it is
/// `generate`. Every file must be readable: ErrorKind::Stack, naming option, file and the way out.
Result<std::optional<TlsFiles>> user_tls_files(const Options& verifier);

}  // namespace pushsim::stack
