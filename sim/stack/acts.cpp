#include "sim/stack/acts.hpp"

#include <fmt/core.h>

namespace pushsim::stack {

std::string to_string(ServerName name) {
    switch (name) {
        case ServerName::Verifier:
            return "verifier";
        case ServerName::Registrar:
            return "registrar";
        case ServerName::Database:
            break;
    }
    return "database";
}

std::string to_string(ServerAct act) {
    switch (act) {
        case ServerAct::Stop:
            return "stop";
        case ServerAct::Kill:
            return "kill";
        case ServerAct::Start:
            return "start";
        case ServerAct::Restart:
            return "restart";
        case ServerAct::Pause:
            return "pause";
        case ServerAct::Resume:
            return "resume";
        case ServerAct::CutOff:
            return "cut_off";
        case ServerAct::Reconnect:
            return "reconnect";
        case ServerAct::RenewCertificate:
            break;
    }
    return "renew_certificate";
}

std::string in_words(ServerAct act, ServerName name) {
    const auto done = [act] {
        switch (act) {
            case ServerAct::Stop:
                return "stopped";
            case ServerAct::Kill:
                return "killed";
            case ServerAct::Start:
                return "started again";
            case ServerAct::Restart:
                return "restarted";
            case ServerAct::Pause:
                return "paused";
            case ServerAct::Resume:
                return "resumed";
            case ServerAct::CutOff:
                return "cut off";
            case ServerAct::Reconnect:
                return "reconnected";
            case ServerAct::RenewCertificate:
                break;
        }
        return "started again with a new certificate";
    };
    return fmt::format("the {} was {}", to_string(name), done());
}

}  // namespace pushsim::stack
