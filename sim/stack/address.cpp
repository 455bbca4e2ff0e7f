#include "sim/stack/address.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <initializer_list>
#include <system_error>
#include <utility>

#include <fmt/core.h>

#include "agent/transport/endpoint.hpp"

namespace pushsim::stack {

std::string HostPort::text() const {
    return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                               : fmt::format("[{}]:{}", host, port);
}

Result<void> check_readable(const std::filesystem::path& file, const std::string& what) {
    const auto unreadable = [&](const std::string& why) {
        return fail(ErrorKind::Stack, fmt::format("{}: cannot read {}: {}", what, file.string(), why),
                    "give a PEM file that this user may read");
    };
    std::error_code ignored;
    const auto status = std::filesystem::status(file, ignored);
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
        return unreadable("it is not a file");
    }
    errno = 0;
    if (!std::ifstream(file)) return unreadable(std::strerror(errno));
    return {};
}

Result<StackAddress> external_stack(StackAddress address) {
    if (address.kind != "kind") address.kind = "external";
    const std::string stack = address.kind == "kind" ? "the cluster" : "external stack";
    const std::initializer_list<std::pair<const char*, const HostPort*>> servers = {
        {"verifier", &address.verifier},
        {"registrar (HTTP)", &address.registrar_http},
        {"registrar (TLS)", &address.registrar_tls}};
    for (const auto& [name, server] : servers) {
        if (server->host.empty() || server->port == 0) {
            return fail(ErrorKind::Config, fmt::format("{}: no host and port of the {}", stack, name));
        }
    }
    const std::initializer_list<std::pair<const char*, const std::filesystem::path*>> files = {
        {"CA certificate", &address.ca_file},
        {"administrator's certificate", &address.admin_certificate},
        {"administrator's key", &address.admin_key}};
    for (const auto& [name, file] : files) {
        if (file->empty()) return fail(ErrorKind::Config, fmt::format("{}: no {}", stack, name));
        if (auto readable = check_readable(*file, fmt::format("{}: {}", stack, name)); !readable) {
            return fail(std::move(readable.error()));
        }
    }
    for (const auto& [name, server] : servers) {
        const auto found = transport::resolve({.host = server->host, .port = server->port});
        if (!found) {
            return fail(ErrorKind::Config, fmt::format("{}: {}: {}", stack, name, found.error().message),
                        found.error().mend);
        }
    }
    return address;
}

}  // namespace pushsim::stack
