#include "tests/sim/habits/wire_servers.hpp"

#include "sim/core/clock.hpp"
#include "tests/sim/habits/real_tpm.hpp"
#include "tests/stand_in/challenge.hpp"
#include "tests/stand_in/http_text.hpp"

namespace pushsim::habits {
namespace {

namespace server = transport::testing;
using lifecycle::Call;
using stand_in::taken_apart;
using stand_in::written;
using transport::Scheme;

}  // namespace

Servers::Servers(const Clock& clock, Scheme registrar_scheme)
    : clock_(clock),
      registrar_scheme_(registrar_scheme),
      pki_(core::SystemClock().wall_now()),
      registrar_(registrar_scheme == Scheme::Https ? std::optional(tls()) : std::nullopt,
                 [this](server::Peer& peer) { serve(peer, true); }),
      verifier_(tls(), [this](server::Peer& peer) { serve(peer, false); }) {
    peer_.challenge = stand_in::challenge_for;
}

server::ServerTls Servers::tls() const {
    return {.credentials = pki_.issue(pki::CertificateKind::Valid, pki::Role::Server,
                                      {"server", {"localhost"}, {"127.0.0.1"}}),
            .client_ca_pem = pki_.ca_certificate_pem()};
}

void Servers::next(Call call, Act act) {
    const std::lock_guard lock(mutex_);
    acts_[call].push_back(act);
}

void Servers::ask_for_pcrs(const std::string& pcrs) {
    const std::lock_guard lock(mutex_);
    peer_.pcrs = pcrs;
}

WireRecord Servers::record() {
    const std::lock_guard lock(mutex_);
    return record_;
}

transport::Endpoint Servers::registrar() const {
    return must(transport::resolve({registrar_scheme_, "127.0.0.1", registrar_.port()}));
}

transport::Endpoint Servers::verifier() const {
    return must(transport::resolve({Scheme::Https, "127.0.0.1", verifier_.port()}));
}

bool Servers::registrar_was_closed(std::size_t times) {
    const std::lock_guard lock(mutex_);
    return record_.registrar_closed.size() >= times;
}

bool Servers::were_silent(int times) {
    const std::lock_guard lock(mutex_);
    return silences_ >= times;
}

void Servers::stop() {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
}

void Servers::serve(server::Peer& peer, bool is_registrar) {
    if (!is_registrar) {
        const std::lock_guard lock(mutex_);
        record_.client_hellos.push_back(peer.client_hello());
        record_.client_subjects.push_back(peer.client_subject());
    }
    while (const auto text = peer.read_request()) {
        const auto act = note(*text, peer.number());
        if (act == Act::Close) {
            peer.close();
            return;
        }
        if (act == Act::Silence) {
            peer.read_request();  // until the agent gives up
            return;
        }
        if (!peer.write(written(answer(*text, act)))) return;
    }
    const std::lock_guard lock(mutex_);
    if (is_registrar && !stopping_)
        record_.registrar_closed.push_back({peer.number(), record_.requests.size()});
}

std::optional<Act> Servers::note(const std::string& text, int connection) {
    const std::lock_guard lock(mutex_);
    Arrived arrived{
        .call = {}, .connection = connection, .text = text, .request = taken_apart(text), .at = clock_.now()};
    arrived.call = lifecycle::call_in(arrived.request);
    record_.requests.push_back(arrived);
    auto& acts = acts_[arrived.call];
    if (acts.empty()) return std::nullopt;
    const Act act = acts.front();
    acts.pop_front();
    if (act == Act::Silence) ++silences_;
    return act;
}

HttpResponse Servers::answer(const std::string& text, std::optional<Act> act) {
    const std::lock_guard lock(mutex_);
    if (act == Act::Answer401) return lifecycle::refusal_without_code(401, "Invalid authentication token");
    if (act == Act::Answer403) return lifecycle::bare_status(403);
    if (act == Act::Answer500) return lifecycle::bare_status(500);
    const HttpRequest request = taken_apart(text);
    HttpResponse answer = peer_.answer(request);
    if (lifecycle::call_in(request) == Call::Prove) record_.tokens.push_back(peer_.token);
    return answer;
}

}  // namespace pushsim::habits
