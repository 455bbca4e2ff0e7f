// A virtual agent's TPM: what the agent does with it, and what is measured into it.

#include <stdexcept>
#include <utility>
#include <variant>

#include "sim/fleet/events.hpp"
#include "sim/fleet/virtual_agent.hpp"

namespace pushsim::fleet {
namespace {

using Measured = faults::Quoting::Measured;

}  // namespace

Result<VirtualAgent*> VirtualAgent::prover() {
    faults::Proving proving;
    if (now_.faults == nullptr) return this;
    const auto effects = faults::prove(proving, *now_.faults);
    if (proving.repeats && !earlier_proof_) {
        return fail(faults::lack(turned_away,
                                 "the agent had no session before whose proof it could use again",
                                 "let it `authenticate` before"));
    }
    auto by = proving.group.empty() ? Result<VirtualAgent*>(this) : other_of(proving.group);
    if (!by) return by;
    note(effects);
    return proving.repeats ? nullptr : *by;
}

void VirtualAgent::cannot_use_tpm(const Error& why) {
    impossible_ = why;
    begin(machine_.on_tpm(fail(why)));
}

void VirtualAgent::quote(const lifecycle::QuotePcrs& asked) {
    asked_ = asked;
    faults::Quoting quoting{asked};
    const auto effects = faults::quote(quoting, *now_.faults, sender());
    if (!effects) return cannot_use_tpm(effects.error());
    if (quoting.measured != Measured::Nothing && boot_.ima_log().entry_count() == 0) {
        return cannot_use_tpm({ErrorKind::Usage, "the agent has no IMA log that could grow meanwhile",
                               "give it one: boot: { ima: { entries: 3 } }"});
    }
    note(*effects);
    make_quote(quoting);
}

void VirtualAgent::make_quote(const faults::Quoting& quoting) {
    doing_ = Doing::UsesTpm;
    boot::BootState grown = boot_;
    if (quoting.measured != Measured::Nothing) grown.measure_file(boot_.ima_log().last());
    const auto extend_tpm = [&] {
        tpm_->extend({grown.events().back()},
                     [this, alive = std::weak_ptr(alive_)](const Result<void>& result) {
                         if (!alive.expired() && !result) impossible_ = result.error();
                     });
    };
    // The TPM does one after the other.
    if (quoting.measured == Measured::BeforeQuote) extend_tpm();
    tpm_->quote(
        quoting, boot_.events(),
        [this, grown, when = quoting.measured, alive = std::weak_ptr(alive_)](const AgentTpm::Used& used) {
            if (alive.expired()) return;
            if (!used.answer && used.answer.error().kind == ErrorKind::Usage)
                impossible_ = used.answer.error();
            if (when == Measured::Nothing) return used_tpm(used);
            surroundings_.history.append(where(), extension_record(grown.events().back()));
            // The machine reads the log when it has the quote.
            if (when == Measured::AfterQuote) boot_ = grown;
            used_tpm(used, grown);
        });
    if (quoting.measured == Measured::AfterQuote) extend_tpm();
}

void VirtualAgent::use_tpm(const lifecycle::UseTpm& use) {
    const auto* asked = std::get_if<lifecycle::QuotePcrs>(&use.operation);
    if (asked != nullptr && now_.faults != nullptr && !now_.faults->empty()) return quote(*asked);
    VirtualAgent* by = this;
    if (std::holds_alternative<lifecycle::CertifyAk>(use.operation)) {
        const auto proves = prover();
        if (!proves) return cannot_use_tpm(proves.error());
        by = *proves;
        if (by == nullptr) return begin(machine_.on_tpm(lifecycle::TpmAnswer{*earlier_proof_}));
    }
    doing_ = Doing::UsesTpm;
    by->tpm_->use(use, by->boot_.events().size(),
                  [this, own = by == this, alive = std::weak_ptr(alive_)](AgentTpm::Used used) {
                      if (alive.expired()) return;
                      if (!own) used.measured.clear();
                      used_tpm(used);
                  });
}

void VirtualAgent::used_tpm(const AgentTpm::Used& used, const std::optional<boot::BootState>& afterwards) {
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
            operation.clock = history::QuoteClock{quote->clock.clock, quote->clock.reset_count,
                                                  quote->clock.restart_count, quote->clock.safe};
            if (now_.quoted) now_.quoted(*quote);
        }
        if (const auto* proof = std::get_if<tpm::Certification>(&*used.answer)) proof_ = *proof;
        // The secret that the registrar's challenge held must not come back in anybody's words.
        if (const auto* secret = std::get_if<Bytes>(&*used.answer)) surroundings_.history.add_secret(*secret);
    }
    surroundings_.history.append(where(), operation);
    auto want = machine_.on_tpm(used.answer);
    if (afterwards) boot_ = *afterwards;
    begin(std::move(want));
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
    tpm_->extend(events, while_alive(std::move(done)));
}

void VirtualAgent::measure_file(boot::ImaFile file, int step, std::function<void(Result<void>)> done) {
    now_.step = step;
    boot_.measure_file(std::move(file));
    const boot::Event& event = boot_.events().back();
    surroundings_.history.append(where(), extension_record(event));
    tpm_->extend({event}, while_alive(std::move(done)));
}

std::function<void(Result<void>)> VirtualAgent::while_alive(std::function<void(Result<void>)> done) {
    return [alive = std::weak_ptr(alive_), done = std::move(done)](Result<void> result) {
        if (!alive.expired()) done(std::move(result));
    };
}

void VirtualAgent::happens_to_machine(const history::MachineAct& act, int step) {
    if (done_) throw std::logic_error(identity_.name + ": a pursuit is under way");
    now_.step = step;
    surroundings_.history.append(where(), act);
}

void VirtualAgent::note_boot() {
    for (const history::MachineAct& act : boot_records(boot_))
        surroundings_.history.append(where(), act);
}

void VirtualAgent::reboot(bool orderly, boot::BootState boot, int step,
                          std::function<void(Result<void>)> done) {
    happens_to_machine({.act = "reboot", .text = orderly ? "orderly" : "loss of power"}, step);
    boot_before_ = std::exchange(boot_, std::move(boot));
    note_boot();
    begin_anew();
    tpm_->reboot(orderly, boot_.events(), while_alive(std::move(done)));
}

void VirtualAgent::suspend(int step, std::function<void(Result<void>)> done) {
    happens_to_machine({.act = "suspend"}, step);
    boot_before_ = boot_;
    boot_.resume();
    tpm_->suspend(while_alive(std::move(done)));
}

void VirtualAgent::clear_tpm(int step, std::function<void(Result<void>)> done) {
    happens_to_machine({.act = "clear_tpm"}, step);
    tpm_->clear(while_alive(std::move(done)));
}

void VirtualAgent::restore_tpm(int step, std::function<void(Result<void>)> done) {
    happens_to_machine({.act = "restore_tpm"}, step);
    if (boot_before_) boot_ = *boot_before_;
    note_boot();
    begin_anew();
    tpm_->restore(while_alive(std::move(done)));
}

}  // namespace pushsim::fleet
