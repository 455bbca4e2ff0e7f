#include "sim/fleet/tenant_desk.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "sim/fleet/ak_name.hpp"
#include "sim/stack/admin_client.hpp"
#include "sim/stack/tenant.hpp"
#include "sim/stack/verdicts.hpp"

namespace pushsim::fleet {

struct TenantDesk::Inside {
    Inside(const stack::StackAddress& address, const Clock& clock,
           std::shared_ptr<stack::VerifierDatabase> database)
        : tenant(address, clock),
          verdicts(address, clock, std::move(database)),
          registrar_of_agents(address.registrar_http, std::nullopt, clock) {}

    stack::Tenant tenant;
    stack::VerdictReader verdicts;
    stack::AdminClient registrar_of_agents;  ///< the plain port, where agents register
};

namespace {

history::TenantAct act_of(const char* name, stack::Call call) {
    history::TenantAct act;
    act.act = name;
    act.request = std::move(call.request);
    act.duration = call.outcome.timings.total;
    act.response = std::move(call.outcome.response);
    if (call.outcome.failure) act.error = Error{ErrorKind::Transport, call.outcome.failure->message};
    return act;
}

template <typename T>
TenantDesk::Acted acted(const char* name, stack::Answer<T> answer) {
    TenantDesk::Acted acted;
    acted.act = act_of(name, std::move(answer.call));
    if (!answer.result) {
        acted.act.error = answer.result.error();
        acted.result = fail(answer.result.error());
    }
    return acted;
}

TenantDesk::StatusSeen status_seen(stack::Answer<protocol::AgentStatus> answer) {
    TenantDesk::StatusSeen seen;
    if (answer.result) {
        seen.status = {.status = answer.result->attestation_status,
                       .attestation_count = answer.result->attestation_count,
                       .last_received_quote = answer.result->last_received_quote,
                       .last_successful_attestation = answer.result->last_successful_attestation};
        seen.tpm_policy = answer.result->tpm_policy;
        seen.runtime_policy = answer.result->has_runtime_policy;
        seen.mb_policy = answer.result->has_mb_refstate;
    } else {
        seen.status.error = answer.result.error().message;
        const auto& response = answer.call.outcome.response;
        seen.known = !response || response->status != 404;
    }
    seen.act = acted("read_status", std::move(answer)).act;
    return seen;
}

template <typename From, typename To, typename Convert>
void take(const stack::Source<From>& source, history::Sourced<To>& into, Convert convert) {
    if (source.value) {
        into.value = convert(*source.value);
    } else {
        into.unavailable = source.why_not.empty() ? "knows nothing of this attestation" : source.why_not;
    }
}

std::string text_of(const std::optional<WallTime>& time) {
    return time ? to_rfc3339(*time) : "";
}

history::Verdict verdict_of(const stack::Verdict& read) {
    history::Verdict verdict;
    verdict.index = static_cast<int>(read.index);
    take(read.record, verdict.record, [](const auto& record) {
        return history::RecordVerdict{record.stage, record.evaluation};
    });
    take(read.database, verdict.database, [](const auto& row) {
        return history::DatabaseVerdict{row.stage,
                                        row.evaluation,
                                        row.failure_reason,
                                        text_of(row.capabilities_received_at),
                                        text_of(row.challenges_expire_at),
                                        text_of(row.evidence_received_at)};
    });
    take(read.log, verdict.log, [](const auto& log) {
        return history::LogVerdict{log.evaluation, log.failure_reason, log.details};
    });
    return verdict;
}

}  // namespace

TenantDesk::TenantDesk(const stack::StackAddress& address, const Clock& clock, Worker::Post post,
                       std::shared_ptr<stack::VerifierDatabase> database)
    : inside_(std::make_shared<Inside>(address, clock, std::move(database))), worker_(std::move(post)) {}

TenantDesk::~TenantDesk() {
    worker_.drop_waiting();
    inside_->tenant.cut();
    inside_->verdicts.cut();
    inside_->registrar_of_agents.cut();
}

void TenantDesk::enrol(const std::string& agent_id, const protocol::Enrolment& enrolment,
                       std::function<void(Acted)> done) {
    worker_.submit(
        [inside = inside_, agent_id, enrolment] {
            inside->verdicts.enrolled(agent_id);
            Acted result = acted("enrol", inside->tenant.enrol(agent_id, enrolment));
            result.act.tpm_policy = enrolment.tpm_policy;
            result.act.ak_name = ak_name(enrolment.ak_public);
            return result;
        },
        std::move(done));
}

void TenantDesk::remove(const std::string& agent_id, std::function<void(Acted)> done) {
    worker_.submit([inside = inside_, agent_id] { return acted("delete", inside->tenant.remove(agent_id)); },
                   std::move(done));
}

void TenantDesk::reactivate(const std::string& agent_id, std::function<void(Acted)> done) {
    worker_.submit(
        [inside = inside_, agent_id] { return acted("reactivate", inside->tenant.reactivate(agent_id)); },
        std::move(done));
}

void TenantDesk::change_runtime_policy(const std::string& name, const std::string& policy,
                                       std::function<void(Acted)> done) {
    worker_.submit(
        [inside = inside_, name, policy] {
            return acted("change_policy", inside->tenant.change_runtime_policy(name, policy));
        },
        std::move(done));
}

void TenantDesk::forget(const std::string& agent_id, std::function<void(Acted)> done) {
    worker_.submit(
        [inside = inside_, agent_id] {
            return acted("delete_registration", inside->tenant.remove_registered(agent_id));
        },
        std::move(done));
}

void TenantDesk::read_status(const std::string& agent_id, std::function<void(StatusSeen)> done) {
    worker_.submit([inside = inside_, agent_id] { return status_seen(inside->tenant.status(agent_id)); },
                   std::move(done));
}

void TenantDesk::read_enrolment(const std::string& agent_id, std::function<void(StatusSeen)> done) {
    worker_.submit(
        [inside = inside_, agent_id] {
            StatusSeen seen = status_seen(inside->tenant.status(agent_id));
            if (const auto ak = inside->verdicts.enrolled_ak(agent_id)) seen.act.ak_name = ak_name(*ak);
            return seen;
        },
        std::move(done));
}

void TenantDesk::find(const std::string& agent_id, std::function<void(Looked<std::string>)> done) {
    worker_.submit(
        [inside = inside_, agent_id]() -> Looked<std::string> {
            auto status = inside->tenant.status(agent_id);
            const auto& answer = status.call.outcome.response;
            const bool unknown = answer && answer->status == 404;
            Looked<std::string> looked{{}, "verifier"};
            if (!status.result && !unknown) looked.result = fail(status.result.error());
            looked.acts.push_back(act_of("look_for_agent", std::move(status.call)));
            if (!unknown) return looked;

            auto registered = inside->tenant.list_registered();
            if (registered.result) {
                const bool known =
                    std::ranges::find(*registered.result, agent_id) != registered.result->end();
                looked.result = known ? "registrar" : "";
            } else {
                looked.result = fail(registered.result.error());
            }
            looked.acts.push_back(act_of("look_for_agent", std::move(registered.call)));
            return looked;
        },
        std::move(done));
}

void TenantDesk::probe(std::function<void(Looked<void>)> done) {
    worker_.submit(
        [inside = inside_]() -> Looked<void> {
            const HttpRequest version{"GET", "/version", {}, {}};
            const auto& address = inside->tenant.address();
            Looked<void> looked;
            const auto ask = [&](const char* server, const stack::HostPort& where, stack::Call call) {
                if (looked.result && call.outcome.failure)
                    looked.result = fail(stack::no_answer(server, where, *call.outcome.failure));
                looked.acts.push_back(act_of("probe", std::move(call)));
            };
            ask("verifier", address.verifier, inside->tenant.at_verifier(version));
            ask("registrar", address.registrar_http, inside->registrar_of_agents.exchange(version));
            ask("registrar", address.registrar_tls, inside->tenant.at_registrar(version));
            return looked;
        },
        std::move(done));
}

void TenantDesk::verdicts_from_here(const std::string& agent_id) {
    worker_.submit(
        [inside = inside_, agent_id] {
            inside->verdicts.enrolled(agent_id);
            return 0;
        },
        [](int) {});
}

void TenantDesk::read_verdict(const std::string& agent_id, int index, std::function<void(Judged)> done) {
    worker_.submit(
        [inside = inside_, agent_id, index] {
            stack::Verdict read = inside->verdicts.read(agent_id, static_cast<std::uint64_t>(index));
            return Judged{act_of("read_verdict", std::move(read.record_call)), verdict_of(read),
                          read.settled()};
        },
        std::move(done));
}

}  // namespace pushsim::fleet
