#include "sim/kind/certificates.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "agent/base/bytes.hpp"
#include "agent/base/files.hpp"
#include "sim/pki/pki.hpp"

namespace pushsim::kind {
namespace {

namespace fs = std::filesystem;

/// File name -> text, as in the data of a Secret.
using Files = std::map<std::string, std::string>;

bool is_address(const std::string& name) {
    unsigned char octets[sizeof(in6_addr)];
    return ::inet_pton(AF_INET, name.c_str(), octets) == 1 ||
           ::inet_pton(AF_INET6, name.c_str(), octets) == 1;
}

/// RFC 1123, 2.1; underscores too, which containers have.
bool is_host_name(const std::string& name) {
    const auto fits = [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_';
    };
    return !name.empty() && name.size() <= 253 && name.front() != '.' && name.front() != '-' &&
           name.find("..") == std::string::npos && std::ranges::all_of(name, fits);
}

/// The names of a Service in its own cluster, that of the cluster's only node in the other one, and what this
/// machine calls the node's published ports.
pki::Holder server(const std::string& service, const std::vector<std::string>& more) {
    pki::Holder holder{
        .common_name = "keylime-" + service,
        .dns = {"localhost", "keylime-infra-control-plane", "host.docker.internal", service,
                service + ".keylime", service + ".keylime.svc", service + ".keylime.svc.cluster.local"},
        .ip = {"127.0.0.1", "::1"}};
    for (const std::string& name : more) {
        auto& names = is_address(name) ? holder.ip : holder.dns;
        if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
    return holder;
}

Result<void> make_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder.parent_path(), error);
    if (::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return {};
    return fail(ErrorKind::System,
                fmt::format("cannot make the folder {}: {}", folder.string(), std::strerror(errno)));
}

Result<void> write_all(const fs::path& folder, const Files& files) {
    if (auto made = make_folder(folder); !made) return made;
    for (const auto& [name, text] : files) {
        const bool is_secret = name.ends_with(".key");
        if (auto done = write_file(folder / name, text, is_secret ? 0600 : 0644); !done) return done;
    }
    return {};
}

std::string secret(const std::string& name, const std::string& type, const Files& files) {
    std::string text = fmt::format(
        "apiVersion: v1\nkind: Secret\nmetadata: {{ name: {}, namespace: keylime }}\ntype: {}\ndata:\n", name,
        type);
    for (const auto& [file, content] : files) {
        const ByteView octets(reinterpret_cast<const std::uint8_t*>(content.data()), content.size());
        text += fmt::format("  {}: {}\n", file, to_base64(octets));
    }
    return text;
}

Result<pki::TestPki> authority(const fs::path& folder, WallTime now, bool& is_new) {
    const fs::path certificate = folder / "ca.crt", key = folder / "ca.key";
    is_new = !fs::exists(certificate) && !fs::exists(key);
    if (is_new) {
        pki::TestPki made(now);
        const auto [certificate_pem, key_pem] = made.ca();
        if (auto done = write_all(folder, {{"ca.crt", certificate_pem}, {"ca.key", key_pem}}); !done)
            return fail(done.error());
        return made;
    }
    auto kept = pki::TestPki::from({read_file(certificate), read_file(key)}, now);
    if (kept) return kept;
    Error error = kept.error().in(certificate.string());
    error.mend = fmt::format("remove {}: a new CA is made, and the agents' cluster has to be given it",
                             folder.string());
    return fail(error);
}

CertificateFiles files_in(const fs::path& folder) {
    return {.ca = folder / "ca" / "ca.crt",
            .verifier = folder / "verifier",
            .registrar = folder / "registrar",
            .tenant = folder / "tenant",
            .infra_secrets = folder / "infra-secrets.yaml",
            .agents_secret = folder / "agents-secret.yaml"};
}

Result<void> write_credentials(const fs::path& where, const std::string& ca, const pki::Credentials& of_one) {
    return write_all(where,
                     {{"ca.crt", ca}, {"tls.crt", of_one.certificate_pem}, {"tls.key", of_one.key_pem}});
}

/// Of what stands in the folders.
Result<void> write_infra_secrets(const CertificateFiles& files) {
    std::string text;
    for (const fs::path& where : {files.verifier, files.registrar, files.tenant}) {
        Files of_one;
        for (const char* name : {"ca.crt", "tls.crt", "tls.key"})
            of_one[name] = read_file(where / name);
        text += (text.empty() ? "" : "---\n") +
                secret(where.filename().string() + "-tls", "kubernetes.io/tls", of_one);
    }
    return write_file(files.infra_secrets, text, 0600);
}

}  // namespace

Result<void> check_names(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        if (!is_address(name) && !is_host_name(name))
            return fail(ErrorKind::Config, fmt::format("'{}' is neither a host name nor an IP address", name),
                        "--name takes what agents call the servers by, such as 172.18.0.1");
    }
    return {};
}

Result<CertificateFiles> make_certificates(const fs::path& folder, const std::vector<std::string>& more,
                                           WallTime now) {
    if (auto fit = check_names(more); !fit) return fail(fit.error());
    if (auto made = make_folder(folder); !made) return fail(made.error());
    CertificateFiles files = files_in(folder);
    const auto pki = authority(folder / "ca", now, files.ca_is_new);
    if (!pki) return fail(pki.error());
    const std::string& ca = pki->ca_certificate_pem();
    using enum pki::CertificateKind;
    for (const fs::path& where : {files.verifier, files.registrar}) {
        const auto issued = pki->issue(Valid, pki::Role::Server, server(where.filename(), more));
        if (auto done = write_credentials(where, ca, issued); !done) return fail(done.error());
    }
    const auto tenant = pki->issue(Admin, pki::Role::Client, {.common_name = "keylime-tenant"});
    if (auto done = write_credentials(files.tenant, ca, tenant); !done) return fail(done.error());
    if (auto done = write_infra_secrets(files); !done) return fail(done.error());
    const std::string agents = secret("keylime-ca", "Opaque", {{"ca.crt", ca}});
    if (auto done = write_file(files.agents_secret, agents, 0644); !done) return fail(done.error());
    return files;
}

Result<RenewedCertificate> renew_certificate(const fs::path& folder, const std::string& server,
                                             WallTime now) {
    const CertificateFiles files = files_in(folder);
    bool is_new = false;
    const auto pki = authority(folder / "ca", now, is_new);
    if (!pki) return fail(pki.error());
    const fs::path where = server == "verifier" ? files.verifier : files.registrar;
    const auto renewed = pki->renew(read_file(where / "tls.crt"));
    if (!renewed) return fail(renewed.error().in((where / "tls.crt").string()));
    if (auto done = write_credentials(where, pki->ca_certificate_pem(), *renewed); !done)
        return fail(done.error());
    if (auto done = write_infra_secrets(files); !done) return fail(done.error());
    return RenewedCertificate{files.infra_secrets, pki::serial_of(renewed->certificate_pem)};
}

}  // namespace pushsim::kind
