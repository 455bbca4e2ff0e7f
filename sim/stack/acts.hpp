#pragma once
// The servers of a stack, and what can be done to one of them while the stack lives.

#include <string>

namespace pushsim::stack {

enum class ServerName { Verifier, Registrar, Database };

enum class ServerAct {
    Stop,     ///< in order: it may end what it is doing; SIGKILL after a minute
    Kill,     ///< SIGKILL to all of its processes
    Start,    ///< again: the same files, the same ports; done when it is ready
    Restart,  ///< stop, where it runs, and start
    Pause,    ///< SIGSTOP to all of its processes: it takes connections (the kernel does), and answers none
    Resume,   ///< SIGCONT
    CutOff,   ///< nothing reaches it any more, of connections that are there, too: packets to it vanish
    Reconnect,
    RenewCertificate,  ///< another one of the same CA, and a restart
};

/// "verifier", "registrar", "database".
std::string to_string(ServerName name);
/// "stop", "kill", "start", "restart", "pause", "resume", "cut_off", "reconnect",
/// "renew_certificate".
std::string to_string(ServerAct act);
/// What was done, for a history: "the verifier was stopped".
std::string in_words(ServerAct act, ServerName name);

}  // namespace pushsim::stack
