#pragma once
// A virtual agent with the Rust agent's habits and a real TPM (libtpms), over real sockets and TLS against
// servers that play the scripted peer, and all that came there.

#include <string>
#include <vector>

#include "agent/boot/boot_state.hpp"
#include "tests/agent/lifecycle/peer.hpp"

namespace pushsim::habits {

/// What the agent sent, as it came.
struct Arrived {
    lifecycle::Call call;
    int connection = 0;   ///< of its server, from 0
    std::string text;     ///< head and body, octet by octet
    HttpRequest request;  ///< the same, taken apart; headers in their order and letter case
    Instant at{};
};

/// A request that got no answer, and the next of its kind; by the agent's clock, which is simulated.
struct Unanswered {
    Arrived first;
    Arrived again;
    std::string failure;  ///< the word of the agent's own record
    Duration patience{};  ///< until it gave up
    Duration pause{};     ///< from then until it sent again
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
    WallTime boot_time{};                  ///< of its machine

    // Of other agents:
    std::vector<Unanswered> unanswered;        ///< one of each call of OpenSession, Negotiate, Submit
    std::vector<Arrived> registered_over_tls;  ///< at a registrar that speaks TLS alone

    std::vector<const Arrived*> of(lifecycle::Call call) const;
    /// "timeout after 5s, after 1s again on another connection", as the agent took it.
    std::string without_answer(lifecycle::Call call) const;
};

/// One life, told in its code: registers, attests, is restarted twice, meets connections that are closed.
/// Beside it, two short ones.
WireRecord play_on_the_wire();

}  // namespace pushsim::habits
