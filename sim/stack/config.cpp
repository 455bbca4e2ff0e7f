#include "sim/stack/config.hpp"

#include <algorithm>
#include <set>

#include <fmt/core.h>

namespace pushsim::stack {
namespace {

bool is_name(const std::string& text) {
    return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

// Python's configparser ends a line at each of these.
bool is_one_line(const std::string& text) {
    return std::ranges::none_of(text, [](unsigned char c) { return c == '\n' || c == '\r' || c == '\0'; });
}

// The options that Keylime reads from [revocations] rather than [verifier].
const std::set<std::string>& revocation_options() {
    static const std::set<std::string> names = {"enabled_revocation_notifications", "zmq_ip", "zmq_port",
                                                "webhook_url"};
    return names;
}

Result<void> apply(ConfigFile& file, const std::string& component, const Options& options) {
    for (const auto& [name, value] : options) {
        if (auto set = file.set(section_of(component, name), name, value); !set) {
            return fail(set.error().in(component + ".conf"));
        }
    }
    return {};
}

void set_port(ConfigFile& file, const std::string& section, const std::string& name, std::uint16_t port) {
    (void)file.set(section, name, std::to_string(port));
}

std::string list_of(const std::filesystem::path& file) {
    return fmt::format("[\"{}\"]", file.string());
}

void use_server_files(ConfigFile& file, const std::string& section, const TlsFiles& tls) {
    (void)file.set(section, "tls_dir", tls.server_certificate.parent_path().string());
    (void)file.set(section, "server_key", tls.server_key.string());
    (void)file.set(section, "server_cert", tls.server_certificate.string());
    (void)file.set(section, "trusted_client_ca", list_of(tls.ca));
}

void use_client_files(ConfigFile& file, const std::string& section, const std::filesystem::path& ca,
                      const std::filesystem::path& certificate, const std::filesystem::path& key) {
    (void)file.set(section, "tls_dir", certificate.parent_path().string());
    (void)file.set(section, "client_key", key.string());
    (void)file.set(section, "client_cert", certificate.string());
    (void)file.set(section, "trusted_server_ca", list_of(ca));
}

}  // namespace

std::string section_of(const std::string& component, const std::string& option) {
    return component == "verifier" && revocation_options().contains(option) ? "revocations" : component;
}

Result<void> ConfigFile::set(const std::string& section, const std::string& name,
                             const std::optional<std::string>& value) {
    if (!is_name(name)) {
        return fail(ErrorKind::Config, fmt::format("'{}' is no name of a Keylime option", name),
                    "names are lower-case letters, digits and '_'");
    }
    if (value && !is_one_line(*value)) {
        return fail(ErrorKind::Config, fmt::format("the value of option '{}' is not one line", name));
    }
    auto found = std::ranges::find(sections_, section, &Section::first);
    if (found == sections_.end()) found = sections_.insert(sections_.end(), Section{section, {}});
    auto& options = found->second;
    auto option = std::ranges::find(options, name, &std::pair<std::string, std::string>::first);
    if (!value) {
        if (option != options.end()) options.erase(option);
    } else if (option != options.end()) {
        option->second = *value;
    } else {
        options.emplace_back(name, *value);
    }
    return {};
}

std::optional<std::string> ConfigFile::get(const std::string& section, const std::string& name) const {
    for (const auto& [title, options] : sections_) {
        if (title != section) continue;
        for (const auto& [key, value] : options) {
            if (key == name) return value;
        }
    }
    return std::nullopt;
}

std::string ConfigFile::text() const {
    std::string text;
    for (const auto& [title, options] : sections_) {
        text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", title);
        for (const auto& [name, value] : options)
            text += fmt::format("{} = {}\n", name, value);
    }
    return text;
}

Result<std::map<std::string, std::string>> make_config(const StackConfig& config) {
    ConfigFile verifier = verifier_template();
    ConfigFile registrar = registrar_template();

    set_port(verifier, "verifier", "port", config.ports.verifier);
    set_port(registrar, "registrar", "port", config.ports.registrar_http);
    set_port(registrar, "registrar", "tls_port", config.ports.registrar_tls);
    if (config.tls) {
        const TlsFiles& tls = *config.tls;
        use_client_files(verifier, "verifier", tls.ca, tls.client_certificate, tls.client_key);
        use_server_files(verifier, "verifier", *config.tls);
        use_server_files(registrar, "registrar", *config.tls);
    }
    if (auto done = apply(verifier, "verifier", config.verifier); !done) return fail(done.error());
    if (auto done = apply(registrar, "registrar", config.registrar); !done) return fail(done.error());

    return std::map<std::string, std::string>{{"verifier.conf", verifier.text()},
                                              {"registrar.conf", registrar.text()},
                                              {"ca.conf", ca_template().text()},
                                              {"logging.conf", logging_template().text()}};
}

std::string tenant_config(const StackAddress& address, const std::string& tpm_cert_store) {
    ConfigFile tenant = tenant_template();
    (void)tenant.set("tenant", "verifier_ip", address.verifier.host);
    (void)tenant.set("tenant", "registrar_ip", address.registrar_tls.host);
    set_port(tenant, "tenant", "verifier_port", address.verifier.port);
    set_port(tenant, "tenant", "registrar_port", address.registrar_tls.port);
    use_client_files(tenant, "tenant", address.ca_file, address.admin_certificate, address.admin_key);
    (void)tenant.set("tenant", "tpm_cert_store", tpm_cert_store);
    return tenant.text();
}

Result<std::optional<TlsFiles>> user_tls_files(const Options& verifier) {
    const auto given = [&](const std::string& name) -> std::string {
        const auto found = verifier.find(name);
        return found == verifier.end() || !found->second ? "default" : *found->second;
    };
    const std::string folder = given("tls_dir");
    if (folder == "default" || folder == "generate" || folder.empty()) return std::nullopt;

    const auto file_of = [&](const std::string& option, const char* usual) {
        std::string name = given(option);
        if (name == "default") name = usual;
        // A list with one file, as Keylime writes it: ["ca.pem"].
        if (name.starts_with('[')) {
            const auto first = name.find_first_of("\"'");
            const auto last = name.find_first_of("\"'", first + 1);
            if (first != std::string::npos && last != std::string::npos) {
                name = name.substr(first + 1, last - first - 1);
            }
        }
        return std::filesystem::absolute(std::filesystem::path(folder) / name);
    };
    TlsFiles files{.ca = file_of("trusted_server_ca", "cacert.crt"),
                   .server_certificate = file_of("server_cert", "server-cert.crt"),
                   .server_key = file_of("server_key", "server-private.pem"),
                   .client_certificate = file_of("client_cert", "client-cert.crt"),
                   .client_key = file_of("client_key", "client-private.pem")};
    const std::pair<const char*, const std::filesystem::path*> all[] = {
        {"trusted_server_ca", &files.ca},
        {"server_cert", &files.server_certificate},
        {"server_key", &files.server_key},
        {"client_cert", &files.client_certificate},
        {"client_key", &files.client_key}};
    for (const auto& [option, file] : all) {
        if (auto readable = check_readable(*file, fmt::format("verifier option '{}'", option)); !readable) {
            return fail(readable.error());
        }
    }
    return files;
}

}  // namespace pushsim::stack
