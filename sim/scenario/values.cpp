#include "sim/scenario/values.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pushsim::scenario {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// A value that the language lets vary elsewhere.
bool refuse_distribution(Report& report, const Node& node, std::string_view what) {
    const bool is_one = node.is(Node::Kind::Map) && node.entries.size() == 1 &&
                        has_key(distribution_keys(), node.entries[0].key.text);
    if (is_one) report.add(node, fmt::format("`{}` cannot vary; write one value", what));
    return is_one;
}

std::vector<std::string_view> words_of(std::span<const Name> names) {
    std::vector<std::string_view> words;
    for (const Name& name : names)
        words.push_back(name.name);
    return words;
}

const Name* find(std::span<const Name> names, std::string_view word) {
    const auto at = std::ranges::find(names, word, &Name::name);
    return at == names.end() ? nullptr : &*at;
}

}  // namespace

void Report::add(const Node& where, std::string message) {
    add(at(where), std::move(message));
}

void Report::add(const Position& where, std::string message) {
    if (!closed_.contains({where.line, where.column})) problems_->push_back({where, std::move(message)});
}

void Report::add_alone(const Node& where, std::string message) {
    add(where, std::move(message));
    close(where);
}

void Report::expected(const Node& where, std::string_view what, std::string_view expectation) {
    add(where, fmt::format("`{}`: expected {}; found {}", what, expectation, found(where)));
}

std::string shown(std::string_view text) {
    constexpr std::size_t most = 40;
    std::size_t end = text.size();
    if (end > most) {
        end = most;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
            --end;
    }
    std::string line(text.substr(0, end));
    std::ranges::replace(line, '\n', ' ');
    return end < text.size() ? line + "…" : line;
}

std::string found(const Node& node) {
    switch (node.kind) {
        case Node::Kind::Null:
            return "nothing";
        case Node::Kind::List:
            return node.items.empty() ? "an empty list" : "a list";
        case Node::Kind::Map:
            return node.entries.empty() ? "an empty map" : "a map";
        case Node::Kind::Scalar:
            break;
    }
    return fmt::format("'{}'", shown(node.text));
}

std::string available_names(std::span<const Name> names) {
    std::vector<std::string_view> now;
    for (const Name& name : names) {
        if (name.availability == Availability::Now) now.push_back(name.name);
    }
    return fmt::format("{}", fmt::join(now, ", "));
}

std::string available_keys(std::span<const Key> keys) {
    return available_names(names_of(keys));
}

std::string nearest_name(std::string_view word, std::span<const Name> names) {
    const auto near = nearest(word, words_of(names));
    return near ? fmt::format("; did you mean `{}`?", *near) : "";
}

std::string suggestion(std::string_view word, std::span<const Name> names) {
    if (std::string near = nearest_name(word, names); !near.empty()) return near;
    const std::string now = available_names(names);
    return now.empty() ? "" : "; known: " + now;
}

std::string suggestion(std::string_view word, const std::vector<std::string_view>& names,
                       std::string_view kind) {
    if (const auto near = nearest(word, names)) return fmt::format("; did you mean `{}`?", *near);
    return names.empty() ? "" : fmt::format("; {}: {}", kind, fmt::join(names, ", "));
}

std::string not_yet(std::string_view kind, std::string_view name) {
    return fmt::format("{} `{}` is part of the language but not yet in pushsim {}", kind, name, version());
}

std::string missing(std::string_view place, const Key& key) {
    return fmt::format("{} needs `{}:`, {}, like `{}`", place, key.name, key.about, example(key));
}

std::optional<std::string> read_text(Report& report, const Node& node, std::string_view what) {
    if (!node.is(Node::Kind::Scalar) || node.text.empty()) {
        report.expected(node, what, "a text");
        return std::nullopt;
    }
    return node.text;
}

std::optional<bool> read_boolean(Report& report, const Node& node, std::string_view what) {
    if (node.is(Node::Kind::Scalar) && !node.quoted) {
        if (node.text == "true") return true;
        if (node.text == "false") return false;
    }
    report.expected(node, what, "true or false");
    return std::nullopt;
}

std::optional<long long> parse_integer(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    if (text.empty() || text.size() > 15 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
    long long value = 0;
    for (const char c : text) {
        if (!is_digit(c)) return std::nullopt;
        value = value * 10 + (c - '0');
    }
    return negative ? -value : value;
}

std::optional<int> read_integer(Report& report, const Node& node, std::string_view what, int least,
                                int most) {
    if (refuse_distribution(report, node, what)) return std::nullopt;
    const auto value = node.is(Node::Kind::Scalar) && !node.quoted ? parse_integer(node.text) : std::nullopt;
    if (!value || *value < least || *value > most) {
        report.expected(node, what, fmt::format("a whole number from {} to {}", least, most));
        return std::nullopt;
    }
    return static_cast<int>(*value);
}

std::optional<Duration> parse_duration(std::string_view text) {
    using namespace std::chrono;
    constexpr std::array<std::pair<std::string_view, Duration>, 5> units{{
        {"h", hours{1}},
        {"m", minutes{1}},
        {"s", seconds{1}},
        {"ms", milliseconds{1}},
        {"us", microseconds{1}},
    }};
    constexpr Duration longest = hours{8760};
    Duration sum{};
    std::size_t next_unit = 0;
    if (text.empty()) return std::nullopt;
    while (!text.empty()) {
        const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
        const std::size_t letters = std::min(text.find_first_of("0123456789", digits), text.size()) - digits;
        const auto count = parse_integer(text.substr(0, digits));
        const auto unit =
            std::ranges::find(units.begin() + next_unit, units.end(), text.substr(digits, letters),
                              [](const auto& u) { return u.first; });
        if (!count || unit == units.end() || *count > longest / unit->second) return std::nullopt;
        sum += *count * unit->second;
        next_unit = static_cast<std::size_t>(unit - units.begin()) + 1;
        text.remove_prefix(digits + letters);
    }
    return sum <= longest ? std::optional(sum) : std::nullopt;
}

std::optional<Duration> read_duration(Report& report, const Node& node, std::string_view what) {
    if (refuse_distribution(report, node, what)) return std::nullopt;
    if (node.is(Node::Kind::Scalar)) {
        if (const auto duration = parse_duration(node.text)) return duration;
        if (parse_integer(node.text)) {
            report.add(node, fmt::format("`{}`: a duration needs a unit: {}s or {}ms, not '{}'", what,
                                         node.text, node.text, node.text));
            return std::nullopt;
        }
    }
    report.expected(node, what, "a duration like 250ms, 2s or 1m30s, at most 8760h");
    return std::nullopt;
}

std::optional<long long> read_size(Report& report, const Node& node, std::string_view what) {
    const auto read = [](std::string_view text) -> std::optional<long long> {
        const bool mebi = text.ends_with("MiB");
        if (!mebi && !text.ends_with("KiB")) return std::nullopt;
        const auto count = parse_integer(text.substr(0, text.size() - 3));
        if (!count || *count < 0 || *count > 1'000'000) return std::nullopt;
        return *count * (mebi ? 1024 * 1024 : 1024);
    };
    const auto size = node.is(Node::Kind::Scalar) ? read(node.text) : std::nullopt;
    if (!size) report.expected(node, what, "a size like 64KiB or 1MiB");
    return size;
}

std::optional<std::string> read_name(Report& report, const Node& node, std::string_view what,
                                     std::span<const Name> names) {
    if (!node.is(Node::Kind::Scalar) || node.text.empty()) {
        const std::string known = available_names(names);
        report.expected(node, what, (known.find(',') == std::string::npos ? "" : "one of ") + known);
        return std::nullopt;
    }
    const Name* name = find(names, node.text);
    if (name == nullptr) {
        report.add(node,
                   fmt::format("`{}`: unknown value {}{}", what, found(node), suggestion(node.text, names)));
        return std::nullopt;
    }
    if (name->availability == Availability::Later) {
        report.add(node, not_yet(fmt::format("`{}`:", what), node.text));
        return std::nullopt;
    }
    return node.text;
}

std::vector<std::string> read_texts(Report& report, const Node& node, std::string_view what) {
    std::vector<std::string> texts;
    if (node.is(Node::Kind::List)) {
        for (const Node& item : node.items) {
            if (auto text = read_text(report, item, what)) texts.push_back(std::move(*text));
        }
    } else if (auto text = read_text(report, node, what)) {
        texts.push_back(std::move(*text));
    }
    return texts;
}

std::vector<std::string> read_names(Report& report, const Node& node, std::string_view what,
                                    std::span<const Name> names) {
    if (!node.is(Node::Kind::List)) {
        const auto name = read_name(report, node, what, names);
        return name ? std::vector{*name} : std::vector<std::string>{};
    }
    std::vector<std::string> result;
    if (node.items.empty()) report.expected(node, what, "at least one of " + available_names(names));
    for (const Node& item : node.items) {
        const auto name = read_name(report, item, what, names);
        if (!name) continue;
        if (std::ranges::find(result, *name) != result.end()) {
            report.add(item, fmt::format("`{}`: '{}' is given twice", what, *name));
        } else {
            result.push_back(*name);
        }
    }
    return result;
}

bool is_case_name(std::string_view text) {
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    return !text.empty() && text.size() <= 80 &&
           std::string_view("._-").find(text[0]) == std::string_view::npos &&
           text.find_first_not_of(letters) == std::string_view::npos;
}

bool is_requirement_id(std::string_view text) {
    constexpr std::string_view start = "KPM-";
    if (!text.starts_with(start) || text.size() < start.size() + 6) return false;
    const std::string_view area = text.substr(start.size(), text.size() - start.size() - 4);
    const std::string_view number = text.substr(text.size() - 4);
    return area.size() >= 2 &&
           area.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string_view::npos &&
           number[0] == '-' && number.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

bool is_one_line(std::string_view text) {
    return std::ranges::none_of(text,
                                [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7F; });
}

bool is_plain_name(std::string_view text) {
    return !text.empty() && text.size() <= 64 && text[0] != '-' && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-';
    });
}

}  // namespace pushsim::scenario
