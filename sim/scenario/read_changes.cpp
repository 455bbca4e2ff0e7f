// What the faults `body` and `header` change of a request.

#include <algorithm>

#include <fmt/format.h>

#include "sim/scenario/reading.hpp"

namespace pushsim::scenario {
namespace {

/// RFC 6901, 3: after a ~ comes 0 or 1.
bool is_pointer(std::string_view text) {
    for (auto at = text.find('~'); at != std::string_view::npos; at = text.find('~', at + 1)) {
        if (at + 1 == text.size() || (text[at + 1] != '0' && text[at + 1] != '1')) return false;
    }
    return text.empty() || text.starts_with('/');
}

constexpr std::string_view kPointer = "a JSON pointer, which begins with /, like /data/type";

/// A text that may be empty.
std::optional<std::string> any_text(Report& report, const MapReader& map, std::string_view key) {
    const Node* node = map.get(key);
    if (node == nullptr) return std::nullopt;
    if (node->is(Node::Kind::Scalar)) return node->text;
    report.expected(*node, key, "a text");
    return std::nullopt;
}

int read_turn(Report& report, const MapReader& map, bool one_request) {
    const auto turn = map.word("request");
    if (!turn) return 0;
    if (one_request) {
        report.add(*map.key("request"),
                   "`request` goes with the phases that have two, register and authenticate; leave it out");
    }
    return *turn == "first" ? 1 : 2;
}

void read_make(Report& report, const Node& name, const MapReader& map, RequestChange& change) {
    change.at = any_text(report, map, "at");
    if (change.at && !is_pointer(*change.at)) report.expected(*map.get("at"), "at", kPointer);
    const Node* make = map.get("make");
    if ((make != nullptr) != (map.get("at") != nullptr)) {
        report.add(name, "`at` and `make` go together, like at: /data/type, make: absent");
    } else if (make != nullptr && make->is(Node::Kind::Null)) {
        change.make = Make::Null;
    } else if (make != nullptr) {
        change.make = enumerator(read_name(report, *make, "make", makes()),
                                 {Make::Absent, Make::Null, Make::WrongType, Make::Empty})
                          .value_or(Make::Absent);
    }
}

void need_something(Report& report, const Node& name, const MapReader& map, std::string_view what) {
    if (map.get("set") == nullptr && map.get("remove") == nullptr && map.get("at") == nullptr)
        report.add(name, fmt::format("fault `{}` needs {}", name.text, what));
}

}  // namespace

RequestChange read_body_change(Report& report, const Node& name, const MapReader& map, bool one_request) {
    RequestChange change;
    change.request = read_turn(report, map, one_request);
    change.raw = any_text(report, map, "raw");
    if (map.get("raw") != nullptr) {
        for (const std::string_view other : {"set", "remove", "at", "make"}) {
            if (const Node* key = map.key(other))
                report.add(*key, fmt::format("`raw` is the whole body; leave `{}` out", other));
        }
        return change;
    }
    read_make(report, name, map, change);
    if (const Node* remove = map.get("remove")) {
        change.remove = read_texts(report, *remove, "remove");
        if (!std::ranges::all_of(change.remove, is_pointer)) report.expected(*remove, "remove", kPointer);
    }
    if (const Node* set = map.get("set")) {
        for (const auto& [pointer, value] : read_entries(report, *set, "`set`", "{ /data/type: other }")) {
            if (!is_pointer(pointer->text)) report.expected(*pointer, "set", kPointer);
            change.set.emplace_back(pointer->text, json_text(*value));
        }
    }
    need_something(report, name, map, "`set`, `remove`, `at` with `make`, or `raw`");
    return change;
}

RequestChange read_header_change(Report& report, const Node& name, const MapReader& map, bool one_request) {
    RequestChange change;
    change.request = read_turn(report, map, one_request);
    if (const Node* remove = map.get("remove")) {
        change.remove = read_texts(report, *remove, "remove");
        if (!std::ranges::all_of(change.remove, can_name_a_header))
            report.expected(*remove, "remove", "names of headers");
    }
    if (const Node* set = map.get("set")) change.set = read_headers(report, *set, "set");
    need_something(report, name, map, "`set` or `remove`");
    return change;
}

}  // namespace pushsim::scenario
