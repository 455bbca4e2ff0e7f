#include "sim/stack/find_host.hpp"

#include <sstream>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "agent/base/files.hpp"
#include "agent/protocol/admin.hpp"
#include "agent/protocol/registrar.hpp"
#include "sim/stack/admin_client.hpp"
#include "sim/stack/inspect.hpp"

namespace pushsim::stack {
namespace {

/// Of each host: an address that nobody has answers with nothing.
constexpr std::chrono::seconds kPatience{5};
constexpr std::chrono::seconds kBetween{1};

/// What is there instead of a verifier for us; nothing where one is.
std::optional<std::string> why_not(const HostPort& where, const std::filesystem::path& ca_file,
                                   const Clock& clock) {
    const TlsIdentity nobody{.ca_file = ca_file, .certificate = {}, .key = {}};
    const Call call = AdminClient(where, nobody, clock, kPatience).exchange(protocol::version_request());
    if (!call.outcome.response) return call.outcome.failure->message;
    StackAddress address;
    address.verifier = where;
    address.ca_file = ca_file;
    const auto right = inspect_verifier(address, clock);
    if (right) return std::nullopt;
    return right.error().message;
}

std::optional<std::string> find_once(const std::vector<std::string>& hosts, std::uint16_t port,
                                     const std::filesystem::path& ca_file, const Clock& clock,
                                     std::vector<std::string>& tried) {
    for (const std::string& one : hosts) {
        std::string host = one;
        if (host == gateway_word) {
            const auto address = default_gateway(read_file("/proc/net/route"));
            if (!address) {
                tried.emplace_back("gateway: there is no default route");
                continue;
            }
            host = *address;
        }
        const auto why = why_not({host, port}, ca_file, clock);
        if (!why) return host;
        tried.push_back(one == host ? *why : fmt::format("{}: {}", one, *why));
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> default_gateway(const std::string& routes) {
    std::istringstream lines(routes);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string interface, destination, gateway;
        words >> interface >> destination >> gateway;
        if (destination != "00000000" || gateway.size() != 8 || gateway == "00000000") continue;
        in_addr address{};
        // As the machine has it in memory.
        address.s_addr = static_cast<in_addr_t>(std::stoul(gateway, nullptr, 16));
        char text[INET_ADDRSTRLEN];
        return ::inet_ntop(AF_INET, &address, text, sizeof(text));
    }
    return std::nullopt;
}

Result<std::string> find_host(const std::vector<std::string>& hosts, std::uint16_t port,
                              const std::filesystem::path& ca_file, const Clock& clock, Duration patience,
                              const StopAsked& stop_asked) {
    const Instant end = clock.now() + patience;
    while (true) {
        std::vector<std::string> tried;
        if (auto found = find_once(hosts, port, ca_file, clock, tried)) return std::move(*found);
        if (stop_asked && stop_asked()) return fail(ErrorKind::Interrupted, "stopped");
        if (clock.now() >= end) {
            return fail(ErrorKind::Stack,
                        fmt::format("no verifier is found at port {}:\n  {}", port, fmt::join(tried, "\n  ")),
                        "is the verifier up (`pushsim stack status --stack kind`), and on the same container "
                        "network as this one?");
        }
        wait_for(kBetween);
    }
}

}  // namespace pushsim::stack
