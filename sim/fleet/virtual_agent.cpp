#include "sim/fleet/virtual_agent.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <variant>

namespace pushsim::fleet {
namespace {

template <class... Handlers>
struct Overloaded : Handlers... {
    using Handlers::operator()...;
};
// clang 14 does not deduce it by itself.
template <class... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

transport::Endpoint from(const std::optional<std::string>& source_address, transport::Endpoint endpoint) {
    endpoint.source_address = source_address;
    return endpoint;
}

}  // namespace

VirtualAgent::VirtualAgent(const Surroundings& surroundings, Identity identity, const Manner& manner,
                           boot::BootState boot, std::unique_ptr<AgentTpm> tpm)
    : surroundings_(surroundings),
      identity_(std::move(identity)),
      boot_(std::move(boot)),
      tpm_(std::move(tpm)),
      random_(surroundings.seed, {surroundings.scenario, identity_.name, "lifecycle"}),
      machine_(
          lifecycle::Settings{
              .agent_id = identity_.id, .boot_time = boot_.boot_time(), .habits = manner.habits},
          surroundings.clock, random_),
      request_timeout_(manner.habits.request_timeout),
      source_(manner.source_address.value_or("")),
      registrar_(std::make_unique<transport::Connection>(
          surroundings.loop, from(manner.source_address, surroundings.registrar),
          surroundings.registrar.scheme == transport::Scheme::Https ? surroundings.tls : nullptr,
          manner.connections)),
      verifier_(std::make_unique<transport::Connection>(surroundings.loop,
                                                        from(manner.source_address, surroundings.verifier),
                                                        surroundings.tls, manner.connections)),
      sessions_(manner.session_connection
                    ? std::make_unique<transport::Connection>(
                          surroundings.loop, from(manner.source_address, surroundings.verifier),
                          surroundings.tls, manner.connections)
                    : nullptr) {}

history::Where VirtualAgent::where() const {
    return {surroundings_.scenario, now_.step, identity_.name};
}

void VirtualAgent::pursue(const Pursuit& pursuit, Done done) {
    if (done_) throw std::logic_error(identity_.name + ": a pursuit is under way");
    now_ = pursuit;
    done_ = std::move(done);
    phase_.reset();
    doubt_.clear();
    impossible_.reset();
    begin(machine_.begin(pursuit.goal, pursuit.bare));
}

/// What comes first in a phase may be held up by a fault.
void VirtualAgent::begin(lifecycle::Want want) {
    const auto* request = std::get_if<lifecycle::SendRequest>(&want);
    const auto* use = std::get_if<lifecycle::UseTpm>(&want);
    const auto phase = request != nullptr ? std::optional(request->phase)
                       : use != nullptr   ? std::optional(use->phase)
                                          : std::nullopt;
    if (!phase || std::exchange(phase_, phase) == phase) {
        act(std::move(want));
        return;
    }
    hold(&faults::Fault::before, *phase,
         [this, held = std::make_shared<lifecycle::Want>(std::move(want))] { act(std::move(*held)); });
}

faults::Moment VirtualAgent::moment(lifecycle::Phase phase) const {
    faults::Moment moment{phase, surroundings_.clock.now(), std::nullopt, std::nullopt};
    if (const auto lifetime = machine_.challenge_lifetime(); lifetime && negotiated_) {
        moment.expires_earliest = negotiated_->first + *lifetime;
        moment.expires_latest = negotiated_->second + *lifetime;
    }
    return moment;
}

void VirtualAgent::hold(Duration (faults::Fault::*how_long)(const faults::Moment&) const,
                        lifecycle::Phase phase, std::function<void()> then) {
    Duration longest{};
    if (now_.faults != nullptr) {
        const faults::Moment here = moment(phase);
        for (const auto& fault : *now_.faults) {
            const Duration duration = (*fault.*how_long)(here);
            if (duration <= Duration::zero()) continue;
            surroundings_.history.append(where(), history::Note{"fault " + scenario::text(fault->plan()) +
                                                                ": waits " + to_text(duration)});
            longest = std::max(longest, duration);
        }
    }
    if (longest == Duration::zero()) {
        then();
        return;
    }
    doing_ = Doing::Pauses;
    surroundings_.loop.after(longest, [then = std::move(then), alive = std::weak_ptr(alive_)] {
        if (!alive.expired()) then();
    });
}

void VirtualAgent::act(lifecycle::Want want) {
    std::visit(Overloaded{
                   [&](lifecycle::SendRequest& request) { send(std::move(request)); },
                   [&](lifecycle::UseTpm& use) { use_tpm(use); },
                   [&](lifecycle::Pause& pause) {
                       surroundings_.history.append(
                           where(),
                           history::Note{std::string(lifecycle::to_string(pause.phase)) + ": waits " +
                                         to_text(pause.duration) + " (" + pause.reason + ")"});
                       if (now_.paused) now_.paused(pause);
                       rest_tpm();
                       doing_ = Doing::Pauses;
                       surroundings_.loop.after(pause.duration, [this, alive = std::weak_ptr(alive_)] {
                           if (!alive.expired()) begin(machine_.on_pause_over());
                       });
                   },
                   [&](lifecycle::Finished& finished) { finish(finished); },
               },
               want);
}

transport::Connection& VirtualAgent::connection_for(const lifecycle::SendRequest& request) {
    // One descriptor for both servers.
    if (request.peer == lifecycle::Peer::Registrar) {
        verifier_->close();
        if (sessions_) sessions_->close();
        return *registrar_;
    }
    registrar_->close();
    return sessions_ && request.phase == lifecycle::Phase::Authenticate ? *sessions_ : *verifier_;
}

void VirtualAgent::send(lifecycle::SendRequest request) {
    if (now_.faults != nullptr) {
        const auto changed = faults::change_token(request.request, *now_.faults, tokens_);
        if (!changed) {
            impossible_ = changed.error();
            begin(machine_.cannot_send(impossible_->text()));
            return;
        }
        if (*changed != nullptr)
            surroundings_.history.append(where(),
                                         history::Note{"fault " + scenario::text((*changed)->plan())});
    }
    auto sent = std::make_shared<Sent>(Sent{std::move(request)});
    if (surroundings_.gate == nullptr) return exchange(sent, nullptr);
    doing_ = Doing::WaitsToSend;
    surroundings_.gate->enter(
        [this, sent, asked = surroundings_.clock.now(), alive = std::weak_ptr(alive_)](Gate::Pass pass) {
            if (alive.expired()) return;
            sent->queued = surroundings_.clock.now() - asked;
            exchange(sent, std::move(pass));
        });
}

void VirtualAgent::exchange(const std::shared_ptr<Sent>& sent, Gate::Pass pass) {
    doing_ = Doing::Exchanges;
    under_way_ = sent;
    connection_for(sent->want)
        .send(sent->want.request, {.deadline = request_timeout_},
              [this, sent, pass = std::move(pass)](transport::Outcome outcome) mutable {
                  pass.reset();
                  sent->outcome = std::move(outcome);
                  hold(&faults::Fault::after, sent->want.phase, [this, sent] { answered(*sent); });
              });
}

void VirtualAgent::answered(const Sent& what) {
    const lifecycle::SendRequest& sent = what.want;
    const transport::Outcome& outcome = *what.outcome;
    const auto& timings = outcome.timings;
    const auto status = outcome.response ? outcome.response->status : 0;
    if (sent.phase == lifecycle::Phase::Negotiate && status == 201) {
        negotiated_ = {timings.start, timings.start + timings.total};
        doubt_.clear();
    }
    if (sent.phase == lifecycle::Phase::Submit && sent.attempt == 1 && now_.faults != nullptr) {
        faults::Moment then = moment(sent.phase);
        then.now = timings.start + timings.total;
        for (const auto& fault : *now_.faults) {
            if (doubt_.empty()) doubt_ = fault->doubt(then);
        }
    }
    put_down(what);
    lifecycle::Want want = machine_.on_response(outcome);
    if (const auto token = machine_.token(); token && (tokens_.empty() || tokens_.back() != *token)) {
        tokens_.push_back(*token);
        if (tokens_.size() > 2) tokens_.erase(tokens_.begin());
    }
    begin(std::move(want));
}

void VirtualAgent::put_down(const Sent& sent) {
    under_way_.reset();
    history::Exchange exchange;
    exchange.phase = lifecycle::to_string(sent.want.phase);
    exchange.peer = lifecycle::to_string(sent.want.peer);
    exchange.request = sent.want.request;
    exchange.outcome = *sent.outcome;
    exchange.attempt = sent.want.attempt;
    exchange.source = source_;
    exchange.queued = sent.queued;
    exchange.request_id = exchange.request.header("x-request-id").value_or("");
    surroundings_.history.append(where(), std::move(exchange));
}

VirtualAgent::Doing VirtualAgent::stop() {
    alive_.reset();
    done_ = nullptr;
    if (const auto sent = under_way_) {
        if (!sent->outcome) sent->outcome = connection_for(sent->want).give_up();
        put_down(*sent);
    }
    return std::exchange(doing_, Doing::Nothing);
}

void VirtualAgent::use_tpm(const lifecycle::UseTpm& use) {
    doing_ = Doing::UsesTpm;
    tpm_->use(use, boot_.events().size(), [this, alive = std::weak_ptr(alive_)](AgentTpm::Used used) {
        if (alive.expired()) return;
        for (const auto& [pcr, text] : used.measured) {
            if (auto measurement = boot::parse_measurement(text)) note_extension({pcr, *measurement});
        }
        history::TpmOperation operation;
        operation.operation = used.operation;
        operation.duration = used.duration;
        operation.waited = used.queued.waited;
        operation.ahead = static_cast<int>(used.queued.ahead);
        if (!used.answer) operation.error = used.answer.error().message;
        if (used.answer) {
            if (const auto* quote = std::get_if<tpm::Quote>(&*used.answer)) {
                history::QuoteValues values;
                values.bank = tpm::to_string(quote->bank);
                for (const auto& [pcr, value] : quote->pcrs)
                    values.pcrs[pcr] = to_hex(value);
                operation.quote = std::move(values);
                operation.clock = {quote->clock.clock, quote->clock.reset_count, quote->clock.restart_count,
                                   quote->clock.safe};
                if (now_.quoted) now_.quoted(*quote);
            }
            // The secret that the registrar's challenge held must not come back in anybody's words.
            if (const auto* secret = std::get_if<Bytes>(&*used.answer))
                surroundings_.history.add_secret(*secret);
        }
        surroundings_.history.append(where(), operation);
        begin(machine_.on_tpm(used.answer));
    });
}

void VirtualAgent::finish(const lifecycle::Finished& finished) {
    const bool to_be_activated = finished.phase == lifecycle::Phase::Register &&
                                 finished.ending == lifecycle::Finished::Ending::Reached;
    if (!to_be_activated) registrar_->close();
    doing_ = Doing::Nothing;
    rest_tpm();
    // Any other ending shows what it shows.
    if (finished.status != 403 || finished.code != "challenges_expired") doubt_.clear();
    if (now_.record || finished.ending != lifecycle::Finished::Ending::Reached) {
        history::Cycle cycle;
        cycle.phase = lifecycle::to_string(finished.phase);
        cycle.ending = lifecycle::to_string(finished.ending);
        cycle.status = finished.status;
        cycle.code = finished.code.value_or("");
        cycle.index = finished.attestation_index;
        cycle.reason = finished.reason;
        cycle.doubt = doubt_;
        surroundings_.history.append(where(), cycle);
    }
    std::exchange(done_, nullptr)(finished);
}

void VirtualAgent::restart(int step) {
    if (done_) throw std::logic_error(identity_.name + ": a pursuit is under way");
    now_.step = step;
    surroundings_.history.append(where(), history::MachineAct{.act = "restart_agent"});
    registrar_->close();
    verifier_->close();
    if (sessions_) sessions_->close();
    machine_.restart(boot_.boot_time());
}

void VirtualAgent::rest_tpm() {
    tpm_->rest([this, alive = std::weak_ptr(alive_)](const Result<void>& rested) {
        if (alive.expired() || rested) return;
        surroundings_.history.append(where(), history::Note{rested.error().message});
    });
}

void VirtualAgent::note_extension(const boot::Event& event) {
    boot_.measure(event.pcr, event.measurement);
    surroundings_.history.append(where(), extension_record(event));
}

void VirtualAgent::extend(const std::vector<boot::Event>& events, int step,
                          std::function<void(Result<void>)> done) {
    now_.step = step;
    for (const boot::Event& event : events)
        note_extension(event);
    tpm_->extend(events, [alive = std::weak_ptr(alive_), done = std::move(done)](Result<void> result) {
        if (!alive.expired()) done(std::move(result));
    });
}

history::MachineAct extension_record(const boot::Event& event) {
    history::MachineAct extension{.act = "extend", .pcr = event.pcr, .text = event.measurement.as_written};
    for (const auto& [bank, digest] : event.measurement.digests)
        extension.digests[std::string(tpm::to_string(bank))] = to_hex(digest);
    return extension;
}

}  // namespace pushsim::fleet
