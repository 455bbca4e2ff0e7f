#pragma once
// The members of every record, each described once: `f` writes them or reads them (sim/history/fields.hpp).
// This is the format. Members may be added; one that changes its meaning or goes needs a new current_format.
// Heavy header: for .cpp files alone.

#include <array>
#include <optional>
#include <type_traits>
#include <variant>

#include "sim/history/event.hpp"
#include "sim/history/fields.hpp"

namespace pushsim::history {

inline Words<ScenarioEnd::Ending> words(ScenarioEnd::Ending) {
    using E = ScenarioEnd::Ending;
    return {{E::Ran, "ran"}, {E::Skipped, "skipped"}, {E::Failed, "failed"}, {E::Interrupted, "interrupted"}};
}
inline Words<StatusClause::When> words(StatusClause::When) {
    using E = StatusClause::When;
    return {{E::Last, "last"}, {E::Always, "always"}, {E::Never, "never"}};
}
inline Words<Quantity::Kind> words(Quantity::Kind) {
    using E = Quantity::Kind;
    return {{E::All, "all"}, {E::AtLeast, "at_least"}, {E::AtMost, "at_most"}, {E::Exactly, "exactly"}};
}

inline Words<MetricClause::Comparison> words(MetricClause::Comparison) {
    using E = MetricClause::Comparison;
    return {{E::Less, "<"}, {E::AtMost, "<="}, {E::More, ">"}, {E::AtLeast, ">="}, {E::Equal, "=="}};
}

template <typename F>
void describe(F& f, Where& v) {
    f.maybe("scenario", v.scenario);
    f.maybe("step", v.step);
    f.maybe("agent", v.agent);
}

template <typename F>
void describe(F& f, StackFacts& v) {
    f.maybe("kind", v.kind);
    f.maybe("keylime_version", v.keylime_version);
    f.maybe("keylime_where", v.keylime_where);
    f.maybe("keylime_origin", v.keylime_origin);
    f.maybe("registrar", v.registrar);
    f.maybe("verifier", v.verifier);
    f.must("mode", v.mode);
    f.maybe("changed_start", v.changed_start);
}

template <typename F>
void describe(F& f, Head& v) {
    int format = current_format;
    f.must("format", format);
    f.must("pushsim", v.pushsim_version);
    f.must("command", v.command);
    f.must("seed", v.seed);
    f.must("started", v.started);
    f.maybe("stack", v.stack);
    f.maybe("facts", v.facts);
}

template <typename F>
void describe(F& f, StatusRange& v) {
    f.must("low", v.low);
    f.must("high", v.high);
}

template <typename F>
void describe(F& f, ResponseClause& v) {
    f.maybe("status", v.status);
    f.maybe("code", v.code);
    f.maybe("pointer", v.pointer);
    f.maybe("header", v.header);
    f.maybe("retry_after", v.retry_after);
    f.maybe("body", v.body);
}

template <typename F>
void describe(F& f, VerdictClause& v) {
    f.must("verdict", v.verdict);
    f.maybe("reason", v.reason);
}

template <typename F>
void describe(F& f, StatusClause& v) {
    f.must("status", v.status);
    f.maybe("when", v.when);
}

template <typename F>
void describe(F& f, RequestsClause& v) {
    f.must("kind", v.kind);
    f.must("count", v.count);
    f.maybe("since_start", v.since_start);
}

template <typename F>
void describe(F& f, MetricClause& v) {
    f.must("metric", v.metric);
    f.must("comparison", v.comparison);
    f.maybe("duration", v.duration);
    f.maybe("number", v.number);
}

template <typename F>
void describe(F& f, CheckClause& v) {
    f.must("check", v.check);
}

template <typename F>
void describe(F& f, Quantity& v) {
    f.must("kind", v.kind);
    f.maybe("count", v.count);
}

template <typename F>
void describe(F& f, Expectation& v) {
    f.maybe("response", v.response);
    f.maybe("verdict", v.verdict);
    f.maybe("status", v.status);
    f.maybe("requests", v.requests);
    f.maybe("metric", v.metric);
    f.maybe("check", v.check);
    if constexpr (std::is_same_v<F, ReadFields>) {
        ResponseClause none;
        if (!v.response && !v.verdict && !v.status && v.requests.empty() && !v.metric && !v.check)
            f.must("response", none);
    }
    f.maybe("step", v.step);
    f.maybe("agents", v.agents);
    f.maybe("quantity", v.quantity);
    f.maybe("last_cycle_only", v.last_cycle_only);
    f.maybe("source", v.source);
    f.maybe("decides", v.decides);
    f.maybe("case", v.case_name);
    f.maybe("instead_of", v.instead_of);
}

template <typename F>
void describe(F& f, Group& v) {
    f.must("name", v.name);
    f.must("count", v.count);
}

template <typename F>
void describe(F& f, Try& v) {
    f.must("number", v.number);
    f.must("of", v.of);
}

template <typename F>
void describe(F& f, ScenarioStart& v) {
    f.maybe("title", v.title);
    f.maybe("file", v.file);
    f.maybe("groups", v.groups);
    f.maybe("expectations", v.expectations);
    f.json_text("plan", v.plan);
    f.maybe("by_hand", v.by_hand);
    f.maybe("attempt", v.attempt);
}

template <typename F>
void describe(F& f, ScenarioEnd& v) {
    f.must("ending", v.ending);
    f.maybe("reason", v.reason);
    f.maybe("mend", v.mend);
    f.maybe("agents", v.agents);
}

template <typename F>
void describe(F& f, StepStart& v) {
    f.must("does", v.step_kind);
    f.maybe("agents", v.agents);
    f.maybe("name", v.name);
    f.maybe("case", v.case_name);
}

template <typename F>
void describe(F& f, StepEnd& v) {
    f.must("does", v.step_kind);
    f.maybe("error", v.error);
}

template <typename F>
void describe(F& f, MessageSeen& v) {
    f.maybe("size", v.size);
    f.unlike("sha256", v.sha256);
    f.maybe("kept", v.kept);
    f.maybe("headers", v.headers);
    f.octets("body", v.body);
    f.maybe("cut", v.cut);
    f.maybe("secrets", v.secrets);
}

template <typename F>
void describe(F& f, NegotiatedSeen& v) {
    f.must("requested", v.requested);
    f.unlike("received_at", v.received_at);
    f.unlike("expire_at", v.expire_at);
    if constexpr (std::is_same_v<F, ReadFields>) {
        const auto from = from_rfc3339(v.received_at);
        const auto to = from_rfc3339(v.expire_at);
        if (from && to) v.lifetime = *to - *from;
    }
}

/// They stand beside the other members of an exchange.
template <typename F>
void describe_phases(F& f, Shared<PhasesSeen>& v) {
    PhasesSeen phases = *v;
    f.maybe("connect", phases.connect);
    f.maybe("tls", phases.tls);
    f.maybe("send", phases.send);
    f.maybe("wait", phases.wait);
    f.maybe("receive", phases.receive);
    if constexpr (std::is_same_v<F, ReadFields>) {
        if (!(phases == PhasesSeen{})) v = phases;
    }
}

template <typename F>
void describe(F& f, ExchangeSeen& v) {
    f.must("phase", v.phase);
    f.must("peer", v.peer);
    f.must("attempt", v.attempt);
    f.unlike("id", v.request_id);
    f.maybe("source", v.source);
    f.must("method", v.method);
    f.must("target", v.target);
    f.maybe("index", v.index);
    f.maybe("status", v.status);
    f.maybe("code", v.code);
    f.maybe("pointer", v.pointer);
    f.maybe("retry_after", v.retry_after);
    f.maybe("failure", v.failure);
    f.maybe("failure_text", v.failure_text);
    f.must("start", v.start);
    f.maybe("due", v.due);
    f.maybe("queued", v.queued);
    describe_phases(f, v.phases);
    f.must("total", v.total);
    f.maybe("reused", v.reused);
    f.maybe("resumed", v.resumed);
    f.maybe("negotiated", v.negotiated);
    f.unlike("challenge", v.challenge);
    f.maybe("seconds_to_next", v.seconds_to_next);
    f.maybe("token_lifetime", v.token_lifetime);
    f.part("request", v.request);
    f.part("response", v.response);
}

template <typename F>
void describe(F& f, QuoteValues& v) {
    f.must("bank", v.bank);
    f.maybe("pcrs", v.pcrs);
    f.maybe("same", v.same);
}

template <typename F>
void describe(F& f, QuoteClock& v) {
    f.must("clock", v.clock);
    f.maybe("resets", v.resets);
    f.maybe("restarts", v.restarts);
    f.maybe("safe", v.safe);
}

template <typename F>
void describe(F& f, TpmOperation& v) {
    f.must("operation", v.operation);
    f.must("duration", v.duration);
    f.maybe("waited", v.waited);
    f.maybe("ahead", v.ahead);
    f.maybe("error", v.error);
    f.maybe("quote", v.quote);
    f.maybe("clock", v.clock);
    f.maybe("ak_name", v.ak_name);
}

template <typename F>
void describe(F& f, MachineAct& v) {
    f.must("act", v.act);
    f.maybe("pcr", v.pcr);
    f.maybe("digests", v.digests);
    f.maybe("text", v.text);
}

template <typename F>
void describe(F& f, FaultEffect& v) {
    f.must("fault", v.fault);
    f.must("effect", v.effect);
    f.maybe("draw", v.draw);
}

template <typename F>
void describe(F& f, TenantActSeen& v) {
    f.must("act", v.act);
    f.maybe("method", v.method);
    f.maybe("target", v.target);
    f.maybe("status", v.status);
    f.maybe("error", v.error);
    f.must("duration", v.duration);
    f.json_text("tpm_policy", v.tpm_policy);
    f.maybe("ak_name", v.ak_name);
    f.part("request", v.request);
    f.part("response", v.response);
}

template <typename F>
void describe(F& f, Cycle& v) {
    f.must("phase", v.phase);
    f.must("ending", v.ending);
    f.maybe("status", v.status);
    f.maybe("code", v.code);
    f.maybe("index", v.index);
    f.maybe("reason", v.reason);
    f.maybe("doubt", v.doubt);
}

template <typename F>
void describe(F& f, RecordVerdict& v) {
    f.must("stage", v.stage);
    f.must("evaluation", v.evaluation);
}

template <typename F>
void describe(F& f, DatabaseVerdict& v) {
    f.must("stage", v.stage);
    f.must("evaluation", v.evaluation);
    f.maybe("failure_reason", v.failure_reason);
    f.unlike("capabilities_received_at", v.capabilities_received_at);
    f.unlike("challenges_expire_at", v.challenges_expire_at);
    f.unlike("evidence_received_at", v.evidence_received_at);
}

template <typename F>
void describe(F& f, LogVerdict& v) {
    f.must("verdict", v.verdict);
    f.maybe("reason", v.reason);
    f.maybe("details", v.details);
}

template <typename F, typename T>
void describe(F& f, Sourced<T>& v) {
    f.maybe("says", v.value);
    f.maybe("unavailable", v.unavailable);
}

template <typename F>
void describe(F& f, Verdict& v) {
    f.must("index", v.index);
    f.part("record", v.record);
    f.part("database", v.database);
    f.part("log", v.log);
}

template <typename F>
void describe(F& f, StatusRead& v) {
    f.must("status", v.status);
    f.maybe("attestation_count", v.attestation_count);
    f.maybe("last_received_quote", v.last_received_quote);
    f.maybe("last_successful_attestation", v.last_successful_attestation);
    f.maybe("error", v.error);
}

template <typename F>
void describe(F& f, StackEvent& v) {
    f.must("what", v.what);
    f.maybe("text", v.text);
    f.maybe("facts", v.facts);
}

template <typename F>
void describe(F& f, Requirement& v) {
    f.must("id", v.id);
    f.must("text", v.text);
    f.must("level", v.level);
    f.must("binds", v.binds);
    f.maybe("since", v.since);
    f.maybe("sources", v.sources);
    f.maybe("tags", v.tags);
    f.maybe("decided_by", v.decided_by);
    f.maybe("planned", v.planned);
    f.maybe("withheld", v.withheld);
}

template <typename F>
void describe(F& f, Deviation& v) {
    f.must("requirement", v.requirement);
    f.maybe("case", v.case_id);
    f.maybe("observed", v.observed);
    f.maybe("reference", v.reference);
    f.maybe("since", v.since);
    f.maybe("until", v.until);
    f.maybe("intermittent", v.intermittent);
    f.maybe("withheld", v.withheld);
    f.maybe("checks", v.checks);
}

template <typename F>
void describe(F& f, Excluded& v) {
    f.must("requirement", v.requirement);
    f.must("reason", v.reason);
}

template <typename F>
void describe(F& f, InPart& v) {
    f.must("requirement", v.requirement);
    f.must("cases", v.cases);
    f.must("of", v.of);
    f.maybe("excluded", v.excluded);
}

template <typename F>
void describe(F& f, Conformance& v) {
    f.maybe("profile", v.profile);
    f.maybe("selection", v.selection);
    f.maybe("requirements", v.requirements);
    f.maybe("deviations", v.deviations);
    f.maybe("deviations_file", v.deviations_file);
    f.maybe("excluded", v.excluded);
    f.maybe("in_part", v.in_part);
    f.maybe("strict", v.strict);
    f.maybe("again", v.again);
}

template <typename F>
void describe(F& f, Note& v) {
    f.must("text", v.text);
}

template <typename F>
void describe(F& f, End& v) {
    f.must("partial", v.partial);
    f.maybe("reason", v.reason);
    f.maybe("exit_code", v.exit_code);
}

template <typename F>
void describe(F&, Unknown&) {}

/// What the event holds; for an F that only reads it.
template <typename F>
void describe_held(F& f, const Event& event) {
    event.visit([&]<typename T>(const T& value) { describe(f, const_cast<T&>(value)); });
}

}  // namespace pushsim::history
