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

/// An attestation that was taken is judged, and its agent's token lives on, within that.
constexpr Duration kJudged = std::chrono::seconds{1};

}  // namespace

VirtualAgent::VirtualAgent(const Surroundings& surroundings, Identity identity, const Manner& manner,
                           boot::BootState boot, std::unique_ptr<AgentTpm> tpm)
    : surroundings_(surroundings),
      identity_(std::move(identity)),
      boot_(std::move(boot)),
      tpm_(std::move(tpm)),
      random_(surroundings.seed, {surroundings.scenario, identity_.name, identity_.stream}),
      fault_random_(surroundings.seed, {surroundings.scenario, identity_.name, "faults"}),
      clock_offset_(manner.clock_offset),
      clock_(surroundings.clock, clock_offset_),
      machine_(lifecycle::Settings{.agent_id = identity_.id,
                                   .boot_time = clock_.skewed(boot_.boot_time()),
                                   .habits = manner.habits,
                                   .measured = &boot_},
               clock_, random_),
      request_timeout_(manner.habits.request_timeout),
      source_(manner.source_address.value_or("")),
      registrar_(new_connection(lifecycle::Peer::Registrar, surroundings.tls, manner.connections)),
      verifier_(new_connection(lifecycle::Peer::Verifier, surroundings.tls, manner.connections)),
      sessions_(manner.session_connection
                    ? new_connection(lifecycle::Peer::Verifier, surroundings.tls, manner.connections)
                    : nullptr) {}

history::Where VirtualAgent::where() const {
    return {surroundings_.scenario, now_.step, identity_.name};
}

void VirtualAgent::pursue(const Pursuit& pursuit, Done done) {
    if (done_) throw std::logic_error(identity_.name + ": a pursuit is under way");
    now_ = pursuit;
    done_ = std::move(done);
    phase_.reset();
    begun_ = {};
    doubt_.clear();
    impossible_.reset();
    asked_.reset();
    faults::Departure departure{pursuit.goal};
    if (pursuit.goes_on && negotiation_open_) departure.course.negotiates = false;
    if (now_.faults != nullptr) note(faults::depart(departure, *now_.faults));
    set_off(departure);
}

void VirtualAgent::set_off(const faults::Departure& departure) {
    using Registration = faults::Departure::Registration;
    clock_.set(clock_offset_ + departure.clock_offset);
    machine_.set_boot_time(clock_.skewed(boot_.boot_time()));
    switch (departure.registration) {
        case Registration::Again:
            afterwards_ = departure;
            begin(machine_.begin(lifecycle::Phase::Activate));
            return;
        case Registration::FromAnotherTpm:
            register_from_another_tpm([this, departure] { head_for(departure); });
            return;
        case Registration::Kept:
            head_for(departure);
    }
}

void VirtualAgent::head_for(const faults::Departure& departure) {
    if (!departure.course.negotiates && !machine_.attestation_index())
        machine_.suppose(faults::never_negotiated(identity_.id));
    begin(machine_.begin(departure.goal, now_.bare, departure.course));
}

void VirtualAgent::register_from_another_tpm(Then then) {
    if (!surroundings_.new_tpm) throw std::logic_error(identity_.name + ": there is no second TPM to be had");
    Identity same = identity_;
    same.stream = "another TPM";
    Manner manner;
    if (!source_.empty()) manner.source_address = source_;
    double_ = std::make_unique<VirtualAgent>(surroundings_, same, manner, boot::BootState(boot_.boot_time()),
                                             surroundings_.new_tpm(identity_.group));
    const auto registered = [this, then = std::move(then)](const lifecycle::Finished& finished) {
        for (const auto& fault : *now_.faults) {
            if (fault->plan().kind == scenario::FaultKind::Reregister)
                note(*fault, std::string(lifecycle::to_string(finished.ending)) + ": " + finished.reason);
        }
        surroundings_.loop.post([this, then, alive = std::weak_ptr(alive_)] {
            if (alive.expired()) return;
            double_.reset();
            then();
        });
    };
    double_->pursue({.goal = lifecycle::Phase::Activate, .step = now_.step, .aside = true}, registered);
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
    ++begun_.at(static_cast<std::size_t>(*phase));
    hold(&faults::Fault::before, *phase, "before",
         [this, phase = *phase, held = std::make_shared<lifecycle::Want>(std::move(want))] {
             meet(phase, 0, [this, held] { act(std::move(*held)); });
         });
}

faults::Moment VirtualAgent::moment(lifecycle::Phase phase) const {
    faults::Moment moment{.phase = phase, .now = surroundings_.clock.now(), .begun = begun_};
    if (const auto lifetime = machine_.challenge_lifetime(); lifetime && negotiated_)
        moment.challenge_expires = {negotiated_->first + *lifetime, negotiated_->second + *lifetime};
    if (const auto lifetime = machine_.token_lifetime(); lifetime && authenticated_) {
        const Instant lives_on_from = accepted_ ? *accepted_ + kJudged : authenticated_->second;
        moment.token_expires = {authenticated_->first + *lifetime, lives_on_from + *lifetime};
    }
    return moment;
}

void VirtualAgent::note(const faults::Fault& fault, const std::string& effect) {
    surroundings_.history.append(
        where(), history::FaultEffect{scenario::text(fault.plan()), effect, fault.plan().drawn});
}

void VirtualAgent::note(const std::vector<faults::Effect>& effects) {
    for (const auto& [fault, text] : effects)
        note(*fault, text);
}

void VirtualAgent::hold(HowLong how_long, lifecycle::Phase phase, const std::string& what, Then then) {
    Duration longest{};
    if (now_.faults != nullptr) {
        const faults::Moment here = moment(phase);
        for (const auto& fault : *now_.faults) {
            const Duration duration = fault->is_for(phase) ? (*fault.*how_long)(here) : Duration::zero();
            if (duration <= Duration::zero()) continue;
            note(*fault, "waits " + to_text(duration) + " " + what + " " + lifecycle::to_string(phase));
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

void VirtualAgent::meet(lifecycle::Phase phase, std::size_t number, Then then) {
    for (; now_.faults != nullptr && number < now_.faults->size(); ++number) {
        faults::Fault& fault = *now_.faults->at(number);
        auto* place = fault.is_for(phase) ? fault.meeting(moment(phase)) : nullptr;
        if (place == nullptr) continue;
        note(fault, std::string("waits for the others before ") + lifecycle::to_string(phase));
        doing_ = Doing::Pauses;
        place->arrive(identity_.name, [this, phase, number, then, alive = std::weak_ptr(alive_)] {
            if (!alive.expired()) meet(phase, number + 1, then);
        });
        return;
    }
    then();
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

VirtualAgent::Doing VirtualAgent::stop() {
    alive_.reset();
    done_ = nullptr;
    for (const SentPtr& sent : std::vector(under_way_)) {
        sent->outcome = connection_of(*sent).give_up();
        put_down(sent);
    }
    const Doing doing = std::exchange(doing_, Doing::Nothing);
    return double_ ? double_->stop() : doing;
}

void VirtualAgent::finish(lifecycle::Finished finished) {
    // Evidence may have gone to another attestation than the negotiated one.
    const bool accepted = finished.phase == lifecycle::Phase::Submit && finished.status == 202;
    if (accepted && accepted_at_) finished.attestation_index = accepted_at_;
    if (afterwards_) {
        const faults::Departure departure = *std::exchange(afterwards_, std::nullopt);
        if (finished.ending == lifecycle::Finished::Ending::Reached) return head_for(departure);
    }
    const bool to_be_activated = finished.phase == lifecycle::Phase::Register &&
                                 finished.ending == lifecycle::Finished::Ending::Reached;
    if (!to_be_activated) registrar_->close();
    doing_ = Doing::Nothing;
    rest_tpm();
    // Any other ending shows what it shows.
    const bool says_expired =
        finished.status == 401 || (finished.status == 403 && finished.code == "challenges_expired");
    if (!says_expired) doubt_.clear();
    const bool tells = now_.record || finished.ending != lifecycle::Finished::Ending::Reached;
    if (tells && !now_.aside) {
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
    begin_anew();
}

void VirtualAgent::begin_anew() {
    registrar_->close();
    verifier_->close();
    if (sessions_) sessions_->close();
    afterwards_.reset();
    if (auto last = machine_.challenge(); last && negotiated_) challenge_before_ = std::move(last);
    negotiation_open_ = false;
    double_.reset();
    machine_.restart(clock_.skewed(boot_.boot_time()));
}

void VirtualAgent::halt(int step) {
    stop();
    alive_ = std::make_shared<int>(0);
    now_.step = step;
    surroundings_.history.append(where(), history::MachineAct{.act = "stop_agent"});
    begin_anew();
}

std::map<std::string, std::string> VirtualAgent::properties() const {
    std::map<std::string, std::string> all{{"id", identity_.id}};
    if (const auto last = token()) all["token"] = *last;
    if (const auto index = machine_.attestation_index()) all["index"] = std::to_string(*index);
    if (session_) all["session_id"] = *session_;
    if (const auto tag = machine_.auth_tag()) all["auth_tag"] = *tag;
    return all;
}

std::optional<faults::Span> VirtualAgent::instant(scenario::InstantName name) const {
    const faults::Moment here = moment(lifecycle::Phase::Submit);
    return name == scenario::InstantName::TokenExpiresAt ? here.token_expires : here.challenge_expires;
}

std::optional<std::string> VirtualAgent::token() const {
    return tokens_.empty() ? std::nullopt : std::optional(tokens_.back());
}

}  // namespace pushsim::fleet
