// `response` of a clause.

#include <fmt/format.h>

#include "sim/scenario/reading.hpp"

namespace pushsim::scenario {
namespace {

/// "202" or "200-299", between the bounds.
template <typename Range>
std::optional<Range> parse_range(std::string_view text, int least, int most) {
    const std::size_t hyphen = text.find('-');
    const auto first = parse_integer(text.substr(0, hyphen));
    const auto last = hyphen == std::string_view::npos ? first : parse_integer(text.substr(hyphen + 1));
    if (!first || !last || *first < least || *last > most || *first > *last) return std::nullopt;
    return Range{static_cast<int>(*first), static_cast<int>(*last)};
}

template <typename Range>
std::vector<Range> read_ranges(Report& report, const Node& node, std::string_view what, int least, int most,
                               std::string_view expectation) {
    std::vector<Range> ranges;
    const auto read_one = [&](const Node& item) {
        const auto range =
            item.is(Node::Kind::Scalar) ? parse_range<Range>(item.text, least, most) : std::nullopt;
        if (range) {
            ranges.push_back(*range);
        } else {
            report.expected(item, what, expectation);
        }
    };
    if (node.is(Node::Kind::List) && !node.items.empty()) {
        for (const Node& item : node.items)
            read_one(item);
    } else {
        read_one(node);
    }
    return ranges;
}

/// Values by header name or JSON pointer.
std::map<std::string, std::string> read_members(Report& report, const Node& node, std::string_view what) {
    std::map<std::string, std::string> members;
    const bool headers = what == "header";
    if (!node.is(Node::Kind::Map) || node.entries.empty()) {
        report.expected(node, what,
                        headers ? "a map, like { Retry-After: \"*\" }"
                                : "a map, like { /data/attributes/stage: verification_complete }");
        return members;
    }
    for (const auto& [name, value] : read_entries(report, node, fmt::format("`{}`", what))) {
        if (!headers && !name->text.starts_with('/')) {
            report.add(*name,
                       fmt::format("expected a JSON pointer, which begins with /; found {}", found(*name)));
        } else if (headers && !value->is(Node::Kind::Scalar)) {
            report.expected(*value, name->text, "a text, \"*\" or absent");
        } else {
            const bool as_it_is =
                headers || (value->is(Node::Kind::Scalar) && !value->quoted && value->text == "absent");
            members[name->text] = as_it_is ? value->text : json_text(*value);
        }
    }
    return members;
}

}  // namespace

std::optional<ExpectResponse> read_response(Report& report, const Node& node) {
    if (!node.is(Node::Kind::Map)) {
        report.expected(node, "response", "a map, like { status: 202 }");
        return std::nullopt;
    }
    ExpectResponse response;
    const std::size_t problems = report.count();
    const MapReader map(report, node, "`response`", response_keys());
    if (const Node* status = map.get("status")) {
        response.status = read_ranges<StatusRange>(
            report, *status, "status", 100, 599, "an HTTP status such as 202 or a range such as \"200-299\"");
    }
    if (const Node* code = map.get("code")) {
        response.code = read_texts(report, *code, "code");
        if (code->is(Node::Kind::List) && code->items.empty())
            report.expected(*code, "code", "at least one code");
    }
    if (const auto pointer = map.text("pointer")) {
        response.pointer = *pointer;
        if (!pointer->starts_with('/'))
            report.expected(*map.get("pointer"), "pointer", "a JSON pointer, which begins with /");
    }
    if (const Node* headers = map.get("header")) response.headers = read_members(report, *headers, "header");
    if (const Node* after = map.get("retry_after")) {
        response.retry_after = read_ranges<SecondRange>(report, *after, "retry_after", 0, 999'999'999,
                                                        "seconds such as 2 or a range such as \"1-60\"");
    }
    if (const Node* body = map.get("body")) response.body = read_members(report, *body, "body");
    if (map.empty() && report.count() == problems) report.add(node, "`response` asks for nothing");
    return response;
}

}  // namespace pushsim::scenario
