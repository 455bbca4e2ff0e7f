#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "sim/scenario/reading.hpp"

namespace pushsim::scenario {
namespace {

std::optional<StatusRange> parse_status(std::string_view text) {
    const std::size_t hyphen = text.find('-');
    const auto first = parse_integer(text.substr(0, hyphen));
    const auto last = hyphen == std::string_view::npos ? first : parse_integer(text.substr(hyphen + 1));
    if (!first || !last || *first < 100 || *last > 599 || *first > *last) return std::nullopt;
    return StatusRange{static_cast<int>(*first), static_cast<int>(*last)};
}

std::vector<StatusRange> read_status_ranges(Report& report, const Node& node) {
    std::vector<StatusRange> ranges;
    const auto read_one = [&](const Node& item) {
        const auto range = item.is(Node::Kind::Scalar) ? parse_status(item.text) : std::nullopt;
        if (range) {
            ranges.push_back(*range);
        } else {
            report.expected(item, "status", "an HTTP status such as 202 or a range such as \"200-299\"");
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

std::optional<ExpectResponse> read_response(Report& report, const Node& node) {
    if (!node.is(Node::Kind::Map)) {
        report.expected(node, "response", "a map, like { status: 202 }");
        return std::nullopt;
    }
    ExpectResponse response;
    const std::size_t problems = report.count();
    const MapReader map(report, node, "`response`", response_keys());
    if (const Node* status = map.get("status")) response.status = read_status_ranges(report, *status);
    if (const Node* code = map.get("code")) {
        response.code = read_texts(report, *code, "code");
        if (code->is(Node::Kind::List) && code->items.empty())
            report.expected(*code, "code", "at least one code");
    }
    if (map.empty() && report.count() == problems) report.add(node, "`response` asks for nothing");
    return response;
}

std::optional<ExpectVerdict> read_verdict(Report& report, const MapReader& map) {
    const Node* verdict = map.get("verdict");
    const Node* reason = map.get("reason");
    const auto read_reason = [&] {
        return enumerator(read_name(report, *reason, "reason", failure_reasons()),
                          {FailureReason::PolicyViolation, FailureReason::BrokenEvidenceChain});
    };
    if (verdict == nullptr) {
        if (reason != nullptr) {
            read_reason();
            report.add(*map.key("reason"), "`reason` needs `verdict: fail` beside it");
        }
        return std::nullopt;
    }
    ExpectVerdict expected;
    const auto value = enumerator(read_name(report, *verdict, "verdict", verdicts()),
                                  {Verdict::Pass, Verdict::Fail, Verdict::None});
    expected.verdict = value.value_or(Verdict::Pass);
    if (reason != nullptr) {
        expected.reason = read_reason();
        if (value && *value != Verdict::Fail) {
            report.add(*map.key("reason"),
                       fmt::format("`reason` goes with `verdict: fail`, not with `{}`", to_string(*value)));
        }
    }
    return expected;
}

std::optional<ExpectStatus> read_agent_status(Report& report, const MapReader& map) {
    const Node* status = map.get("status");
    const Node* within = map.get("within");
    ExpectStatus expected;
    if (within != nullptr) {
        expected.within = read_duration(report, *within, "within");
        if (status == nullptr) report.add(*map.key("within"), "`within` needs `status` beside it");
    }
    if (status == nullptr) return std::nullopt;
    const auto value =
        enumerator(read_name(report, *status, "status", agent_statuses()),
                   {AgentStatus::Pending, AgentStatus::Pass, AgentStatus::Fail, AgentStatus::Timeout});
    expected.status = value.value_or(AgentStatus::Pending);
    return expected;
}

std::optional<ExpectRequests> read_requests(Report& report, const Node& node) {
    constexpr int most_requests = 1'000'000;
    if (!node.is(Node::Kind::Map) || node.entries.empty()) {
        report.expected(node, "requests", "a map, like { sessions: 1 }");
        return std::nullopt;
    }
    ExpectRequests requests;
    const MapReader map(report, node, "`requests`", request_kinds());
    for (const Name& kind : request_kinds()) {
        if (const Node* count = map.get(kind.name)) {
            requests.counts[std::string(kind.name)] =
                read_integer(report, *count, kind.name, 0, most_requests).value_or(0);
        }
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
    for (const std::string_view key : {"response", "verdict", "requests"}) {
        if (map.key(key) == nullptr || (scope.step == nullptr && key == "requests")) continue;
        if (scope.step == nullptr) {
            refuse(key, "is about one step; write it under that step's `expect`");
        } else if (key == "verdict" ? !scope.step->submits : !scope.step->exchanges) {
            refuse(key, fmt::format("cannot be asked of step `{}`, which {}", scope.step->name,
                                    key == "verdict"    ? "sends no evidence"
                                    : key == "requests" ? "sends nothing"
                                                        : "gets no response"));
        }
    }
}

std::vector<std::string> read_clause_agents(Report& report, const Node& clause, const MapReader& map,
                                            const ClauseScope& scope) {
    const Node* agents = map.get("agents");
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

void read_word(Report& report, const Node& node, const ClauseScope& scope, std::vector<Expectation>& into) {
    const auto check = std::ranges::find(checks(), node.text, &Name::name);
    if (node.text.find_first_of("<>=") != std::string::npos) {
        report.add(node, not_yet("metric comparison", shown(node.text)));
    } else if (check == checks().end()) {
        report.add(node,
                   fmt::format("unknown check `{}`{}", shown(node.text), suggestion(node.text, checks())));
    } else if (check->availability == Availability::Later) {
        report.add(node, not_yet("check", node.text));
    } else if (scope.step != nullptr) {
        report.add(node, fmt::format("`{}` is about the whole run; write it under the `expect` at the end",
                                     node.text));
    } else {
        into.push_back({{}, {ExpectAccounted{}}, {}, report.at(node)});
    }
}

void read_clause(Report& report, const Node& node, const ClauseScope& scope, std::vector<Expectation>& into) {
    if (node.is(Node::Kind::Scalar)) return read_word(report, node, scope, into);
    if (!node.is(Node::Kind::Map)) {
        report.expected(node, "expect",
                        scope.step != nullptr ? "a map, like { verdict: pass }"
                                              : "a map, like { status: PASS }, or a check, like accounted");
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
    if (const auto status = read_agent_status(report, map)) clause.conditions.emplace_back(*status);
    if (const Node* requests = map.get("requests")) {
        if (auto read = read_requests(report, *requests)) clause.conditions.emplace_back(std::move(*read));
    }
    clause.how_many = read_how_many(report, map, count_agents(scope.groups, clause.agents));
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
