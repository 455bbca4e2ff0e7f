#pragma once
// A ClientHello (RFC 8446, 4.1.2), as far as agents can be told apart by it.

#include <string>
#include <string_view>
#include <vector>

namespace pushsim::habits {

struct ClientHello {
    std::vector<int> ciphers;
    std::vector<int> versions;  ///< supported_versions
    std::vector<int> groups;    ///< supported_groups
    std::vector<std::string> alpn;
    bool has_server_name = false;
    bool has_psk = false;
    int ticket_size = -1;  ///< -1: no session_ticket extension
};

/// The body of the handshake message; throws std::out_of_range for one that is cut.
ClientHello parse_client_hello(std::string_view body);

}  // namespace pushsim::habits
