#include "sim/history/serialise.hpp"

#include "sim/history/descriptions.hpp"
#include "sim/history/reader.hpp"

namespace pushsim::history {
namespace {

/// In the order of Event's alternatives.
constexpr std::array<const char*, Event::kinds> kinds{
    "",         "head",        "scenario_start", "scenario_end", "step_start", "step_end",
    "exchange", "tpm",         "machine",        "fault",        "tenant",     "cycle",
    "verdict",  "status_read", "stack",          "conformance",  "note",       "end"};

template <std::size_t I = 1>
Event read_event(ReadFields& fields, std::string_view kind) {
    if constexpr (I == Event::kinds) {
        return Unknown{kind};
    } else {
        if (kind != kinds[I]) return read_event<I + 1>(fields, kind);
        std::tuple_element_t<I, Event::Kinds> value;
        describe(fields, value);
        return value;
    }
}

/// A head of a later format says so before anything else of it is looked at.
std::optional<Error> format_error(JsonValue head) {
    for (auto name = head.first(); name; name = name->next()) {
        const bool found = name->is("format");
        name = name->next();
        if (!found) continue;
        const auto format = name->integer();
        if (!format || *format < 1) break;
        if (*format <= current_format) return std::nullopt;
        return Error{ErrorKind::Config,
                     "the history has format " + std::to_string(*format) +
                         "; this pushsim reads formats up to " + std::to_string(current_format),
                     "read it with the pushsim that wrote it, or a newer one"};
    }
    return Error{ErrorKind::Parse, "/format: is not a version of this format"};
}

}  // namespace

std::string_view kind_of(const Event& event) {
    const auto* unknown = event.get<Unknown>();
    return unknown != nullptr ? unknown->kind.view() : kinds[event.kind()];
}

std::string_view Entry::kind() const {
    return kind_of(event);
}

std::string line_tail(const Where& where, const Event& event) {
    Json json = Json::object();
    json["kind"] = kind_of(event);
    WriteFields fields{json};
    describe(fields, const_cast<Where&>(where));  // writing does not change it
    describe_held(fields, event);
    return dump_json(json).substr(1);
}

Result<nlohmann::json> parse_line(std::string_view line) {
    if (!json_deeper_than(line, max_json_depth)) {
        auto json = nlohmann::json::parse(line, nullptr, false);
        if (!json.is_discarded() && json.is_object()) return json;
    }
    return fail(ErrorKind::Parse, "the line is not a JSON object");
}

Result<Entry> parse_entry(std::string_view line) {
    return parse_entry(line, nullptr);
}

Result<Entry> parse_entry(std::string_view line, KeptValues* kept) {
    JsonIndex json;
    if (!json.read(line) || !json.root().is_object())
        return fail(ErrorKind::Parse, "the line is not a JSON object");
    Entry entry;
    std::optional<Error> error;
    ReadFields fields{json.root(), error, kept};
    Text kind;
    Where where;
    fields.must("n", entry.n);
    fields.must("t", entry.t);
    fields.must("kind", kind);
    if (kind == "head") {
        if (auto wrong = format_error(json.root())) error = std::move(wrong);
    }
    describe(fields, where);
    entry.where = kept == nullptr ? Shared<Where>{std::move(where)} : kept->where(std::move(where));
    if (!error) entry.event = read_event(fields, kind);
    if (error) return fail(std::move(*error));
    return entry;
}

}  // namespace pushsim::history
