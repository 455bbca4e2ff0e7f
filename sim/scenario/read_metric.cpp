// Metrics in clauses about a run.

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/scenario/reading.hpp"

namespace pushsim::scenario {
namespace {

/// "250ms", "40/s", "1%", "12": by the unit of the measure.
std::optional<double> parse_measured(std::string_view text, MetricMeasure::Unit unit) {
    using Unit = MetricMeasure::Unit;
    switch (unit) {
        case Unit::Duration:
            if (const auto duration = parse_duration(text))
                return std::chrono::duration<double>(*duration).count();
            return std::nullopt;
        case Unit::Share:
            return parse_share(text);
        case Unit::Rate:
            if (!text.ends_with("/s")) return std::nullopt;
            text.remove_suffix(2);
            [[fallthrough]];
        case Unit::Count:
            if (const auto count = parse_integer(text); count && *count >= 0)
                return static_cast<double>(*count);
            return std::nullopt;
    }
    return std::nullopt;
}

std::string_view written(MetricMeasure::Unit unit) {
    using Unit = MetricMeasure::Unit;
    switch (unit) {
        case Unit::Duration:
            return "a duration, like 250ms";
        case Unit::Share:
            return "a share, like 1%";
        case Unit::Rate:
            return "a rate, like 40/s";
        case Unit::Count:
            return "a whole number";
    }
    return "";
}

}  // namespace

std::optional<ExpectMetric> read_metric(Report& report, const Node& node) {
    const std::string_view text = node.text;
    const std::size_t sign = text.find_first_of("<>=");
    const std::size_t value = std::min(text.find_first_not_of("<>=", sign), text.size());
    const auto trim = [](std::string_view part) {
        const std::size_t first = std::min(part.find_first_not_of(' '), part.size());
        return part.substr(first, part.find_last_not_of(' ') + 1 - first);
    };
    const std::string_view metric = trim(text.substr(0, sign));
    const std::string_view comparison = text.substr(sign, value - sign);
    const std::string_view limit = trim(text.substr(value));
    const std::size_t point = metric.find('.');
    const auto subject = std::ranges::find(metric_subjects(), metric.substr(0, point), &MetricSubject::name);
    if (subject == metric_subjects().end()) {
        report.add(node, fmt::format("unknown metric `{}`{}", shown(metric),
                                     suggestion(metric.substr(0, point), names_of(metric_subjects()))));
        return std::nullopt;
    }
    std::vector<Name> fitting;
    const MetricMeasure* measure = nullptr;
    for (const MetricMeasure& one : metric_measures()) {
        if (!goes_with(*subject, one)) continue;
        fitting.push_back(one);
        if (point != std::string_view::npos && metric.substr(point + 1) == one.name) measure = &one;
    }
    if (measure == nullptr) {
        report.add(node, fmt::format("metric `{}`: `{}` has {}; write `{}.{}`", shown(metric), subject->name,
                                     available_names(fitting), subject->name, fitting.front().name));
        return std::nullopt;
    }
    constexpr std::array<std::string_view, 5> comparisons{"<", "<=", ">", ">=", "=="};
    if (std::ranges::find(comparisons, comparison) == comparisons.end()) {
        report.add(node, fmt::format("metric `{}`: expected one of {}; found '{}'", metric,
                                     fmt::join(comparisons, ", "), comparison));
        return std::nullopt;
    }
    const auto number = parse_measured(limit, measure->unit);
    if (!number) {
        report.add(node, fmt::format("metric `{}`: expected {} after `{}`; found '{}'", metric,
                                     written(measure->unit), comparison, shown(limit)));
        return std::nullopt;
    }
    return ExpectMetric{std::string(metric), std::string(comparison), *number, std::string(limit)};
}

}  // namespace pushsim::scenario
