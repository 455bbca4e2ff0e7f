#pragma once
// Free loopback ports, and who holds the others.

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "agent/base/result.hpp"
#include "sim/stack/config.hpp"

namespace pushsim::stack {

/// Ports that were asked for; the others are chosen.
struct AskedPorts {
    std::optional<std::uint16_t> registrar_http;
    std::optional<std::uint16_t> verifier;
    std::optional<std::uint16_t> registrar_tls;
};

/// Where the servers listen: their option `ip`.
struct ListenAddresses {
    std::string verifier = "127.0.0.1";
    std::string registrar = "127.0.0.1";
};

/// Nobody listens on it, and a server may.
bool port_is_free(const std::string& address, std::uint16_t port);

/// Three ports, from 41810 upwards where free, without those of `avoid`. Another process may take one before
/// the server does. ErrorKind::Config naming a port that was asked for twice; ErrorKind::Stack naming one
/// that was asked for, is taken, and by whom; ErrorKind::System when there are none.
Result<Ports> choose_ports(const AskedPorts& asked, const std::set<std::uint16_t>& avoid,
                           const ListenAddresses& addresses = {});

/// "process 4711 (keylime_verifier)": who listens on a TCP port, where /proc tells us.
std::optional<std::string> port_holder(std::uint16_t port);

/// The error of a port that is taken: names it, its holder, and the way out.
Error port_taken(const std::string& whose, std::uint16_t port);

}  // namespace pushsim::stack
