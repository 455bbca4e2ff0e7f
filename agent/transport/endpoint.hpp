#pragma once
// Where a connection goes.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/result.hpp"

namespace pushsim::transport {

enum class Scheme { Http, Https };

struct Endpoint {
    Scheme scheme = Scheme::Https;
    std::string host = {};  ///< name or IP address (IPv6 without brackets); what the Host header says
    std::uint16_t port = 0;
    /// IP address to connect from; the system's choice when absent.
    std::optional<std::string> source_address = {};
    /// Name or IP address that the server's certificate must bear as SAN (and the SNI, if a name); `host`
    /// when absent.
    std::optional<std::string> server_name = {};
    /// IP addresses to connect to, tried in order, each for an equal share of the time that is left; a
    /// connection begins with the one that worked last. Empty: what `host` resolves to when the connection
    /// is made.
    std::vector<std::string> addresses = {};
};

/// "127.0.0.1:8881", "[::1]:8881" (RFC 3986, 3.2): for messages and the Host header.
std::string authority_of(const Endpoint& endpoint);

/// Fills in `addresses` if they are empty: `host` itself if it is an IP address, else by getaddrinfo, WHICH
/// BLOCKS. Resolve once, copy for every agent. ErrorKind::Transport if the name does not resolve.
Result<Endpoint> resolve(Endpoint endpoint);

bool is_ip_address(const std::string& text);

}  // namespace pushsim::transport
