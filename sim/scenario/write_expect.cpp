#include <chrono>
#include <cmath>
#include <variant>

#include <fmt/format.h>
#include <yaml-cpp/emitter.h>

#include "sim/scenario/writing.hpp"

namespace pushsim::scenario {
namespace {

/// "10/s"
std::string rate_text(Duration interval) {
    const auto in = [&](Duration unit) {
        return std::lround(std::chrono::duration<double>(unit) / interval);
    };
    const Duration second = std::chrono::seconds{1};
    if (interval <= second && second / in(second) == interval) return fmt::format("{}/s", in(second));
    return fmt::format("{}/m", in(std::chrono::minutes{1}));
}

template <typename Range>
void write_ranges(YAML::Emitter& out, std::string_view name, const std::vector<Range>& ranges) {
    key(out, name) << YAML::Flow << YAML::BeginSeq;
    for (const Range& range : ranges) {
        if (range.first == range.last) {
            out << range.first;
        } else {
            quoted(out, fmt::format("{}-{}", range.first, range.last));
        }
    }
    out << YAML::EndSeq;
}

struct ConditionWriter {
    YAML::Emitter& out;

    void operator()(const ExpectResponse& response) const {
        key(out, "response") << YAML::BeginMap;
        if (!response.status.empty()) write_ranges(out, "status", response.status);
        if (!response.code.empty()) write_texts(out, "code", response.code);
        if (!response.pointer.empty()) {
            key(out, "pointer");
            quoted(out, response.pointer);
        }
        if (!response.headers.empty()) write_map(out, "header", response.headers);
        if (!response.retry_after.empty()) write_ranges(out, "retry_after", response.retry_after);
        if (!response.body.empty()) {
            key(out, "body") << YAML::BeginMap;
            for (const auto& [pointer, value] : response.body) {
                out << YAML::Key;
                quoted(out, pointer) << YAML::Value;
                if (value == "absent") {
                    out << value;
                } else {
                    write_json(out, value);
                }
            }
            out << YAML::EndMap;
        }
        out << YAML::EndMap;
    }
    void operator()(const ExpectVerdict& verdict) const {
        key(out, "verdict") << to_string(verdict.verdict);
        if (verdict.reason) key(out, "reason") << to_string(*verdict.reason);
    }
    void operator()(const ExpectStatus& status) const {
        key(out, to_string(status.when)) << to_string(status.status);
        if (status.within) key(out, "within") << to_text(*status.within);
    }
    void operator()(const ExpectRequests& requests) const {
        key(out, "requests") << YAML::BeginMap;
        for (const auto& [kind, count] : requests.counts)
            key(out, kind) << count;
        out << YAML::EndMap;
        if (requests.since_start) key(out, "since") << "start";
    }
    void operator()(const ExpectMetric&) const {}
    void operator()(const ExpectCheck&) const {}
};

/// Once for `always` and `never`, which have it in common.
void write_poll(YAML::Emitter& out, const std::vector<Condition>& conditions) {
    for (const Condition& condition : conditions) {
        const auto* status = std::get_if<ExpectStatus>(&condition);
        if (status == nullptr || status->when == ExpectStatus::When::Last) continue;
        key(out, "poll") << rate_text(status->poll);
        return;
    }
}

void write_decides(YAML::Emitter& out, const Expectation& expectation) {
    if (!expectation.decides.empty()) write_texts(out, "decides", expectation.decides);
}

/// A check or a metric: a map where something stands beside it.
void write_run_clause(YAML::Emitter& out, const Expectation& expectation) {
    const Condition& condition = expectation.conditions.at(0);
    const auto* check = std::get_if<ExpectCheck>(&condition);
    const bool is_map = !expectation.decides.empty();
    if (is_map) {
        out << YAML::BeginMap;
        key(out, check != nullptr ? "check" : "metric");
    }
    if (check != nullptr) {
        out << check->check;
    } else {
        quoted(out, text(std::get<ExpectMetric>(condition)));
    }
    if (!is_map) return;
    write_decides(out, expectation);
    out << YAML::EndMap;
}

}  // namespace

void write_expectations(YAML::Emitter& out, const std::vector<Expectation>& expectations) {
    if (expectations.empty()) return;
    key(out, "expect") << YAML::BeginSeq;
    for (const Expectation& expectation : expectations) {
        if (expectation.agents.empty()) {
            write_run_clause(out, expectation);
            continue;
        }
        out << YAML::BeginMap;
        if (expectation.agents != std::vector<std::string>{"nobody"} &&
            expectation.agents != std::vector<std::string>{"admin"})
            write_texts(out, "agents", expectation.agents);
        for (const Condition& condition : expectation.conditions)
            std::visit(ConditionWriter{out}, condition);
        write_poll(out, expectation.conditions);
        if (expectation.last_cycle_only) key(out, "cycles") << "last";
        key(out, to_string(expectation.how_many.rule));
        if (expectation.how_many.rule == HowMany::Rule::All) {
            out << true;
        } else {
            out << expectation.how_many.number;
        }
        write_decides(out, expectation);
        out << YAML::EndMap;
    }
    out << YAML::EndSeq;
}

}  // namespace pushsim::scenario
