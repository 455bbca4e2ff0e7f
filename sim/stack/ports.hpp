#pragma once
// Free loopback ports, and who holds the others.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

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

/// Ports that no other pushsim in this network namespace chooses while this lives, whatever its user and its
/// registry. Their servers need seconds until they listen.
class PortClaim {
  public:
    /// ErrorKind::Stack naming a port that another one has claimed.
    static Result<PortClaim> make(const std::set<std::uint16_t>& ports);

    PortClaim(PortClaim&& other) noexcept;
    PortClaim& operator=(PortClaim&&) = delete;
    PortClaim(const PortClaim&) = delete;
    PortClaim& operator=(const PortClaim&) = delete;
    ~PortClaim();

  private:
    PortClaim() = default;
    std::vector<int> sockets_;
};

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
