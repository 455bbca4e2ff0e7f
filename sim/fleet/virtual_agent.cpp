#include "sim/fleet/virtual_agent.hpp"

#include <stdexcept>
#include <utility>
#include <variant>

namespace pushsim::fleet {
namespace {

// One exchange; the Rust agent gives up after 5 s, a careful client gives a busy verifier more.
constexpr Duration kExchangeDeadline = std::chrono::seconds{30};

template <class... Handlers>
struct Overloaded : Handlers... {
    using Handlers::operator()...;
};
// clang 14 does not deduce it by itself.
template <class... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

}  // namespace

VirtualAgent::VirtualAgent(const Surroundings& surroundings, Identity identity, boot::BootState boot,
                           std::unique_ptr<AgentTpm> tpm)
    : surroundings_(surroundings),
      identity_(std::move(identity)),
      boot_(std::move(boot)),
      tpm_(std::move(tpm)),
      random_(surroundings.seed, {surroundings.scenario, identity_.name, "lifecycle"}),
      machine_(lifecycle::Settings{.agent_id = identity_.id, .boot_time = boot_.boot_time()},
               surroundings.clock, random_),
      registrar_(std::make_unique<transport::Connection>(surroundings.loop, surroundings.registrar, nullptr)),
      verifier_(std::make_unique<transport::Connection>(surroundings.loop, surroundings.verifier,
                                                        surroundings.tls)) {}

history::Where VirtualAgent::where() const {
    return {surroundings_.scenario, step_, identity_.name};
}

void VirtualAgent::pursue(lifecycle::Phase goal, bool bare, int step, bool record, Done done) {
    if (done_) throw std::logic_error(identity_.name + ": a pursuit is under way");
    step_ = step;
    record_ = record;
    done_ = std::move(done);
    act(machine_.begin(goal, bare));
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
                       surroundings_.loop.after(pause.duration, [this, alive = std::weak_ptr(alive_)] {
                           if (!alive.expired()) act(machine_.on_pause_over());
                       });
                   },
                   [&](lifecycle::Finished& finished) { finish(finished); },
               },
               want);
}

void VirtualAgent::send(lifecycle::SendRequest request) {
    auto& connection = request.peer == lifecycle::Peer::Registrar ? registrar_ : verifier_;
    auto sent = std::make_shared<lifecycle::SendRequest>(std::move(request));
    connection->send(sent->request, {.deadline = kExchangeDeadline},
                     [this, sent](const transport::Outcome& outcome) {
                         history::Exchange exchange;
                         exchange.phase = lifecycle::to_string(sent->phase);
                         exchange.peer = lifecycle::to_string(sent->peer);
                         exchange.request = std::move(sent->request);
                         exchange.outcome = outcome;
                         exchange.attempt = sent->attempt;
                         exchange.request_id = exchange.request.header("x-request-id").value_or("");
                         surroundings_.history.append(where(), std::move(exchange));
                         act(machine_.on_response(outcome));
                     });
}

void VirtualAgent::use_tpm(const lifecycle::UseTpm& use) {
    tpm_->use(use, [this, alive = std::weak_ptr(alive_)](AgentTpm::Used used) {
        if (alive.expired()) return;
        history::TpmOperation operation;
        operation.operation = used.operation;
        operation.duration = used.duration;
        if (!used.answer) operation.error = used.answer.error().message;
        if (used.answer) {
            if (const auto* quote = std::get_if<tpm::Quote>(&*used.answer)) {
                history::QuoteValues values;
                values.bank = tpm::to_string(quote->bank);
                for (const auto& [pcr, value] : quote->pcrs)
                    values.pcrs[pcr] = to_hex(value);
                operation.quote = std::move(values);
            }
            // The secret that the registrar's challenge held must not come back in anybody's words.
            if (const auto* secret = std::get_if<Bytes>(&*used.answer))
                surroundings_.history.add_secret(*secret);
        }
        surroundings_.history.append(where(), operation);
        act(machine_.on_tpm(used.answer));
    });
}

void VirtualAgent::finish(const lifecycle::Finished& finished) {
    if (machine_.registered()) registrar_->close();
    if (record_ || finished.ending != lifecycle::Finished::Ending::Reached) {
        history::Cycle cycle;
        cycle.phase = lifecycle::to_string(finished.phase);
        cycle.ending = lifecycle::to_string(finished.ending);
        cycle.status = finished.status;
        cycle.code = finished.code.value_or("");
        cycle.index = finished.attestation_index;
        cycle.reason = finished.reason;
        surroundings_.history.append(where(), cycle);
    }
    std::exchange(done_, nullptr)(finished);
}

void VirtualAgent::extend(int pcr, const boot::Measurement& measurement, int step,
                          std::function<void(Result<void>)> done) {
    boot_.measure(pcr, measurement);
    history::MachineAct act_record;
    act_record.act = "extend";
    act_record.pcr = pcr;
    act_record.text = measurement.as_written;
    for (const auto& [bank, digest] : measurement.digests) {
        act_record.digests[std::string(tpm::to_string(bank))] = to_hex(digest);
    }
    step_ = step;
    surroundings_.history.append(where(), act_record);
    tpm_->extend(pcr, measurement.digests,
                 [alive = std::weak_ptr(alive_), done = std::move(done)](Result<void> result) {
                     if (!alive.expired()) done(std::move(result));
                 });
}

}  // namespace pushsim::fleet
