#include "agent/transport/endpoint.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <system_error>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>

namespace pushsim::transport {

std::string authority_of(const Endpoint& endpoint) {
    const bool brackets = endpoint.host.find(':') != std::string::npos;
    return brackets ? fmt::format("[{}]:{}", endpoint.host, endpoint.port)
                    : fmt::format("{}:{}", endpoint.host, endpoint.port);
}

bool is_ip_address(const std::string& text) {
    std::array<unsigned char, sizeof(in6_addr)> address{};
    return ::inet_pton(AF_INET, text.c_str(), address.data()) == 1 ||
           ::inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

Result<Endpoint> resolve(Endpoint endpoint) {
    if (!endpoint.addresses.empty()) return endpoint;
    if (is_ip_address(endpoint.host)) {
        endpoint.addresses.push_back(endpoint.host);
        return endpoint;
    }
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(endpoint.host.c_str(), nullptr, &hints, &found);
    if (error != 0) {
        const std::string reason =
            error == EAI_SYSTEM ? std::generic_category().message(errno) : std::string(::gai_strerror(error));
        return fail(ErrorKind::Transport,
                    fmt::format("{}: host name does not resolve: {}", authority_of(endpoint), reason),
                    "check the name, or give an IP address");
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(found, &::freeaddrinfo);
    for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
        std::array<char, NI_MAXHOST> text{};
        if (::getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0,
                          NI_NUMERICHOST) != 0) {
            continue;
        }
        const std::string address(text.data());
        if (std::ranges::find(endpoint.addresses, address) == endpoint.addresses.end()) {
            endpoint.addresses.push_back(address);
        }
    }
    if (endpoint.addresses.empty()) {
        return fail(ErrorKind::Transport,
                    fmt::format("{}: host name has no address", authority_of(endpoint)));
    }
    return endpoint;
}

}  // namespace pushsim::transport
