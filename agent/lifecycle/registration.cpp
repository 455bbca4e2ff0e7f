// The registrar's part: version, registration, activation.

#include <utility>

#include "agent/base/text.hpp"
#include "agent/lifecycle/state.hpp"

namespace pushsim::lifecycle {

Want Machine::State::ask_version() {
    return send(Peer::Registrar, protocol::version_request(headers()));
}

Want Machine::State::take_versions(const HttpResponse& answer) {
    const auto offered_versions = protocol::parse_versions(answer, run.call);
    if (!offered_versions) return malformed(answer, offered_versions.error());
    const auto chosen = protocol::choose_registrar_version(*offered_versions);
    if (!chosen) {
        Grounds grounds;
        grounds.status = answer.status;
        return finish(Finished::Ending::Stopped, grounds,
                      run.call + ": the registrar speaks no version that we speak (it is at " +
                          escaped(offered_versions->current, kLongestWord) + ")");
    }
    registrar_version = *chosen;
    return go(Step::DescribeToRegister);
}

Want Machine::State::assume_newest_version() {
    registrar_version = protocol::known_registrar_versions().front();
    return go(Step::DescribeToRegister);
}

Want Machine::State::register_agent() {
    const auto registration =
        protocol::make_registration(description, settings.contact_ip, settings.contact_port);
    return send(Peer::Registrar,
                protocol::register_request(settings.agent_id, registration, registrar_version, headers()));
}

Want Machine::State::take_registration(const HttpResponse& answer) {
    auto challenge = protocol::parse_registration(answer, run.call);
    if (!challenge) return malformed(answer, challenge.error());
    credential = *std::move(challenge);
    may_have_arrived.reset(static_cast<std::size_t>(Call::Register));
    registered = false;  // a registration takes an activation back until the next one
    Grounds grounds;
    grounds.status = answer.status;
    return after(Phase::Register, grounds, "registered; the activation is still to come");
}

Want Machine::State::activate() {
    const std::string tag = protocol::auth_tag(settings.agent_id, secret);
    return send(Peer::Registrar,
                protocol::activate_request(settings.agent_id, tag, registrar_version, headers()));
}

Want Machine::State::take_activation(const HttpResponse& answer) {
    const auto done = protocol::parse_activation(answer, run.call);
    if (!done) return malformed(answer, done.error());
    registered = true;
    Grounds grounds;
    grounds.status = answer.status;
    return after(Phase::Activate, grounds, "activated");
}

}  // namespace pushsim::lifecycle
