#include "reports/html_timeline.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <span>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "reports/text.hpp"

namespace pushsim::reports {
namespace {

using Json = nlohmann::ordered_json;

struct Row {
    Duration time{};
    const history::Entry* line = nullptr;
    Json json;
    bool at_registrar = false;  ///< an act of the tenant: else at the verifier
};

/// Acts of the tenant at the registrar, by their lines: the history does not name the server. A probe asks
/// the verifier, then the registrar with and without TLS (sim/fleet/tenant_desk); the list of all agents is
/// the registrar's.
std::set<std::uint64_t> at_registrar(const Lines& lines) {
    constexpr std::size_t asked_by_probe = 3;
    std::set<std::uint64_t> found;
    std::map<std::tuple<std::string, int, std::string>, std::size_t> probes;
    for (const history::Entry* line : lines) {
        const auto* act = as<history::TenantActSeen>(line);
        if (act == nullptr) continue;
        bool is_there = act->act == "delete_registration";
        if (act->act == "look_for_agent") {
            const std::string_view target = act->target.view();
            is_there = target.ends_with("/agents/") || target.ends_with("/agents");
        } else if (act->act == "probe") {
            const history::Where& where = *line->where;
            is_there = probes[{where.scenario.str(), where.step.value_or(-1), where.agent.str()}]++ %
                           asked_by_probe !=
                       0;
        }
        if (is_there) found.insert(line->n);
    }
    return found;
}

std::int64_t microseconds(Duration duration) {
    return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

void put(Json& json, const char* name, const std::string& value) {
    if (!value.empty()) json[name] = value;
}

Json begun(const char* kind, const Row& row) {
    Json json{{"k", kind}, {"n", row.line->n}, {"t", microseconds(row.time)}};
    put(json, "agent", row.line->where->agent);
    return json;
}

Json exchange_row(const Row& row, const history::ExchangeSeen& exchange) {
    Json json = begun("exchange", row);
    json["peer"] = exchange.peer;
    json["phase"] = exchange.phase;
    json["method"] = exchange.method;
    json["target"] = exchange.target;
    if (exchange.status) json["status"] = *exchange.status;
    put(json, "code", exchange.code);
    if (!exchange.failure.empty()) json["failure"] = exchange.failure + ": " + exchange.failure_text;
    json["took"] = microseconds(exchange.total);
    if (exchange.attempt > 1) json["attempt"] = exchange.attempt;
    put(json, "id", exchange.request_id);
    return json;
}

Json act_row(const Row& row, const history::TenantActSeen& act) {
    Json json = begun("exchange", row);
    json["tenant"] = true;
    json["peer"] = row.at_registrar ? "registrar" : "verifier";
    json["phase"] = act.act;
    json["method"] = act.method;
    json["target"] = act.target;
    if (act.status) json["status"] = *act.status;
    put(json, "failure", act.error);
    json["took"] = microseconds(act.duration);
    return json;
}

Json mark(const char* kind, const Row& row, const std::string& text, const char* tone = "",
          std::vector<std::string> more = {}) {
    Json json = begun(kind, row);
    json["text"] = text;
    put(json, "tone", tone);
    if (!more.empty()) json["more"] = std::move(more);
    return json;
}

template <typename T, typename Words>
void say_source(std::vector<std::string>& more, const char* name, const history::Sourced<T>& source,
                Words words) {
    if (source.value) {
        more.push_back(fmt::format("{}: {}", name, words(*source.value)));
    } else if (!source.unavailable.empty()) {
        more.push_back(fmt::format("{}: says nothing ({})", name, source.unavailable));
    }
}

Json verdict_row(const Row& row, const history::Verdict& verdict) {
    std::vector<std::string> more;
    say_source(more, "attestation record", verdict.record, [](const history::RecordVerdict& record) {
        return fmt::format("{}, {}", record.stage, record.evaluation);
    });
    say_source(more, "database", verdict.database, [](const history::DatabaseVerdict& database) {
        return fmt::format("{}, {} {}", database.stage, database.evaluation, database.failure_reason);
    });
    say_source(more, "log", verdict.log,
               [](const history::LogVerdict& log) { return fmt::format("{} {}", log.verdict, log.reason); });
    if (verdict.log.value) {
        for (const std::string& detail : verdict.log.value->details)
            more.push_back("log says: " + detail);
    }
    const std::string evaluation = evaluation_of(verdict);
    return mark("verdict", row,
                fmt::format("verdict on attestation {}: {}", verdict.index, verdict_words(verdict)),
                evaluation == "pass"   ? "good"
                : evaluation == "fail" ? "bad"
                                       : "",
                std::move(more));
}

Json status_row(const Row& row, const history::StatusRead& read) {
    if (!read.error.empty()) return mark("status", row, "status cannot be read: " + read.error, "bad");
    const std::string count =
        read.attestation_count
            ? fmt::format(
                  ", {}",
                  counted(static_cast<std::uint64_t>(std::max<std::int64_t>(*read.attestation_count, 0)),
                          "attestation"))
            : "";
    return mark("status", row, fmt::format("status of the agent: {}{}", read.status, count),
                read.status == "PASS"                               ? "good"
                : read.status == "FAIL" || read.status == "TIMEOUT" ? "bad"
                                                                    : "");
}

Json machine_row(const Row& row, const history::MachineAct& act) {
    std::vector<std::string> more;
    for (const auto& [bank, digest] : act.digests)
        more.push_back(fmt::format("{}: {}", bank, digest));
    return mark("machine", row,
                fmt::format("{}{}{}", act.act, act.pcr ? fmt::format(" PCR {}", *act.pcr) : "",
                            act.text.empty() ? "" : ": " + act.text),
                "", std::move(more));
}

Json tpm_row(const Row& row, const history::TpmOperation& operation) {
    std::vector<std::string> more;
    if (operation.quote) {
        for (const auto& [pcr, value] : operation.quote->pcrs)
            more.push_back(fmt::format("PCR {} ({}): {}", pcr, operation.quote->bank, value));
    }
    if (!operation.error.empty())
        return mark("tpm", row, fmt::format("TPM: {} fails: {}", operation.operation, operation.error),
                    "bad");
    return mark("tpm", row, fmt::format("TPM: {} in {}", operation.operation, short_time(operation.duration)),
                "", std::move(more));
}

Json fault_row(const Row& row, const history::FaultEffect& fault) {
    return mark(
        "fault", row,
        fmt::format("fault on purpose: {}{}", fault.fault, fault.effect.empty() ? "" : ": " + fault.effect),
        "", fault.draw.empty() ? std::vector<std::string>{} : std::vector{"by chance: " + fault.draw});
}

Json step_row(const Row& row, const history::StepStart& step) {
    std::string text = row.line->where->step ? fmt::format("step {}: ", *row.line->where->step) : "";
    text += step.step_kind;
    if (!step.agents.empty()) text += " · " + fmt::format("{}", fmt::join(step.agents, ", "));
    if (!step.case_name.empty()) text += " · case " + step.case_name;
    return mark("step", row, text);
}

/// Something to a person.
bool says_something(const history::Entry* line) {
    if (const auto* ended = as<history::StepEnd>(line)) return !ended->error.empty();
    return line->event.kind() != 0 && as<history::ScenarioStart>(line) == nullptr &&
           as<history::ScenarioEnd>(line) == nullptr && as<history::Conformance>(line) == nullptr &&
           as<history::End>(line) == nullptr && as<history::Head>(line) == nullptr;
}

/// Of a line that says something.
Json json_of(const Row& row) {
    const history::Entry* line = row.line;
    if (const auto* exchange = as<history::ExchangeSeen>(line)) return exchange_row(row, *exchange);
    if (const auto* act = as<history::TenantActSeen>(line)) {
        if (!act->method.empty()) return act_row(row, *act);
        return mark("tenant", row,
                    act->error.empty() ? act->act.str() : fmt::format("{} fails: {}", act->act, act->error),
                    act->error.empty() ? "" : "bad");
    }
    if (const auto* step = as<history::StepStart>(line)) return step_row(row, *step);
    if (const auto* ended = as<history::StepEnd>(line); ended != nullptr && !ended->error.empty())
        return mark("step", row, fmt::format("{} could not be done: {}", ended->step_kind, ended->error),
                    "bad");
    if (const auto* operation = as<history::TpmOperation>(line)) return tpm_row(row, *operation);
    if (const auto* act = as<history::MachineAct>(line)) return machine_row(row, *act);
    if (const auto* fault = as<history::FaultEffect>(line)) return fault_row(row, *fault);
    if (const auto* cycle = as<history::Cycle>(line)) {
        return mark("cycle", row,
                    fmt::format("the agent's cycle ends: {}{}", cycle->ending,
                                cycle->reason.empty() ? "" : ": " + cycle->reason),
                    "", cycle->doubt.empty() ? std::vector<std::string>{} : std::vector{cycle->doubt.str()});
    }
    if (const auto* verdict = as<history::Verdict>(line)) return verdict_row(row, *verdict);
    if (const auto* read = as<history::StatusRead>(line)) return status_row(row, *read);
    if (const auto* event = as<history::StackEvent>(line))
        return mark("stack", row,
                    fmt::format("{}{}", event->what, event->text.empty() ? "" : ": " + event->text));
    const auto* note = as<history::Note>(line);
    return mark("note", row, note != nullptr ? note->text : std::string{line->kind()});
}

/// When what the line tells of began.
Duration time_of(const history::Entry& line) {
    if (const auto* exchange = as<history::ExchangeSeen>(&line)) return exchange->start;
    if (const auto* act = as<history::TenantActSeen>(&line)) return line.t - act->duration;
    return line.t;
}

/// By that time: exchanges are written when they end.
Lines by_time(const Lines& lines) {
    Lines sorted;
    std::ranges::copy_if(lines, std::back_inserter(sorted), says_something);
    std::ranges::sort(sorted, [](const history::Entry* a, const history::Entry* b) {
        return std::pair{time_of(*a), a->n} < std::pair{time_of(*b), b->n};
    });
    return sorted;
}

/// The first and the last, and those that are cited; a gap stands for each run of others. Rows are made of
/// what is shown alone: a long run has millions of lines.
std::vector<Row> rows_of(const Lines& lines, const std::set<std::uint64_t>& cited, std::size_t most,
                         std::size_t& left_out) {
    const Lines sorted = by_time(lines);
    const std::set<std::uint64_t> registrar = at_registrar(lines);
    std::vector<Row> rows;
    std::size_t told = 0;  // of those before it there are rows
    const auto tell_gap = [&](std::size_t end) {
        if (told == end) return;
        const auto gap = std::span{sorted}.subspan(told, end - told);
        const auto [first, last] = std::ranges::minmax(gap, {}, &history::Entry::n);
        rows.push_back({time_of(*gap.front()), gap.front(),
                        Json{{"k", "gap"}, {"count", gap.size()}, {"n", first->n}, {"last", last->n}}});
        left_out += gap.size();
    };
    std::size_t cited_kept = 0;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        const bool at_an_end = sorted.size() <= most || i < most / 2 || i + most / 2 >= sorted.size();
        if (!at_an_end && (!cited.contains(sorted[i]->n) || cited_kept++ >= most)) continue;
        tell_gap(i);
        told = i + 1;
        Row row{time_of(*sorted[i]), sorted[i], nullptr, registrar.contains(sorted[i]->n)};
        row.json = json_of(row);
        rows.push_back(std::move(row));
    }
    tell_gap(sorted.size());
    return rows;
}

Json message_json(const history::MessageSeen& message, const TimelineLimits& limits) {
    Json json{{"size", message.size}};
    put(json, "sha256", message.sha256);
    json["kept"] = message.kept;
    if (!message.kept) return json;
    json["headers"] = Json::array();
    for (const auto& [name, value] : message.headers)
        json["headers"].push_back({name, value});
    std::string body = with_short_strings(message.body, limits.body_string);
    if (message.cut || body.size() != message.body.size()) json["left_out"] = true;
    if (body.size() > limits.body) {
        body.resize(limits.body);
        json["left_out"] = true;
    }
    put(json, "body", body);
    return json;
}

Json messages_of(const history::Entry& line, const TimelineLimits& limits) {
    if (const auto* exchange = as<history::ExchangeSeen>(&line))
        return {{"request", message_json(exchange->request, limits)},
                {"answer", message_json(exchange->response, limits)}};
    const auto& act = *as<history::TenantActSeen>(&line);
    return {{"request", message_json(act.request, limits)}, {"answer", message_json(act.response, limits)}};
}

/// Those of lines that are cited first. How many there was no room for.
std::size_t add_messages(std::vector<Row>& rows, const std::set<std::uint64_t>& cited,
                         const TimelineLimits& limits, Room& room) {
    std::size_t left_out = 0;
    std::size_t of_case = limits.messages;
    for (const bool now_cited : {true, false}) {
        for (Row& row : rows) {
            if (row.json.at("k") != "exchange" || cited.contains(row.line->n) != now_cited) continue;
            Json message = messages_of(*row.line, limits);
            const std::size_t size = octets_in_page(message);
            if (size > of_case || size > room.messages) {
                ++left_out;
                continue;
            }
            of_case -= size;
            room.messages -= size;
            row.json["message"] = std::move(message);
        }
    }
    return left_out;
}

}  // namespace

std::size_t octets_in_page(const Json& json) {
    const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
    constexpr std::size_t more_of_escaped = 5;  // "\\u003c" for "<"
    return text.size() + more_of_escaped * static_cast<std::size_t>(std::ranges::count(text, '<'));
}

std::string with_short_strings(std::string_view json, std::size_t most) {
    std::string result;
    const auto take = [&](std::string_view piece) {
        if (piece.size() <= most) {
            result += piece;
            return;
        }
        const auto middle_of_character = [&](std::size_t at) {
            return (static_cast<unsigned char>(piece[at]) & 0xC0U) == 0x80U;
        };
        std::size_t head = most / 2;
        while (head > 0 && middle_of_character(head))
            --head;
        std::size_t tail = piece.size() - most / 4;
        while (tail < piece.size() && middle_of_character(tail))
            ++tail;
        result += fmt::format("{} …[{} octets left out]… {}", piece.substr(0, head), tail - head,
                              piece.substr(tail));
    };
    std::size_t begin = 0;  // of the text outside strings, or within one
    bool inside = false;
    for (std::size_t at = 0; at < json.size(); ++at) {
        if (inside && json[at] == '\\') {
            ++at;
        } else if (json[at] == '"') {
            const std::string_view piece = json.substr(begin, at - begin);
            if (inside) {
                take(piece);
            } else {
                result += piece;
            }
            result += '"';
            begin = at + 1;
            inside = !inside;
        }
    }
    if (inside) {
        take(json.substr(begin));
    } else {
        result += json.substr(begin);
    }
    return result;
}

Json timeline_json(const Lines& lines, const std::set<std::uint64_t>& cited, bool with_messages,
                   const TimelineLimits& limits, Room& room) {
    std::size_t rows_left_out = 0;
    std::vector<Row> rows = rows_of(lines, cited, limits.rows, rows_left_out);
    Json json{{"rows", Json::array()}};
    std::size_t messages_left_out = 0;
    std::size_t size = 0;
    for (const Row& row : rows)
        size += octets_in_page(row.json);
    if (size > room.rows) {
        rows_left_out = lines.size();
        rows.clear();
    } else {
        room.rows -= size;
    }
    if (with_messages) messages_left_out = add_messages(rows, cited, limits, room);
    for (Row& row : rows)
        json["rows"].push_back(std::move(row.json));
    if (rows_left_out > 0) json["left_out"]["rows"] = rows_left_out;
    if (messages_left_out > 0) json["left_out"]["messages"] = messages_left_out;
    if (!with_messages) json["slim"] = true;
    return json;
}

}  // namespace pushsim::reports
