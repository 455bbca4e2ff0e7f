#include <algorithm>
#include <array>

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
            members[name->text] = headers ? value->text : json_text(*value);
        }
    }
    return members;
}

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

std::optional<ExpectVerdict> read_verdict(Report& report, const MapReader& map) {
    const auto reason =
        map.one_of("reason", {FailureReason::PolicyViolation, FailureReason::BrokenEvidenceChain});
    if (map.get("verdict") == nullptr) {
        if (map.key("reason") != nullptr)
            report.add(*map.key("reason"), "`reason` needs `verdict: fail` beside it");
        return std::nullopt;
    }
    const auto verdict = map.one_of("verdict", {Verdict::Pass, Verdict::Fail, Verdict::None});
    if (map.key("reason") != nullptr && verdict && *verdict != Verdict::Fail) {
        report.add(*map.key("reason"),
                   fmt::format("`reason` goes with `verdict: fail`, not with `{}`", to_string(*verdict)));
    }
    return ExpectVerdict{verdict.value_or(Verdict::Pass), reason};
}

/// `status`, `always` and `never`, each a condition of its own.
std::vector<ExpectStatus> read_agent_statuses(Report& report, const MapReader& map, bool of_step) {
    using When = ExpectStatus::When;
    std::vector<ExpectStatus> all;
    const auto within = map.duration("within");
    const auto poll = map.rate("poll");
    for (const When when : {When::Last, When::Always, When::Never}) {
        const Node* key = map.key(to_string(when));
        if (key == nullptr) continue;
        if (when != When::Last && !of_step) {
            report.add(*key,
                       fmt::format("`{}` is about what is seen during a step; write it under that step's "
                                   "`expect`",
                                   key->text));
        }
        ExpectStatus expected{map.one_of(to_string(when), {AgentStatus::Pending, AgentStatus::Pass,
                                                           AgentStatus::Fail, AgentStatus::Timeout})
                                  .value_or(AgentStatus::Pending),
                              when};
        if (when == When::Last) {
            expected.within = within;
        } else if (poll) {
            expected.poll = *poll;
        }
        all.push_back(expected);
    }
    const auto needs = [&](std::string_view key, std::string_view what, bool there) {
        if (map.key(key) != nullptr && !there)
            report.add(*map.key(key), fmt::format("`{}` needs {} beside it", key, what));
    };
    needs("within", "`status`", map.key("status") != nullptr);
    needs("poll", "`always` or `never`", map.key("always") != nullptr || map.key("never") != nullptr);
    return all;
}

std::optional<ExpectRequests> read_requests(Report& report, const Node& node) {
    if (!node.is(Node::Kind::Map) || node.entries.empty()) {
        report.expected(node, "requests", "a map, like { sessions: 1 }");
        return std::nullopt;
    }
    ExpectRequests requests;
    const MapReader map(report, node, "`requests`", request_kinds());
    for (const Key& kind : request_kinds()) {
        if (map.get(kind.name) != nullptr)
            requests.counts[std::string(kind.name)] = map.integer(kind.name).value_or(0);
    }
    return requests;
}

HowMany read_how_many(Report& report, const MapReader& map, int total) {
    constexpr std::array<HowMany::Rule, 4> rules{HowMany::Rule::All, HowMany::Rule::AtLeast,
                                                 HowMany::Rule::AtMost, HowMany::Rule::Exactly};
    HowMany how_many;
    const Node* first = nullptr;
    for (const HowMany::Rule rule : rules) {
        const Node* node = map.get(to_string(rule));
        if (node == nullptr) continue;
        if (first != nullptr) {
            report.add(
                *map.key(to_string(rule)),
                fmt::format("one of all, at_least, at_most and exactly; `{}` is there already", first->text));
            continue;
        }
        first = map.key(to_string(rule));
        how_many.rule = rule;
        if (rule == HowMany::Rule::All) {
            if (!node->is(Node::Kind::Scalar) || node->text != "true") report.expected(*node, "all", "true");
            continue;
        }
        // A rule that always or never holds is a slip.
        const int least = rule == HowMany::Rule::AtLeast ? 1 : 0;
        const int most = rule == HowMany::Rule::AtMost ? total - 1 : total;
        if (total > 0) {
            how_many.number = read_integer(report, *node, to_string(rule), least, most).value_or(least);
        }
    }
    return how_many;
}

void check_scope(Report& report, const MapReader& map, const ClauseScope& scope) {
    const auto refuse = [&](std::string_view key, std::string_view why) {
        report.add(*map.key(key), fmt::format("`{}` {}", key, why));
    };
    for (const std::string_view key : {"response", "verdict", "requests", "cycles"}) {
        if (map.key(key) == nullptr || (scope.step == nullptr && key == "requests")) continue;
        if (scope.step == nullptr) {
            refuse(key, "is about one step; write it under that step's `expect`");
        } else if (key == "verdict" ? !scope.step->submits : !scope.step->exchanges) {
            refuse(key, fmt::format("cannot be asked of step `{}`, which {}", scope.step->name,
                                    key == "verdict"    ? "sends no evidence"
                                    : key == "requests" ? "sends nothing"
                                    : key == "cycles"   ? "has no cycles"
                                                        : "gets no response"));
        }
    }
    if (map.key("since") != nullptr && map.key("requests") == nullptr)
        refuse("since", "needs `requests` beside it");
    if (map.key("since") != nullptr && scope.step == nullptr)
        refuse("since", "goes with a step; at the end everything is counted since the start");
}

std::vector<std::string> read_clause_agents(Report& report, const Node& clause, const MapReader& map,
                                            const ClauseScope& scope) {
    const Node* agents = map.get("agents");
    if (scope.by == "nobody" || scope.by == "admin") {
        if (agents != nullptr)
            report.add(*map.key("agents"), fmt::format("no agent sends this request, {} does", scope.by));
        return {scope.by};
    }
    if (agents == nullptr) {
        if (scope.step != nullptr && !scope.agents.empty()) return scope.agents;
        Node where = clause;
        where.text = "expect";
        return only_group(report, where, scope.groups);
    }
    auto names = read_agent_names(report, *agents, scope.groups);
    for (const std::string& name : names) {
        if (!scope.agents.empty() && std::ranges::find(scope.agents, name) == scope.agents.end()) {
            report.add(*agents, fmt::format("group `{}` does not take part in this step", shown(name)));
        }
    }
    return names;
}

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

/// "submit.p99 < 250ms"
void read_metric(Report& report, const Node& node, std::vector<Expectation>& into) {
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
        return;
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
        return;
    }
    constexpr std::array<std::string_view, 5> comparisons{"<", "<=", ">", ">=", "=="};
    if (std::ranges::find(comparisons, comparison) == comparisons.end()) {
        report.add(node, fmt::format("metric `{}`: expected one of {}; found '{}'", metric,
                                     fmt::join(comparisons, ", "), comparison));
        return;
    }
    const auto number = parse_measured(limit, measure->unit);
    if (!number) {
        report.add(node, fmt::format("metric `{}`: expected {} after `{}`; found '{}'", metric,
                                     written(measure->unit), comparison, shown(limit)));
        return;
    }
    Expectation clause;
    clause.conditions.emplace_back(
        ExpectMetric{std::string(metric), std::string(comparison), *number, std::string(limit)});
    clause.position = report.at(node);
    into.push_back(std::move(clause));
}

void read_word(Report& report, const Node& node, const ClauseScope& scope, std::vector<Expectation>& into) {
    const auto check = std::ranges::find(checks(), node.text, &Name::name);
    const bool is_metric = node.text.find_first_of("<>=") != std::string::npos;
    if (!is_metric && check == checks().end()) {
        report.add(node,
                   fmt::format("unknown check `{}`{}", shown(node.text), suggestion(node.text, checks())));
    } else if (scope.step != nullptr) {
        report.add(node, fmt::format("`{}` is about the whole run; write it under the `expect` at the end",
                                     shown(node.text)));
    } else if (is_metric) {
        read_metric(report, node, into);
    } else {
        Expectation clause;
        clause.conditions.emplace_back(ExpectCheck{node.text});
        clause.position = report.at(node);
        into.push_back(std::move(clause));
    }
}

void read_clause(Report& report, const Node& node, const ClauseScope& scope, std::vector<Expectation>& into) {
    if (node.is(Node::Kind::Scalar)) return read_word(report, node, scope, into);
    if (!node.is(Node::Kind::Map)) {
        report.expected(node, "expect",
                        scope.step != nullptr ? "a map, like { verdict: pass }"
                                              : "a map, like { status: PASS }, a check, like accounted, or a "
                                                "metric, like submit.p99 < 250ms");
        return;
    }
    const std::size_t problems = report.count();
    const MapReader map(report, node, "`expect`", expect_keys());
    Expectation clause;
    clause.position = report.at(node);
    clause.agents = read_clause_agents(report, node, map, scope);
    check_scope(report, map, scope);
    if (const Node* response = map.get("response")) {
        if (auto read = read_response(report, *response)) clause.conditions.emplace_back(std::move(*read));
    }
    if (const auto verdict = read_verdict(report, map)) clause.conditions.emplace_back(*verdict);
    for (const ExpectStatus& status : read_agent_statuses(report, map, scope.step != nullptr))
        clause.conditions.emplace_back(status);
    if (const Node* requests = map.get("requests")) {
        if (auto read = read_requests(report, *requests)) {
            read->since_start = map.word("since") == "start";
            clause.conditions.emplace_back(std::move(*read));
        }
    }
    clause.last_cycle_only = map.word("cycles") == "last";
    const bool by_agents = scope.by != "nobody" && scope.by != "admin";
    clause.how_many = read_how_many(report, map, by_agents ? count_agents(scope.groups, clause.agents) : 1);
    if (clause.conditions.empty() && report.count() == problems)
        report.add(node, "`expect` asks for nothing");
    into.push_back(std::move(clause));
}

}  // namespace

std::vector<Expectation> read_expectations(Report& report, const Node& node, const ClauseScope& scope) {
    std::vector<Expectation> expectations;
    if (!node.is(Node::Kind::List)) {
        read_clause(report, node, scope, expectations);
        return expectations;
    }
    if (node.items.empty()) report.expected(node, "expect", "at least one clause");
    for (const Node& item : node.items)
        read_clause(report, item, scope, expectations);
    return expectations;
}

}  // namespace pushsim::scenario
