#include "sim/history/seen.hpp"

#include <algorithm>
#include <charconv>

#include "sim/history/digest.hpp"
#include "sim/history/json_text.hpp"

namespace pushsim::history {
namespace {

/// At most max_kept_body octets, not in the middle of a UTF-8 character.
std::string_view cut_body(std::string_view body) {
    if (body.size() <= max_kept_body) return body;
    std::size_t end = max_kept_body;
    while (end > max_kept_body - 4 && (static_cast<unsigned char>(body[end]) & 0xC0U) == 0x80U)
        --end;
    return body.substr(0, end);
}

/// Each fingerprint in the text that is not there yet.
void add_fingerprints(std::string_view text, std::vector<Text>& into) {
    constexpr std::string_view begin = "fp:";
    constexpr std::size_t most = 16;  // of one answer; more of them tell nothing new
    for (std::size_t at = 0; (at = text.find(begin, at)) != std::string_view::npos; at += begin.size()) {
        std::string found{text.substr(at, fingerprint_size)};
        if (!is_fingerprint(found) || into.size() >= most) continue;
        if (std::find(into.begin(), into.end(), found) == into.end()) into.emplace_back(found);
    }
}

MessageSeen message(const HttpHeaders& headers, const std::string& body, bool keep, Redactor& redactor,
                    bool is_answer) {
    MessageSeen seen;
    seen.size = body.size();
    seen.kept = keep;
    // Headers and body are always looked through: a token is learnt from the answer that brings it.
    HttpHeaders redacted_headers = redactor.headers(headers);
    const std::string redacted_body = redactor.body(body);
    if (!redacted_body.empty()) seen.sha256 = sha256_hex(redacted_body);
    if (is_answer) {
        std::vector<Text> secrets;
        for (const auto& [name, value] : redacted_headers)
            add_fingerprints(value, secrets);
        add_fingerprints(redacted_body, secrets);
        seen.secrets = std::move(secrets);
    }
    if (keep) {
        seen.headers = std::move(redacted_headers);
        seen.body = cut_body(redacted_body);
        seen.cut = seen.body.size() < redacted_body.size();
    }
    return seen;
}

MessageSeen answer(const HttpResponse& response, bool keep, Redactor& redactor) {
    return message(response.headers, response.body, keep, redactor, true);
}
MessageSeen request(const HttpRequest& request, bool keep, Redactor& redactor) {
    return message(request.headers, request.body, keep, redactor, false);
}

/// "…/attestations/3" -> 3
std::optional<int> index_in(std::string_view path) {
    constexpr std::string_view folder = "/attestations/";
    const std::size_t at = path.rfind(folder);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view digits = path.substr(at + folder.size());
    int index = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    if (error != std::errc{} || end == digits.data() || index < 0) return std::nullopt;
    return index;
}

/// The JSON:API error code and pointer of an answer, where it has them.
void read_error(const std::string& body, ExchangeSeen& seen) {
    if (body.size() > max_kept_body) return;
    const auto json = parse_json(body);
    if (!json || !json->is_object()) return;
    const auto errors = json->find("errors");
    if (errors == json->end() || !errors->is_array() || errors->empty() || !(*errors)[0].is_object()) return;
    const auto& first = (*errors)[0];
    if (const auto code = first.find("code"); code != first.end() && code->is_string())
        seen.code = code->get<std::string>();
    if (const auto source = first.find("source"); source != first.end() && source->is_object()) {
        const auto pointer = source->find("pointer");
        if (pointer != source->end() && pointer->is_string()) seen.pointer = pointer->get<std::string>();
    }
}

using Json = nlohmann::ordered_json;

/// The member of an object, or nothing.
const Json* member(const Json* object, const char* name) {
    if (object == nullptr || !object->is_object()) return nullptr;
    const auto at = object->find(name);
    return at == object->end() ? nullptr : &*at;
}

std::string text_in(const Json* object, const char* name, Redactor& redactor) {
    const Json* text = member(object, name);
    return text != nullptr && text->is_string() ? redactor.text(text->get_ref<const std::string&>()) : "";
}

/// The challenge of the first element that has one.
std::string challenge_in(const Json* list, Redactor& redactor) {
    if (list == nullptr || !list->is_array()) return {};
    for (const Json& item : *list) {
        std::string challenge = text_in(member(&item, "chosen_parameters"), "challenge", redactor);
        if (!challenge.empty()) return challenge;
    }
    return {};
}

/// The challenge of a session, and how long the token of its proof lives, where the answer has the form it
/// should have.
void read_session(const HttpResponse& answer, ExchangeSeen& seen, Redactor& redactor) {
    const bool read = seen.phase == "authenticate" && answer.status == 200;
    if (!read || answer.body.size() > max_kept_body) return;
    const auto json = parse_json(answer.body);
    if (!json) return;
    const Json* attributes = member(member(&*json, "data"), "attributes");
    if (seen.method == "POST")
        seen.challenge = challenge_in(member(attributes, "authentication_requested"), redactor);
    if (seen.method != "PATCH") return;
    const auto from = from_rfc3339(text_in(attributes, "response_received_at", redactor));
    const auto to = from_rfc3339(text_in(attributes, "token_expires_at", redactor));
    if (from && to) seen.token_lifetime = *to - *from;
}

/// What the verifier says of an attestation, where the answer has the form it should have.
void read_attestation(const HttpResponse& answer, ExchangeSeen& seen, Redactor& redactor) {
    const bool negotiation = seen.phase == "negotiate" && answer.status == 201;
    const bool submission = seen.phase == "submit" && answer.status == 202;
    if ((!negotiation && !submission) || answer.body.size() > max_kept_body) return;
    const auto json = parse_json(answer.body);
    if (!json) return;
    if (submission) {
        const Json* seconds = member(member(&*json, "meta"), "seconds_to_next_attestation");
        if (seconds != nullptr && seconds->is_number_integer()) seen.seconds_to_next = seconds->get<int>();
        return;
    }
    const Json* attributes = member(member(&*json, "data"), "attributes");
    const Json* requested = member(attributes, "evidence_requested");
    if (requested == nullptr || !requested->is_array()) return;
    seen.challenge = challenge_in(requested, redactor);
    NegotiatedSeen& negotiated = seen.negotiated.emplace();
    for (const Json& item : *requested)
        negotiated.requested.edit().emplace_back(text_in(&item, "evidence_type", redactor));
    negotiated.received_at = text_in(attributes, "capabilities_received_at", redactor);
    negotiated.expire_at = text_in(attributes, "challenges_expire_at", redactor);
}

struct ToEvent {
    Redactor& redactor;
    BodyKeeper& keeper;
    Instant run_start;

    Event operator()(const Exchange& exchange) const {
        const transport::Outcome& outcome = exchange.outcome;
        ExchangeSeen seen{exchange.phase, exchange.peer};
        seen.attempt = exchange.attempt;
        seen.request_id = exchange.request_id;
        seen.source = exchange.source;
        seen.method = exchange.request.method;
        seen.index = exchange.index ? exchange.index : index_in(exchange.request.target);
        std::string outcome_word;
        bool is_failure = true;
        if (outcome.response) {
            seen.status = outcome.response->status;
            outcome_word = std::to_string(outcome.response->status);
            is_failure = outcome.response->status >= 400;
            if (is_failure) read_error(outcome.response->body, seen);
            if (const auto value = outcome.response->header("Retry-After"))
                seen.retry_after = redactor.text(*value);
            if (const auto value = outcome.response->header("Location"); value && !seen.index) {
                seen.index = index_in(*value);
            }
        }
        if (outcome.failure) {
            seen.failure = transport::to_string(outcome.failure->kind);
            outcome_word = seen.failure;
            is_failure = true;
        }
        const bool policy = keeper.keep(exchange.phase + ' ' + exchange.peer, outcome_word, is_failure);
        const bool keep = policy || exchange.keep;
        seen.request = request(exchange.request, keep, redactor);
        if (outcome.response) seen.response = answer(*outcome.response, keep, redactor);
        // After the messages, whose secrets are known by now.
        seen.target = redactor.text(exchange.request.target);
        if (outcome.failure) seen.failure_text = redactor.text(outcome.failure->message);
        seen.code = redactor.text(seen.code);
        seen.pointer = redactor.text(seen.pointer);
        seen.start = outcome.timings.start - run_start;
        if (exchange.due) seen.due = *exchange.due - run_start;
        seen.queued = exchange.queued;
        const transport::Timings& timings = outcome.timings;
        seen.phases = PhasesSeen{timings.connect, timings.tls, timings.send, timings.wait, timings.receive};
        seen.total = outcome.timings.total;
        seen.reused = outcome.reused_connection;
        seen.resumed = outcome.resumed_session;
        if (outcome.response) read_attestation(*outcome.response, seen, redactor);
        if (outcome.response) read_session(*outcome.response, seen, redactor);
        return seen;
    }

    Event operator()(const TenantAct& act) const {
        TenantActSeen seen{act.act};
        const bool is_failure = act.error || !act.response || act.response->status >= 400;
        const std::string outcome = act.response ? std::to_string(act.response->status) : "none";
        const bool policy = keeper.keep("tenant " + act.act, outcome, is_failure);
        const bool keep = policy || act.keep;
        if (act.request) {
            seen.method = act.request->method;
            seen.request = request(*act.request, keep, redactor);
            seen.target = redactor.text(act.request->target);
        }
        if (act.response) {
            seen.status = act.response->status;
            seen.response = answer(*act.response, keep, redactor);
        }
        if (act.error) seen.error = redactor.text(act.error->text());
        seen.duration = act.duration;
        seen.tpm_policy = redactor.body(act.tpm_policy);
        seen.ak_name = act.ak_name;
        return seen;
    }

    Event operator()(ScenarioStart record) const {
        mend(record.title);
        mend(record.file);
        record.plan = redactor.body(record.plan);
        std::size_t agents = 0;
        for (const Group& group : record.groups)
            agents += static_cast<std::size_t>(std::max(group.count, 0));
        redactor.expect_agents(agents);
        return record;
    }
    Event operator()(ScenarioEnd record) const {
        mend(record.reason);
        mend(record.mend);
        mend(record.agents);
        return record;
    }
    Event operator()(StepEnd record) const {
        mend(record.error);
        return record;
    }
    Event operator()(TpmOperation record) const {
        mend(record.error);
        return record;
    }
    Event operator()(MachineAct record) const {
        mend(record.text);
        return record;
    }
    Event operator()(FaultEffect record) const {
        mend(record.fault);
        mend(record.effect);
        mend(record.draw);
        return record;
    }
    Event operator()(Cycle record) const {
        mend(record.reason);
        mend(record.code);
        return record;
    }
    Event operator()(Verdict record) const {
        mend(record.record.unavailable);
        mend(record.database.unavailable);
        mend(record.log.unavailable);
        if (record.log.value) {
            for (std::string& line : record.log.value.edit().details.edit())
                mend(line);
        }
        return record;
    }
    Event operator()(StackEvent record) const {
        mend(record.text);
        if (record.facts) {
            mend(record.facts->keylime_where);
            mend(record.facts->keylime_origin);
        }
        return record;
    }
    Event operator()(Note record) const {
        mend(record.text);
        return record;
    }
    Event operator()(End record) const {
        mend(record.reason);
        return record;
    }
    Event operator()(const StepStart& record) const { return record; }
    Event operator()(const Conformance& record) const { return record; }
    Event operator()(const StatusRead& record) const { return record; }

    template <typename T>
    void mend(T& text) const {
        if (!text.empty()) text = redactor.text(text);
    }
};

}  // namespace

bool BodyKeeper::keep(const std::string& kind, const std::string& outcome, bool is_failure) {
    if (options_.bodies != Bodies::Failures) return options_.bodies == Bodies::All;
    const std::lock_guard lock{mutex_};
    const int before = seen_[kind + ' ' + outcome]++;
    return before < (is_failure ? options_.failures_kept_of_a_kind : 1);
}

Event to_event(const Record& record, Redactor& redactor, BodyKeeper& keeper, Instant run_start) {
    return std::visit(ToEvent{redactor, keeper, run_start}, record);
}

Head redacted(const Head& head, Redactor& redactor) {
    Head result = head;
    result.command = redactor.text(head.command);
    for (auto& [name, value] : result.facts)
        value = redactor.text(value);
    return result;
}

}  // namespace pushsim::history
