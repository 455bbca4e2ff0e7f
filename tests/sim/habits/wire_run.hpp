#pragma once
// A virtual agent with the Rust agent's habits and a real TPM (libtpms), over real sockets and TLS against
// servers that play the scripted peer, and all that came there.

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "sim/fleet/virtual_agent.hpp"
#include "tests/agent/lifecycle/peer.hpp"
#include "tests/agent/transport/test_server.hpp"

namespace pushsim::habits {

/// What the agent sent, as it came.
struct Arrived {
    lifecycle::Call call;
    int connection = 0;   ///< of its server, from 0
    std::string text;     ///< head and body, octet by octet
    HttpRequest request;  ///< the same, taken apart; headers in their order and letter case
    Instant at{};
};

struct WireRecord {
    std::vector<Arrived> requests;
    std::vector<std::string> client_hellos;  ///< bodies, one for each connection to the verifier
    std::vector<std::string>
        client_subjects;  ///< of the certificates shown to the verifier, which asks for one
    struct Closed {
        int connection;
        std::size_t requests;  ///< that had come by then
    };
    std::vector<Closed> registrar_closed;  ///< by the agent, while it lived
    std::string history;                   ///< what a run of it leaves
    std::vector<std::string> tokens;       ///< that were given to it
    Duration timeout{};                    ///< of one exchange, as the habits had it here

    std::vector<const Arrived*> of(lifecycle::Call call) const;
};

/// One life, told in its code: registers, attests, is restarted, meets connections that are closed and
/// answers that do not come.
WireRecord play_on_the_wire();

}  // namespace pushsim::habits
