#include "sim/history/slim.hpp"

#include <algorithm>

#include "agent/base/time.hpp"

namespace pushsim::history {
namespace {

void let_go_if_id(Text& text) {
    constexpr std::size_t longest = 36;  // a UUID (RFC 9562)
    const auto fits = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-'; };
    if (text.size() <= longest && std::ranges::all_of(text.view(), fits)) text = {};
}

void let_go_if_time(Text& text) {
    if (from_rfc3339(text)) text = {};
}

void let_go_of_digest(MessageSeen& message) {
    if (!message.kept) message.sha256 = {};
}

/// Equal values become the same one.
template <typename T>
void share(T& value, T& before) {
    if (value == before) {
        value = before;
    } else {
        before = value;
    }
}

/// The same of whole events of one kind.
template <typename T>
void share(Event& event, const T& value, Event& before) {
    const auto* same = before.get<T>();
    if (same != nullptr && *same == value) {
        event = before;
    } else {
        before = event;
    }
}

}  // namespace

void Slim::take(Event& event) {
    if (auto* exchange = event.edit<ExchangeSeen>()) {
        take(*exchange);
    } else if (auto* act = event.edit<TenantActSeen>()) {
        let_go_of_digest(act->request);
        let_go_of_digest(act->response);
    } else if (auto* verdict = event.edit<Verdict>()) {
        take(*verdict);
        share(event, *verdict, verdicts_[static_cast<std::size_t>(verdict->index) % slots]);
    } else if (const auto* cycle = event.get<Cycle>(); cycle != nullptr && cycle->index) {
        share(event, *cycle, cycles_[static_cast<std::size_t>(*cycle->index) % slots]);
    }
}

void Slim::take(ExchangeSeen& exchange) {
    exchange.phases.reset();
    let_go_if_id(exchange.request_id);
    if (!exchange.target.ends_with("/sessions")) let_go_of_digest(exchange.request);
    let_go_of_digest(exchange.response);
    if (!exchange.negotiated) return;
    NegotiatedSeen& negotiated = exchange.negotiated.edit();
    if (negotiated.lifetime) negotiated.received_at = negotiated.expire_at = {};
    share(negotiated.requested, requested_);
}

void Slim::take(Verdict& verdict) {
    if (verdict.record.value) share(verdict.record.value, record_);
    if (verdict.database.value) {
        DatabaseVerdict& database = verdict.database.value.edit();
        let_go_if_time(database.capabilities_received_at);
        let_go_if_time(database.challenges_expire_at);
        let_go_if_time(database.evidence_received_at);
        share(verdict.database.value, database_);
    }
    if (verdict.log.value) share(verdict.log.value, log_);
}

}  // namespace pushsim::history
