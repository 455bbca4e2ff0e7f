// Values that vary, shares, rates and instants.

#include <algorithm>

#include <fmt/format.h>

#include "sim/scenario/values.hpp"

namespace pushsim::scenario {
namespace {

std::vector<Duration> read_durations(Report& report, const Node& node, std::string_view what) {
    std::vector<Duration> values;
    if (!node.is(Node::Kind::List) || node.items.empty()) {
        report.expected(node, what, "a list of durations, like [1s, 3s]");
        return values;
    }
    for (const Node& item : node.items) {
        if (const auto value = read_duration(report, item, what)) values.push_back(*value);
    }
    return values;
}

std::optional<Distribution> read_distribution(Report& report, const Node& node, std::string_view what) {
    using Kind = Distribution::Kind;
    const std::size_t problems = report.count();
    const std::string place = fmt::format("`{}`", what);
    const MapReader map(report, node, place, distribution_keys());
    if (report.count() != problems) return std::nullopt;
    if (node.entries.size() != 1) {
        report.expected(node, what, "one distribution, like { uniform: [1s, 3s] }");
        return std::nullopt;
    }
    Distribution drawn;
    const Node& value = node.entries[0].value;
    for (const Kind kind : {Kind::Uniform, Kind::OneOf, Kind::List}) {
        if (map.get(to_string(kind)) == nullptr) continue;
        drawn = {kind, read_durations(report, value, to_string(kind))};
        const bool ordered = drawn.values.size() == 2 && drawn.values[0] <= drawn.values[1];
        if (kind == Kind::Uniform && report.count() == problems && !ordered)
            report.expected(value, "uniform", "two durations, the lesser first, like [1s, 3s]");
    }
    if (map.get("normal") != nullptr) {
        const MapReader of(report, value, "`normal`", normal_keys());
        drawn = {Kind::Normal,
                 {of.duration("mean").value_or(Duration::zero()),
                  of.duration("deviation").value_or(Duration::zero())}};
    }
    if (map.get("exponential") != nullptr) {
        const MapReader of(report, value, "`exponential`", exponential_keys());
        drawn = {Kind::Exponential, {of.duration("mean").value_or(Duration::zero())}};
    }
    if (report.count() != problems) return std::nullopt;
    return drawn;
}

bool is_decimal(std::string_view text, std::size_t most_decimals) {
    const std::size_t point = text.find('.');
    const auto digits = [](std::string_view part) {
        return !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
    };
    if (point == std::string_view::npos) return digits(text) && text.size() <= 9;
    const std::string_view decimals = text.substr(point + 1);
    return point <= 9 && digits(text.substr(0, point)) && digits(decimals) &&
           decimals.size() <= most_decimals;
}

}  // namespace

std::optional<Amount> read_amount(Report& report, const Node& node, std::string_view what) {
    if (node.is(Node::Kind::Map)) {
        auto drawn = read_distribution(report, node, what);
        return drawn ? std::optional(Amount{{}, std::move(drawn)}) : std::nullopt;
    }
    if (!node.is(Node::Kind::Scalar)) {
        report.expected(node, what, "a duration like 2s, or a distribution like { uniform: [1s, 3s] }");
        return std::nullopt;
    }
    const auto fixed = read_duration(report, node, what);
    return fixed ? std::optional(Amount{*fixed}) : std::nullopt;
}

std::optional<double> parse_share(std::string_view text) {
    if (!text.ends_with('%')) return std::nullopt;
    text.remove_suffix(1);
    if (!is_decimal(text, 4)) return std::nullopt;
    const double percent = std::stod(std::string(text));
    return percent <= 100 ? std::optional(percent / 100) : std::nullopt;
}

std::optional<double> read_share(Report& report, const Node& node, std::string_view what) {
    const auto share = node.is(Node::Kind::Scalar) ? parse_share(node.text) : std::nullopt;
    if (!share) report.expected(node, what, "a share from 0% to 100%, like 10%");
    return share;
}

std::optional<Duration> read_rate(Report& report, const Node& node, std::string_view what) {
    constexpr int most = 100;
    const auto read = [](std::string_view text) -> std::optional<Duration> {
        const std::size_t slash = text.find('/');
        if (slash == std::string_view::npos) return std::nullopt;
        const auto count = parse_integer(text.substr(0, slash));
        const std::string_view unit = text.substr(slash + 1);
        if (!count || *count < 1 || *count > most || (unit != "s" && unit != "m")) return std::nullopt;
        return Duration(unit == "s" ? std::chrono::seconds{1} : std::chrono::minutes{1}) / *count;
    };
    const auto interval = node.is(Node::Kind::Scalar) ? read(node.text) : std::nullopt;
    if (!interval) report.expected(node, what, "a rate like 10/s or 2/m, at most 100/s");
    return interval;
}

std::optional<InstantOffset> read_instant(Report& report, const Node& node, std::string_view what) {
    const auto read = [](std::string_view text) -> std::optional<InstantOffset> {
        for (const InstantName name : {InstantName::ChallengesExpireAt, InstantName::TokenExpiresAt}) {
            std::string_view rest = text;
            if (!rest.starts_with(to_string(name))) continue;
            rest.remove_prefix(std::string_view(to_string(name)).size());
            if (rest.empty()) return InstantOffset{name, {}};
            const bool later = rest.starts_with(" + ");
            if (!later && !rest.starts_with(" - ")) return std::nullopt;
            const auto distance = parse_duration(rest.substr(3));
            if (!distance) return std::nullopt;
            return InstantOffset{name, later ? *distance : -*distance};
        }
        return std::nullopt;
    };
    const auto instant = node.is(Node::Kind::Scalar) ? read(node.text) : std::nullopt;
    if (instant) return instant;
    const std::string_view word = std::string_view(node.text).substr(0, node.text.find_first_of(" +-"));
    const std::vector<Name> known = names_of(instants());
    if (std::ranges::find(known, word, &Name::name) != known.end()) {
        report.add(node, fmt::format("`{}`: after `{}` expected ` + ` or ` - `, with spaces, and a duration, "
                                     "like {} - 500ms; found {}",
                                     what, word, word, found(node)));
    } else {
        report.add(node,
                   fmt::format("`{}`: expected challenges_expire_at or token_expires_at, + or - a duration, "
                               "like challenges_expire_at - 500ms; found {}{}",
                               what, found(node), nearest_name(word, known)));
    }
    return std::nullopt;
}

std::optional<Duration> read_signed_duration(Report& report, const Node& node, std::string_view what) {
    if (!node.is(Node::Kind::Scalar) || !node.text.starts_with('-')) return read_duration(report, node, what);
    const auto behind = parse_duration(std::string_view(node.text).substr(1));
    if (!behind) {
        report.expected(node, what, "a duration like 1h, or -1h for behind, at most 8760h");
        return std::nullopt;
    }
    return -*behind;
}

}  // namespace pushsim::scenario
