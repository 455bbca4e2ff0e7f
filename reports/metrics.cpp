#include "reports/metrics.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "reports/identities.hpp"
#include "reports/nearest_rank.hpp"

namespace pushsim::reports {
namespace {

using Unit = Metric::Unit;

constexpr std::array<const char*, 5> phases{"register", "activate", "authenticate", "negotiate", "submit"};

/// A figure of the durations of a phase.
struct Statistic {
    const char* name;
    const char* about;
    std::size_t percent;  // 0: the mean
};
constexpr std::array<Statistic, 6> statistics{{{"p50", "half of them took no longer", 50},
                                               {"p90", "90 of 100 took no longer", 90},
                                               {"p95", "95 of 100 took no longer", 95},
                                               {"p99", "99 of 100 took no longer", 99},
                                               {"max", "the longest", 100},
                                               {"mean", "all together by their number", 0}}};

/// Something that is counted.
struct Outcome {
    const char* name;
    const char* about;
    const char* whole;  // what its share is of
};
constexpr std::array<Outcome, 5> outcomes{
    {{"accepted", "evidence that the verifier took (202)", "evidence sent"},
     {"refused", "evidence that was answered otherwise", "evidence sent"},
     {"error", "exchanges without a whole answer, or with one of 500 or more", "all exchanges"},
     {"verdict_pass", "attestations that passed", "evidence sent"},
     {"verdict_fail", "attestations that failed", "evidence sent"}}};

std::vector<Metric> all_metrics() {
    std::vector<Metric> all;
    for (const char* phase : phases) {
        for (const Statistic& one : statistics)
            all.push_back({fmt::format("{}.{}", phase, one.name),
                           fmt::format("how long exchanges of {} took: {}", phase, one.about), Unit::Time});
        all.push_back({fmt::format("{}.count", phase),
                       fmt::format("exchanges of {} that were answered", phase), Unit::Count});
    }
    for (const Outcome& one : outcomes) {
        all.push_back({fmt::format("{}.count", one.name), one.about, Unit::Count});
        all.push_back({fmt::format("{}.rate", one.name), fmt::format("{}: so many a second", one.about),
                       Unit::PerSecond});
        all.push_back({fmt::format("{}.share", one.name),
                       fmt::format("{}: their share of {}", one.about, one.whole), Unit::Share});
    }
    return all;
}

/// Attestations that were decided so, each once.
std::uint64_t count_verdicts(const Lines& lines, const std::string& evaluation) {
    std::map<std::string, std::set<int>> counted;  // by agent, of its enrolment
    std::uint64_t count = 0;
    for (const history::Entry* line : lines) {
        const auto* act = as<history::TenantActSeen>(line);
        if (act != nullptr && is_done(*act, "enrol")) counted.erase(line->where->agent);
        const auto* verdict = as<history::Verdict>(line);
        if (verdict == nullptr || evaluation_of(*verdict) != evaluation) continue;
        count += counted[line->where->agent].insert(verdict->index).second ? 1 : 0;
    }
    return count;
}

bool is_error(const history::ExchangeSeen& exchange) {
    return !exchange.status || *exchange.status >= 500;
}

/// What is counted of exchanges under one of the names of `outcomes`.
bool counts(const std::string& outcome, const history::Entry* line, const history::ExchangeSeen& exchange) {
    if (outcome == "error") return is_error(exchange);
    if (as_submission(line) == nullptr || !exchange.status) return false;
    return is_accepted(exchange) == (outcome == "accepted");
}

Measured measure_phase(const Lines& lines, const std::string& phase, const std::string& figure) {
    std::vector<const history::Entry*> answered;
    std::uint64_t exchanges = 0;
    for (const history::Entry* line : lines) {
        const auto* exchange = as<history::ExchangeSeen>(line);
        exchanges += exchange != nullptr ? 1 : 0;
        if (exchange != nullptr && exchange->status && exchange->phase == phase) answered.push_back(line);
    }
    if (figure == "count") {
        if (exchanges == 0) return {};
        return {.number = static_cast<double>(answered.size()), .of = exchanges};
    }
    const auto* statistic = std::ranges::find(statistics, figure, &Statistic::name);
    if (answered.empty() || statistic == statistics.end()) return {};
    const auto total = [](const history::Entry* line) { return as<history::ExchangeSeen>(line)->total; };
    if (statistic->percent == 0) {
        const Duration sum = std::accumulate(
            answered.begin(), answered.end(), Duration{},
            [&](Duration so_far, const history::Entry* line) { return so_far + total(line); });
        return {.duration = sum / static_cast<Duration::rep>(answered.size()), .of = answered.size()};
    }
    const auto at =
        answered.begin() + static_cast<std::ptrdiff_t>(nearest_rank(answered.size(), statistic->percent));
    std::ranges::nth_element(answered, at, std::ranges::less{}, total);
    return {.duration = total(*at), .of = answered.size(), .exchange = *at};
}

Measured measure_outcome(const Lines& lines, const std::string& outcome, Unit unit) {
    std::uint64_t exchanges = 0;
    std::uint64_t sent = 0;
    std::uint64_t count = 0;
    Duration first = Duration::max();
    Duration last = Duration::min();
    const bool of_verdicts = outcome.starts_with("verdict_");
    for (const history::Entry* line : lines) {
        const auto* exchange = as<history::ExchangeSeen>(line);
        if (exchange == nullptr) continue;
        ++exchanges;
        sent += as_submission(line) != nullptr ? 1 : 0;
        count += !of_verdicts && counts(outcome, line, *exchange) ? 1 : 0;
        first = std::min(first, exchange->start);
        last = std::max(last, exchange->start + exchange->total);
    }
    if (exchanges == 0) return {};
    if (of_verdicts) count = count_verdicts(lines, outcome == "verdict_pass" ? "pass" : "fail");
    const auto number = static_cast<double>(count);
    const std::uint64_t whole = outcome == "error" ? exchanges : sent;
    if (unit == Unit::Count) return {.number = number, .of = whole};
    if (unit == Unit::Share && whole > 0) return {.number = number / static_cast<double>(whole), .of = whole};
    if (unit == Unit::PerSecond && last > first)
        return {.number = number / std::chrono::duration<double>(last - first).count(), .of = whole};
    return {};
}

std::string time_text(Duration duration) {
    return fmt::format("{:.6g} ms", std::chrono::duration<double, std::milli>(duration).count());
}

std::string number_text(double number, Unit unit) {
    if (unit == Unit::Share) return fmt::format("{:.6g}%", 100 * number);
    return fmt::format("{:.6g}{}", number, unit == Unit::PerSecond ? "/s" : "");
}

template <typename T>
bool compare(history::MetricClause::Comparison comparison, T measured, T wanted) {
    using E = history::MetricClause::Comparison;
    switch (comparison) {
        case E::Less:
            return measured < wanted;
        case E::AtMost:
            return measured <= wanted;
        case E::More:
            return measured > wanted;
        case E::AtLeast:
            return measured >= wanted;
        case E::Equal:
            return measured == wanted;
    }
    return false;
}

const char* sign(history::MetricClause::Comparison comparison) {
    using E = history::MetricClause::Comparison;
    switch (comparison) {
        case E::Less:
            return "<";
        case E::AtMost:
            return "<=";
        case E::More:
            return ">";
        case E::AtLeast:
            return ">=";
        case E::Equal:
            return "==";
    }
    return "?";
}

}  // namespace

const std::vector<Metric>& metrics() {
    static const std::vector<Metric> all = all_metrics();
    return all;
}

const Metric* find_metric(const std::string& name) {
    const auto at = std::ranges::find(metrics(), name, &Metric::name);
    return at == metrics().end() ? nullptr : &*at;
}

Measured measure(const Lines& lines, const Metric& metric) {
    const std::size_t dot = metric.name.find('.');
    const std::string subject = metric.name.substr(0, dot);
    const bool of_phase = std::ranges::find(phases, subject) != phases.end();
    return of_phase ? measure_phase(lines, subject, metric.name.substr(dot + 1))
                    : measure_outcome(lines, subject, metric.unit);
}

bool holds(const history::MetricClause& clause, const Measured& measured) {
    if (measured.duration) return compare(clause.comparison, *measured.duration, clause.duration);
    return measured.number && compare(clause.comparison, *measured.number, clause.number);
}

std::string words(const history::MetricClause& clause, const Metric& metric) {
    return fmt::format(
        "{} {} {}", clause.metric, sign(clause.comparison),
        metric.unit == Unit::Time ? time_text(clause.duration) : number_text(clause.number, metric.unit));
}

std::string words(const Measured& measured, const Metric& metric) {
    if (!measured.duration && !measured.number) return "nothing was measured";
    const std::string value =
        measured.duration ? time_text(*measured.duration) : number_text(*measured.number, metric.unit);
    return fmt::format("{}, of {}", value, counted(measured.of, "exchange"));
}

}  // namespace pushsim::reports
