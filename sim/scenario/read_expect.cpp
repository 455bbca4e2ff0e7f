// Clauses of `expect:`.

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "sim/scenario/reading.hpp"

namespace pushsim::scenario {
namespace {

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
        if (total == 0) continue;
        if (const auto number = parse_integer(node->text); number && *number > most) {
            report.expected(
                *node, to_string(rule),
                fmt::format("at most {}, for it is about {} agent{}", most, total, total == 1 ? "" : "s"));
        } else {
            how_many.number = read_integer(report, *node, to_string(rule), least, most).value_or(least);
        }
    }
    return how_many;
}

void check_scope(Report& report, const MapReader& map, const ClauseScope& scope) {
    const auto refuse = [&](std::string_view key, std::string_view why) {
        report.add(*map.key(key), fmt::format("`{}` {}", key, why));
    };
    if (map.key("since") != nullptr && map.key("requests") == nullptr)
        refuse("since", "needs `requests` beside it");
    if (scope.is_lone) {
        for (const std::string_view key : {"agents", "all", "at_least", "at_most", "exactly", "decides"}) {
            if (map.key(key) != nullptr) refuse(key, "is of the clause in whose place this one stands");
        }
        return;
    }
    for (const std::string_view key : {"response", "verdict", "requests", "cycles"}) {
        if (map.key(key) == nullptr || (scope.step == nullptr && key == "requests")) continue;
        if (scope.step == nullptr) {
            refuse(key, "is about one step; write it under that step's `expect`");
        } else if (key == "verdict" ? !scope.step->submits : !scope.step->exchanges) {
            refuse(key, fmt::format("cannot be asked of step `{}`, which {}", scope.step->name,
                                    key == "verdict"    ? "sends no evidence; `attest` and `submit` do"
                                    : key == "requests" ? "sends nothing"
                                    : key == "cycles"   ? "has no cycles"
                                                        : "gets no response"));
        }
    }
    if (map.key("since") != nullptr && scope.step == nullptr)
        refuse("since", "goes with a step; at the end everything is counted since the start");
}

/// Who sends the request whose answer the clause is about, where no agent does; else empty.
std::string sender_that_is_no_agent(const MapReader& map, const ClauseScope& scope) {
    if (scope.by == "nobody" || scope.by == "admin") return scope.by;
    // Of such a step a clause may also say what becomes of agents.
    const bool of_the_tenant = scope.step != nullptr && scope.step->kind == StepKind::ChangePolicy;
    return of_the_tenant && map.key("response") != nullptr ? "admin" : "";
}

std::vector<std::string> read_clause_agents(Report& report, const Node& clause, const MapReader& map,
                                            const ClauseScope& scope) {
    if (scope.is_lone) return {};
    const Node* agents = map.get("agents");
    if (const std::string sender = sender_that_is_no_agent(map, scope); !sender.empty()) {
        if (agents != nullptr)
            report.add(*map.key("agents"), fmt::format("no agent sends this request, {} does", sender));
        return {sender};
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

void read_word(Report& report, const Node& node, const ClauseScope& scope, std::vector<Expectation>& into) {
    const auto check = std::ranges::find(checks(), node.text, &Name::name);
    const bool is_metric = node.text.find_first_of("<>=") != std::string::npos;
    const auto add = [&](Condition condition) {
        Expectation clause;
        clause.conditions.push_back(std::move(condition));
        clause.position = report.at(node);
        into.push_back(std::move(clause));
    };
    if (!is_metric && check == checks().end()) {
        report.add(node,
                   fmt::format("unknown check `{}`{}", shown(node.text), suggestion(node.text, checks())));
    } else if (scope.step != nullptr) {
        report.add(node, fmt::format("`{}` is about the whole run; write it under the `expect` at the end",
                                     shown(node.text)));
    } else if (!is_metric) {
        add(ExpectCheck{node.text});
    } else if (auto metric = read_metric(report, node)) {
        add(std::move(*metric));
    }
}

std::vector<std::string> read_decides(Report& report, const MapReader& map) {
    std::vector<std::string> ids;
    const Node* node = map.get("decides");
    if (node == nullptr) return ids;
    const auto take = [&](const Node& item) {
        if (!item.is(Node::Kind::Scalar) || !is_requirement_id(item.text)) {
            report.expected(item, "decides", "a requirement id like KPM-EVID-007, or a list of them");
        } else if (std::ranges::find(ids, item.text) != ids.end()) {
            report.add(item, fmt::format("`decides`: '{}' is given twice", item.text));
        } else {
            ids.push_back(item.text);
        }
    };
    if (!node->is(Node::Kind::List) || node->items.empty()) {
        take(*node);
    } else {
        std::ranges::for_each(node->items, take);
    }
    return ids;
}

/// `{ check: accounted, decides: … }`, or the same of a metric.
void read_run_clause(Report& report, const Node& node, std::string_view key, std::span<const Key> keys,
                     const ClauseScope& scope, std::vector<Expectation>& into) {
    const MapReader map(report, node, fmt::format("the clause with `{}`", key), keys);
    if (scope.is_lone && map.key("decides") != nullptr)
        report.add(*map.key("decides"), "`decides` is of the clause in whose place this one stands");
    const std::vector<std::string> decides = read_decides(report, map);
    const Node* word = map.get(key);
    if (word == nullptr) return;
    const bool is_metric = word->text.find_first_of("<>=") != std::string::npos;
    if (!word->is(Node::Kind::Scalar) || is_metric != (key == "metric")) {
        report.expected(
            *word, key,
            key == "metric" ? "a metric and its limit, like submit.p99 < 250ms" : "a check, like accounted");
        return;
    }
    const std::size_t before = into.size();
    read_word(report, *word, scope, into);
    for (std::size_t i = before; i < into.size(); ++i)
        into[i].decides = decides;
}

void read_clause(Report& report, const Node& node, const ClauseScope& scope, std::vector<Expectation>& into) {
    if (node.is(Node::Kind::Scalar)) return read_word(report, node, scope, into);
    if (find_entry(node, "check") != nullptr)
        return read_run_clause(report, node, "check", check_clause_keys(), scope, into);
    if (find_entry(node, "metric") != nullptr)
        return read_run_clause(report, node, "metric", metric_clause_keys(), scope, into);
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
    for (const ExpectStatus& status :
         read_agent_statuses(report, map, scope.step != nullptr || scope.is_lone))
        clause.conditions.emplace_back(status);
    if (const Node* requests = map.get("requests")) {
        if (auto read = read_requests(report, *requests)) {
            read->since_start = map.word("since") == "start";
            clause.conditions.emplace_back(std::move(*read));
        }
    }
    clause.last_cycle_only = map.word("cycles") == "last";
    clause.decides = read_decides(report, map);
    const bool by_agents = sender_that_is_no_agent(map, scope).empty();
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

Expectation read_lone_clause(Report& report, const Node& node) {
    const std::vector<Group> no_groups;
    std::vector<Expectation> clauses;
    read_clause(report, node, {.groups = no_groups, .step = nullptr, .agents = {}, .is_lone = true}, clauses);
    return clauses.empty() ? Expectation{} : std::move(clauses.front());
}

}  // namespace pushsim::scenario
