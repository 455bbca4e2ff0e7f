// What a virtual agent sends, and over which connection: one request at a time, or more where a fault says
// so.

#include <algorithm>
#include <charconv>
#include <utility>

#include "sim/fleet/virtual_agent.hpp"

namespace pushsim::fleet {
namespace {

using lifecycle::Phase;
using Again = faults::Outgoing::Again;

constexpr int kNegotiated = 201;
constexpr int kAccepted = 202;

int status_of(const transport::Outcome& outcome) {
    return outcome.response ? outcome.response->status : 0;
}

/// Of the attestation that a negotiation made; -1 where it made none.
int index_of(const transport::Outcome& outcome) {
    if (status_of(outcome) != kNegotiated) return -1;
    const auto located = protocol::parse_location(*outcome.response);
    return located ? located->index.value_or(-1) : -1;
}

/// "…/attestations/3" -> 3
std::optional<int> index_in(const std::string& target) {
    int index = 0;
    const char* end = target.data() + target.size();
    const auto read = std::from_chars(target.data() + target.rfind('/') + 1, end, index);
    return read.ec == std::errc{} && read.ptr == end ? std::optional(index) : std::nullopt;
}

}  // namespace

std::unique_ptr<transport::Connection> VirtualAgent::new_connection(
    lifecycle::Peer peer, const std::shared_ptr<const transport::TlsIdentity>& tls,
    const transport::ConnectionOptions& options) const {
    const bool registrar = peer == lifecycle::Peer::Registrar;
    transport::Endpoint endpoint = registrar ? surroundings_.registrar : surroundings_.verifier;
    if (!source_.empty()) endpoint.source_address = source_;
    const bool needs_tls = endpoint.scheme == transport::Scheme::Https;
    return std::make_unique<transport::Connection>(surroundings_.loop, endpoint, needs_tls ? tls : nullptr,
                                                   options);
}

transport::Connection& VirtualAgent::connection_of(const Sent& sent) {
    if (sent.own) return *sent.own;
    // One descriptor for both servers.
    if (sent.want.peer == lifecycle::Peer::Registrar) {
        verifier_->close();
        if (sessions_) sessions_->close();
        return *registrar_;
    }
    registrar_->close();
    return sessions_ && sent.want.phase == Phase::Authenticate ? *sessions_ : *verifier_;
}

Result<VirtualAgent*> VirtualAgent::other_of(const std::string& group) const {
    auto* other = surroundings_.agent_of ? surroundings_.agent_of(group, identity_.number) : nullptr;
    if (other != nullptr) return other;
    return fail(ErrorKind::Usage, "there is no agent of a group '" + group + "'", "");
}

faults::Sender VirtualAgent::sender() {
    return {.agent_id = identity_.id,
            .tokens = tokens_,
            .other = [this](const std::string& group) -> Result<faults::Other> {
                const auto other = other_of(group);
                if (!other) return fail(other.error());
                const auto& [name, its_group, id, number, stream] = (*other)->identity();
                return faults::Other{name, id, (*other)->token(), (*other)->turned_away};
            },
            .random = fault_random_,
            .challenge_before = challenge_before_ ? &*challenge_before_ : nullptr,
            .asked = asked_ ? &*asked_ : nullptr,
            .turned_away = turned_away};
}

void VirtualAgent::send(lifecycle::SendRequest request) {
    if (now_.faults == nullptr || now_.faults->empty()) return send_out(std::move(request));
    const Phase phase = request.phase;
    hold(&faults::Fault::sending, phase, "to send in",
         [this, held = std::make_shared<lifecycle::SendRequest>(std::move(request))] {
             send_out(std::move(*held));
         });
}

Result<void> VirtualAgent::change(lifecycle::SendRequest& request, faults::Outgoing& outgoing) {
    if (now_.faults == nullptr || now_.faults->empty()) return {};
    outgoing.request = std::move(request.request);
    const auto effects = faults::send(outgoing, *now_.faults, sender());
    request.request = std::move(outgoing.request);
    if (!effects) return fail(effects.error());
    if (outgoing.shows_admin_certificate && !surroundings_.admin_tls) {
        return fail(ErrorKind::Usage, "the tenant's certificate is not at hand",
                    "name it with --admin-cert and --admin-key");
    }
    // Whatever it bears now is as secret as what it bore.
    const std::string bearer(request.request.header("authorization").value_or(""));
    if (const auto space = bearer.find(' '); space != std::string::npos)
        surroundings_.history.add_secret(as_bytes(std::string_view(bearer).substr(space + 1)));
    note(*effects);
    return {};
}

void VirtualAgent::send_out(lifecycle::SendRequest request) {
    faults::Outgoing outgoing{.phase = request.phase, .request = {}};
    if (const auto changed = change(request, outgoing); !changed) {
        impossible_ = changed.error();
        return begin(machine_.cannot_send(impossible_->text()));
    }
    round_ = {.again = outgoing.again};
    const bool alone = outgoing.copies > 1 || outgoing.shows_admin_certificate;
    const auto& tls = outgoing.shows_admin_certificate ? surroundings_.admin_tls : surroundings_.tls;
    for (int copy = 1; copy < outgoing.copies; ++copy)
        round_.sent.push_back(std::make_shared<Sent>(Sent{request}));
    round_.sent.push_back(std::make_shared<Sent>(Sent{std::move(request)}));
    for (const SentPtr& sent : round_.sent) {
        if (alone) sent->own = new_connection(sent->want.peer, tls, {.keep_alive = false});
    }
    for (const SentPtr& sent : std::vector(round_.sent))
        pass_gate(sent);
}

void VirtualAgent::pass_gate(const SentPtr& sent) {
    if (surroundings_.gate == nullptr) return exchange(sent, nullptr);
    doing_ = Doing::WaitsToSend;
    surroundings_.gate->enter(
        [this, sent, asked = surroundings_.clock.now(), alive = std::weak_ptr(alive_)](Gate::Pass pass) {
            if (alive.expired()) return;
            sent->queued = surroundings_.clock.now() - asked;
            exchange(sent, std::move(pass));
        });
}

void VirtualAgent::exchange(const SentPtr& sent, Gate::Pass pass) {
    doing_ = Doing::Exchanges;
    under_way_.push_back(sent);
    // A connection of its own must not keep alive what it belongs to.
    connection_of(*sent).send(
        sent->want.request, {.deadline = request_timeout_},
        [this, weak = std::weak_ptr(sent), pass = std::move(pass)](transport::Outcome outcome) mutable {
            pass.reset();
            const SentPtr done = weak.lock();
            if (!done) return;
            done->outcome = std::move(outcome);
            arrived(done);
        });
}

void VirtualAgent::arrived(const SentPtr& sent) {
    put_down(sent);
    round_.arrived.push_back(sent);
    if (round_.arrived.size() < round_.sent.size()) return;
    const SentPtr decides = round_.first ? round_.first : chosen();
    hold(&faults::Fault::after, sent->want.phase, "with the answer in", [this, decides] {
        const bool is_answered = decides->outcome->response.has_value();
        if (round_.again != Again::No && !round_.first && is_answered) return send_again(decides);
        answered(*decides);
    });
}

/// Of several negotiations the one with the highest index; else the first success to come; else what came
/// first.
VirtualAgent::SentPtr VirtualAgent::chosen() const {
    const auto& arrived = round_.arrived;
    const auto newest =
        std::ranges::max_element(arrived, {}, [](const SentPtr& sent) { return index_of(*sent->outcome); });
    if (index_of(*(*newest)->outcome) >= 0) return *newest;
    const auto success = std::ranges::find_if(arrived, [](const SentPtr& sent) {
        const int status = status_of(*sent->outcome);
        return status >= 200 && status < 300;
    });
    return success == arrived.end() ? arrived.front() : *success;
}

void VirtualAgent::send_again(const SentPtr& sent) {
    round_ = {.again = round_.again, .first = sent};
    auto second = std::make_shared<Sent>(Sent{sent->want});
    ++second->want.attempt;
    round_.sent.push_back(second);
    const auto index = machine_.attestation_index();
    const bool decided_on = status_of(*sent->outcome) == kAccepted && index && now_.when_decided;
    if (round_.again != Again::AfterVerdict || !decided_on) return pass_gate(second);
    doing_ = Doing::Pauses;
    now_.when_decided(*index, [this, second, alive = std::weak_ptr(alive_)] {
        if (!alive.expired()) pass_gate(second);
    });
}

lifecycle::Want VirtualAgent::read(Phase phase, const transport::Outcome& outcome) {
    if (now_.faults == nullptr || now_.faults->empty() || !outcome.response)
        return machine_.on_response(outcome);
    transport::Outcome taken = outcome;
    faults::read(phase, *taken.response, *now_.faults, sender());
    return machine_.on_response(taken);
}

void VirtualAgent::answered(const Sent& what) {
    const lifecycle::SendRequest& sent = what.want;
    const transport::Outcome& outcome = *what.outcome;
    const std::pair exchanged{outcome.timings.start, outcome.timings.start + outcome.timings.total};
    if (sent.phase == Phase::Negotiate && status_of(outcome) == kNegotiated) {
        if (auto last = machine_.challenge(); last && negotiated_) challenge_before_ = std::move(last);
        negotiated_ = exchanged;
        negotiation_open_ = true;
        doubt_.clear();
    }
    if (sent.phase == Phase::Submit) negotiation_open_ = false;
    if (sent.phase == Phase::Submit && status_of(outcome) == kAccepted) {
        accepted_ = exchanged.second;
        accepted_at_ = index_in(sent.request.target);
    }
    if (sent.phase == Phase::Submit && sent.attempt == 1 && now_.faults != nullptr) {
        faults::Moment then = moment(sent.phase);
        then.now = exchanged.second;
        for (const auto& fault : *now_.faults) {
            if (doubt_.empty()) doubt_ = fault->doubt(then);
        }
    }
    if (sent.phase == Phase::Authenticate && sent.request.method == "PATCH")
        session_ = sent.request.target.substr(sent.request.target.rfind('/') + 1);
    if (sent.phase == Phase::Authenticate && proof_) earlier_proof_ = std::exchange(proof_, std::nullopt);
    lifecycle::Want want = read(sent.phase, outcome);
    if (const auto token = machine_.token(); token && (tokens_.empty() || tokens_.back() != *token)) {
        tokens_.push_back(*token);
        if (tokens_.size() > 2) tokens_.erase(tokens_.begin());
        authenticated_ = exchanged;
        accepted_.reset();
    }
    begin(std::move(want));
}

void VirtualAgent::put_down(const SentPtr& sent) {
    std::erase(under_way_, sent);
    history::Exchange exchange;
    exchange.phase = lifecycle::to_string(sent->want.phase);
    exchange.peer = lifecycle::to_string(sent->want.peer);
    exchange.request = sent->want.request;
    exchange.outcome = *sent->outcome;
    exchange.attempt = sent->want.attempt;
    exchange.source = source_;
    exchange.keep = now_.keep;
    exchange.queued = sent->queued;
    exchange.request_id = exchange.request.header("x-request-id").value_or("");
    // …/attestations/latest says no number.
    if (sent->want.phase == Phase::Submit && !index_in(exchange.request.target))
        exchange.index = machine_.attestation_index();
    surroundings_.history.append(where(), std::move(exchange));
}

}  // namespace pushsim::fleet
