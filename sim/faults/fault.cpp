#include "sim/faults/fault.hpp"

#include <stdexcept>
#include <utility>

#include "sim/faults/kinds.hpp"

namespace pushsim::faults {

namespace {

/// What each does; the first that cannot be done is the error.
template <typename Do>
Result<std::vector<Effect>> all_of(const Faults& faults, const Do& one) {
    std::vector<Effect> effects;
    for (const auto& fault : faults) {
        auto changed = one(*fault);
        if (!changed) return fail(std::move(changed).error().in("fault " + scenario::text(fault->plan())));
        if (!changed->empty()) effects.push_back({fault.get(), *std::move(changed)});
    }
    return effects;
}

}  // namespace

Error lack(bool turned_away, std::string what, std::string mend) {
    return {turned_away ? ErrorKind::Protocol : ErrorKind::Usage, std::move(what), std::move(mend)};
}

Duration Fault::before(const Moment& /*moment*/) const {
    return {};
}
Duration Fault::sending(const Moment& /*moment*/) const {
    return {};
}
Duration Fault::after(const Moment& /*moment*/) const {
    return {};
}
Duration Fault::sooner() const {
    return {};
}
Rendezvous* Fault::meeting(const Moment& /*moment*/) {
    return nullptr;
}
std::string Fault::doubt(const Moment& /*moment*/) const {
    return {};
}
Result<std::string> Fault::quote(Quoting& /*quoting*/, const Sender& /*sender*/) const {
    return {};
}
Result<std::string> Fault::send(Outgoing& /*outgoing*/, const Sender& /*sender*/) const {
    return {};
}
void Fault::read(HttpResponse& /*answer*/, const Sender& /*sender*/) const {}
std::string Fault::prove(Proving& /*proving*/) const {
    return {};
}
std::string Fault::depart(Departure& /*departure*/) const {
    return {};
}

std::optional<lifecycle::Phase> phase_of(scenario::StepKind step) {
    using lifecycle::Phase;
    using scenario::StepKind;
    switch (step) {
        case StepKind::Register:
            return Phase::Register;
        case StepKind::Activate:
            return Phase::Activate;
        case StepKind::Authenticate:
            return Phase::Authenticate;
        case StepKind::Negotiate:
            return Phase::Negotiate;
        case StepKind::Collect:
            return Phase::Collect;
        case StepKind::Submit:
            return Phase::Submit;
        default:
            return std::nullopt;
    }
}

bool Fault::is_for(lifecycle::Phase phase) const {
    return !plan_.in_phase || phase_of(*plan_.in_phase) == phase;
}

std::shared_ptr<Fault> make(const scenario::Fault& plan, Given given) {
    auto made = wire_fault(plan, given);
    if (!made) made = timing_fault(plan, std::move(given));
    if (!made) made = order_fault(plan);
    if (!made) made = quote_fault(plan);
    if (!made) made = evidence_fault(plan);
    if (!made) made = identity_fault(plan);
    if (!made) throw std::logic_error(std::string("no such fault: ") + to_string(plan.kind));
    return made;
}

Faults make(const std::vector<scenario::Fault>& plan) {
    Faults faults;
    faults.reserve(plan.size());
    for (const scenario::Fault& fault : plan)
        faults.push_back(make(fault));
    return faults;
}

Result<std::vector<Effect>> send(Outgoing& outgoing, const Faults& faults, const Sender& sender) {
    return all_of(faults, [&](const Fault& fault) -> Result<std::string> {
        return fault.is_for(outgoing.phase) ? fault.send(outgoing, sender) : "";
    });
}

Result<std::vector<Effect>> quote(Quoting& quoting, const Faults& faults, const Sender& sender) {
    return all_of(faults, [&](const Fault& fault) { return fault.quote(quoting, sender); });
}

void read(lifecycle::Phase phase, HttpResponse& answer, const Faults& faults, const Sender& sender) {
    for (const auto& fault : faults) {
        if (fault->is_for(phase)) fault->read(answer, sender);
    }
}

std::vector<Effect> prove(Proving& proving, const Faults& faults) {
    std::vector<Effect> effects;
    for (const auto& fault : faults) {
        if (auto text = fault->prove(proving); !text.empty())
            effects.push_back({fault.get(), std::move(text)});
    }
    return effects;
}

std::vector<Effect> depart(Departure& departure, const Faults& faults) {
    std::vector<Effect> effects;
    for (const auto& fault : faults) {
        if (auto text = fault->depart(departure); !text.empty())
            effects.push_back({fault.get(), std::move(text)});
    }
    return effects;
}

}  // namespace pushsim::faults
