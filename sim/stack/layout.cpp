#include "sim/stack/layout.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <set>
#include <system_error>

#include <fmt/core.h>
#include <sys/stat.h>

#include "agent/base/files.hpp"
#include "sim/pki/tpm_maker.hpp"

extern char** environ;

namespace pushsim::stack {
namespace {

namespace fs = std::filesystem;

// sun_path holds 107 octets, and Keylime binds <runtime>/keylime/shared_data.<pid>.sock.
constexpr std::size_t kLongestRuntime = 107 - std::string_view("/keylime/shared_data.4194304.sock").size();

constexpr const char* kVerifierDatabase = "cv_data.sqlite";
constexpr const char* kRegistrarDatabase = "reg_data.sqlite";

/// Names of databases that are being made, one a line.
fs::path unfinished_databases(const Layout& layout) {
    return layout.run / "unfinished-databases";
}

Result<void> make_private_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (!error) fs::permissions(folder, fs::perms::owner_all, error);
    if (error) {
        return fail(ErrorKind::System,
                    fmt::format("cannot make the folder {}: {}", folder.string(), error.message()),
                    "choose a folder that this user may write to");
    }
    return {};
}

std::string option_or(const Options& options, const std::string& name, const std::string& usual) {
    const auto found = options.find(name);
    return found == options.end() || !found->second ? usual : *found->second;
}

Result<void> take_port(std::optional<std::uint16_t>& port, const Options& options,
                       const std::string& component, const std::string& name) {
    const std::string text = option_or(options, name, "");
    if (text.empty()) return {};
    std::uint16_t number = 0;
    const auto [last, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (bad != std::errc{} || last != text.data() + text.size() || number == 0) {
        return fail(ErrorKind::Config, fmt::format("{} option '{}': '{}' is no port", component, name, text),
                    "a port is a number from 1 to 65535; leave it out, and a free one is chosen");
    }
    port = number;
    return {};
}

}  // namespace

Layout plan_layout(const fs::path& folder, const std::string& id) {
    Layout layout;
    layout.folder = canonical_path(folder);
    layout.etc = layout.folder / "etc";
    layout.run = layout.folder / "run";
    layout.runtime = layout.folder / "xdg";
    layout.tls = layout.folder / "tls";
    layout.tpm_makers = layout.folder / "tpm-makers";
    layout.database = "/tmp/pushsim-" + id + "-database";
    layout.runtime_elsewhere = layout.runtime.string().size() > kLongestRuntime;
    if (layout.runtime_elsewhere) layout.runtime = "/tmp/pushsim-" + id;
    return layout;
}

Result<void> make_layout(const Layout& layout) {
    for (const auto& inner : {layout.folder, layout.etc, layout.run, layout.tls, layout.tpm_makers}) {
        if (auto made = make_private_folder(inner); !made) return made;
    }
    if (!layout.runtime_elsewhere) return make_private_folder(layout.runtime);
    if (::mkdir(layout.runtime.c_str(), 0700) == 0) return {};
    return fail(ErrorKind::System,
                fmt::format("cannot make the folder {}: {}", layout.runtime.string(), std::strerror(errno)));
}

Result<TlsFiles> make_certificates(const Layout& layout, const pki::TestPki& pki,
                                   pki::CertificateKind server_certificate,
                                   const std::vector<std::string>& addresses) {
    pki::Holder server{.common_name = "pushsim-server", .dns = {"localhost"}, .ip = {"127.0.0.1", "::1"}};
    for (const auto& address : addresses) {
        if (std::ranges::find(server.ip, address) == server.ip.end()) server.ip.push_back(address);
    }
    auto ca = pki::write_certificate(pki.ca_certificate_pem(), layout.tls / "ca-cert.pem");
    if (!ca) return fail(ca.error());
    auto server_files =
        pki::write_files(pki.issue(server_certificate, pki::Role::Server, server), layout.tls, "server");
    if (!server_files) return fail(server_files.error());
    auto admin_files = pki::write_files(
        pki.issue(pki::CertificateKind::Admin, pki::Role::Client, {.common_name = "pushsim-admin"}),
        layout.tls, "admin");
    if (!admin_files) return fail(admin_files.error());
    return TlsFiles{.ca = *ca,
                    .server_certificate = server_files->certificate,
                    .server_key = server_files->key,
                    .client_certificate = admin_files->certificate,
                    .client_key = admin_files->key};
}

Result<void> write_config(const Layout& layout, const StackConfig& config, const StackAddress& address) {
    auto files = make_config(config);
    if (!files) return fail(files.error());
    files->emplace("tenant.conf", tenant_config(address, layout.tpm_makers.string()));
    if (auto written = write_file(layout.tpm_makers / "maker.pem", pki::kTpmMakerCertificate, 0600); !written)
        return fail(written.error());
    for (const auto& [name, text] : *files) {
        if (auto written = write_file(layout.etc / name, text, 0600); !written) return fail(written.error());
    }
    return {};
}

std::vector<std::pair<std::string, std::string>> server_environment(const Layout& layout,
                                                                    const std::string& id,
                                                                    const KeylimeInstall& keylime) {
    std::vector<std::pair<std::string, std::string>> environment;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string text = *entry;
        const auto equals = text.find('=');
        if (equals == std::string::npos) continue;
        const std::string name = text.substr(0, equals);
        // KEYLIME_* would override the files; the Python variables would bring other code in.
        if (name.starts_with("KEYLIME_") || name == "PYTHONPATH" || name == "PYTHONHOME" ||
            name == "PYTHONUNBUFFERED" || name == "XDG_RUNTIME_DIR" || name == kFolderVariable ||
            name == kIdVariable) {
            continue;
        }
        environment.emplace_back(name, text.substr(equals + 1));
    }
    environment.emplace_back(kFolderVariable, layout.folder.string());
    environment.emplace_back(kIdVariable, id);
    environment.emplace_back("KEYLIME_DIR", layout.run.string());
    environment.emplace_back("XDG_RUNTIME_DIR", layout.runtime.string());
    environment.emplace_back("PYTHONUNBUFFERED", "1");
    const std::pair<const char*, const char*> files[] = {{"KEYLIME_VERIFIER_CONFIG", "verifier.conf"},
                                                         {"KEYLIME_REGISTRAR_CONFIG", "registrar.conf"},
                                                         {"KEYLIME_TENANT_CONFIG", "tenant.conf"},
                                                         {"KEYLIME_CA_CONFIG", "ca.conf"},
                                                         {"KEYLIME_LOGGING_CONFIG", "logging.conf"}};
    for (const auto& [name, file] : files)
        environment.emplace_back(name, (layout.etc / file).string());
    for (const auto& variable : keylime.environment)
        environment.push_back(variable);
    return environment;
}

Result<AskedPorts> asked_ports(const LocalStackOptions& options) {
    AskedPorts asked = options.ports;
    if (auto taken = take_port(asked.verifier, options.verifier, "verifier", "port"); !taken) {
        return fail(taken.error());
    }
    if (auto taken = take_port(asked.registrar_http, options.registrar, "registrar", "port"); !taken) {
        return fail(taken.error());
    }
    if (auto taken = take_port(asked.registrar_tls, options.registrar, "registrar", "tls_port"); !taken) {
        return fail(taken.error());
    }
    return asked;
}

std::string listen_address(const Options& options) {
    return option_or(options, "ip", "127.0.0.1");
}

std::string call_address(const Options& options) {
    const std::string address = listen_address(options);
    if (address == "0.0.0.0") return "127.0.0.1";
    if (address == "::") return "::1";
    return address;
}

Result<void> prepare_databases(const Layout& layout) {
    std::error_code error;
    std::set<std::string> unfinished;
    std::ifstream noted(unfinished_databases(layout));
    for (std::string name; std::getline(noted, name);)
        unfinished.insert(std::move(name));
    std::string names;
    for (const std::string name : {kVerifierDatabase, kRegistrarDatabase}) {
        if (unfinished.contains(name)) {
            for (const char* part : {"", "-journal", "-wal", "-shm"})
                fs::remove(layout.run / (name + part), error);
        }
        if (!fs::exists(layout.run / name, error)) names += name + '\n';
    }
    if (names.empty()) {
        databases_are_finished(layout);
        return {};
    }
    return write_file(unfinished_databases(layout), names, 0600);
}

void databases_are_finished(const Layout& layout) {
    std::error_code error;
    fs::remove(unfinished_databases(layout), error);
}

std::optional<fs::path> verifier_database(const Layout& layout, const Options& options) {
    const std::string url = option_or(options, "database_url", "sqlite");
    constexpr std::string_view kFile = "sqlite:///";
    if (url == "sqlite") return layout.run / kVerifierDatabase;
    if (url.starts_with(kFile)) return layout.run / url.substr(kFile.size());
    return std::nullopt;
}

Result<void> check_tpm2_tools() {
    if (in_path("tpm2_startup")) return {};
    return fail(
        ErrorKind::Config,
        "tpm2-tools are missing (no tpm2_startup in PATH), and Keylime's verifier does not start without",
        "run scripts/setup, or: apt-get install tpm2-tools");
}

}  // namespace pushsim::stack
