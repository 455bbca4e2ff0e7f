// Scripts: the steps of a list, each by its name.

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "sim/scenario/reading.hpp"

namespace pushsim::scenario {
namespace {

/// Of agents, those in which the agent itself acts: also where it has to register before it can be enrolled.
/// Not `stop_agent`: it ends what the agent is doing.
bool acts_as_agent(const Step& step) {
    using enum StepKind;
    constexpr std::array acts{Extend, Measure, Reboot, Suspend, ClearTpm, RestoreTpm, RestartAgent};
    return !phases_of(step.kind).empty() || std::ranges::find(acts, step.kind) != acts.end() ||
           (step.kind == Enrol && !step.bare);
}

/// The groups whose agents act in a step, or in those within it.
std::set<std::string> acting_in(const Step& step) {
    std::set<std::string> names;
    if (acts_as_agent(step)) names.insert(step.agents.begin(), step.agents.end());
    for (const Step& child : step.steps)
        names.merge(acting_in(child));
    return names;
}

/// The node that names the step among the keys of its map; nullptr, and a problem, where that is not one.
const std::pair<const Node*, const Node*>* find_step_entry(Report& report, const Node& node,
                                                           const Entries& entries) {
    const std::pair<const Node*, const Node*>* found_entry = nullptr;
    bool other_problem = false;
    for (const auto& entry : entries) {
        const Node& key = *entry.first;
        if (has_key(step_sibling_keys(), key.text)) continue;
        if (find_step(key.text) == nullptr) {
            other_problem = true;
            continue;
        }
        if (found_entry == nullptr) {
            found_entry = &entry;
        } else {
            report.add(key, fmt::format("a step has one name; found `{}` and `{}`", found_entry->first->text,
                                        key.text));
        }
    }
    for (const auto& entry : entries) {
        const Node& key = *entry.first;
        if (has_key(step_sibling_keys(), key.text) || find_step(key.text) != nullptr) continue;
        const StepName* definition = found_entry == nullptr ? nullptr : find_step(found_entry->first->text);
        if (definition == nullptr) {
            const std::string near = nearest_name(key.text, names_of(steps()));
            report.add(key, fmt::format("unknown step `{}`{}", shown(key.text),
                                        near.empty() ? "; `pushsim list steps` shows all" : near));
        } else if (has_key(definition->keys, key.text)) {
            report.add(key, fmt::format("key `{}` belongs inside the step: `{}: {{ {}: … }}`", key.text,
                                        definition->name, key.text));
        } else {
            report.add(key,
                       fmt::format("unknown key `{}` beside step `{}`{}", shown(key.text), definition->name,
                                   suggestion(key.text, names_of(step_sibling_keys()))));
        }
    }
    if (found_entry == nullptr && !other_problem) {
        report.add(node, "a step without a name, such as `attest`");
    }
    return found_entry;
}

void read_siblings(Report& report, const Entries& entries, const StepName& definition,
                   const std::vector<Group>& groups, bool in_together, Step& step) {
    const bool has_children = step.kind == StepKind::Repeat || step.kind == StepKind::Together;
    for (const auto& [key, value] : entries) {
        if (key->text == "as") {
            if (const auto as = read_text(report, *value, "as")) {
                step.as = *as;
                if (!is_plain_name(*as)) {
                    report.expected(*value, "as", "a name of lower-case letters, digits and hyphens");
                } else if (step.kind == StepKind::Request) {
                    report.add(*key,
                               "`as` names what agents came to, and a raw request changes nothing of that; "
                               "refer to the agents themselves");
                } else if (!definition.exchanges || step.kind == StepKind::ChangePolicy) {
                    report.add(*key, fmt::format("`as` names exchanges, and `{}` has none", definition.name));
                }
            }
        } else if (key->text == "expect" && has_children) {
            report.add(*key,
                       fmt::format("`expect` belongs to a step within `{}`, or to the end", definition.name));
        } else if (key->text == "expect") {
            const bool is_request = step.kind == StepKind::Request;
            step.expect = read_expectations(
                report, *value,
                {groups, &definition, is_request ? std::vector{step.request.by} : step.agents,
                 is_request ? step.request.by : ""});
        } else if (key->text == "case") {
            step.case_name = read_text(report, *value, "case").value_or("");
            if (!step.case_name.empty() && !is_case_name(step.case_name))
                report.expected(*value, "case",
                                "a name of at most 80 letters, digits, points, hyphens and underscores");
        } else if (key->text == "after" && in_together) {
            step.after = read_amount(report, *value, "after").value_or(Amount{});
        } else if (key->text == "after") {
            report.add(*key, "`after` belongs to a step within `together`; between steps stands `wait`");
        }
    }
}

std::optional<Step> read_step(Report& report, const Node& node, const std::vector<Group>& groups,
                              bool in_together) {
    Step step;
    step.position = report.at(node);
    // `- attest` alone.
    Node bare_word;
    Entries entries;
    Node nothing = node;
    if (node.is(Node::Kind::Scalar)) {
        nothing.kind = Node::Kind::Null;
        bare_word = node;
        entries.emplace_back(&bare_word, &nothing);
    } else if (node.is(Node::Kind::Map)) {
        entries = read_entries(report, node, "a step");
    } else {
        report.add(node,
                   fmt::format("a step: expected its name, or a map like `attest: {{ times: 3 }}`; found {}",
                               found(node)));
        return std::nullopt;
    }
    const auto* entry = find_step_entry(report, node, entries);
    if (entry == nullptr) return std::nullopt;
    const StepName& definition = *find_step(entry->first->text);
    if (definition.availability == Availability::Later) {
        report.add(*entry->first, not_yet("step", definition.name));
        return std::nullopt;
    }
    step.kind = *definition.kind;
    step.position = report.at(*entry->first);
    read_step_value(report, *entry->first, *entry->second, definition, groups, step);
    read_siblings(report, entries, definition, groups, in_together, step);
    return step;
}

std::vector<Step> read_list(Report& report, const Node& node, const std::vector<Group>& groups,
                            std::string_view what, bool in_together) {
    std::vector<Step> script;
    if (!node.is(Node::Kind::List) || node.items.empty()) {
        report.expected(node, what, "a list of at least one step");
        return script;
    }
    for (const Node& item : node.items) {
        if (auto step = read_step(report, item, groups, in_together)) script.push_back(std::move(*step));
    }
    return script;
}

}  // namespace

std::vector<Step> read_steps(Report& report, const Node& node, const std::vector<Group>& groups,
                             std::string_view what) {
    return read_list(report, node, groups, what, false);
}

std::vector<Step> read_together(Report& report, const Node& node, const std::vector<Group>& groups) {
    std::vector<Step> children = read_list(report, node, groups, "together", true);
    std::map<std::string, std::pair<const Step*, int>> first_lines;
    for (const Step& child : children) {
        for (const std::string& name : acting_in(child)) {
            const auto [first, is_new] = first_lines.emplace(name, std::pair(&child, child.position.line));
            if (!is_new && first->second.first != &child) {
                const bool enrols =
                    first->second.first->kind == StepKind::Enrol || child.kind == StepKind::Enrol;
                report.add(
                    child.position,
                    fmt::format("group `{}` acts in two steps side by side, first in line {}; an agent "
                                "does one thing at a time{}",
                                name, first->second.second,
                                enrols ? ". Give `enrol` `bare: true`: then it leaves the agent alone, "
                                         "which must have registered in a step before"
                                       : ""));
            }
        }
    }
    return children;
}

namespace {

/// What is known of the steps before one, in the order of the file.
class Numbering {
  public:
    explicit Numbering(Report& report) : report_(report) {}

    void walk(std::vector<Step>& steps, const std::string& outer) {
        for (Step& step : steps) {
            step.number = ++number_;
            put_in_case(step, outer);
            check_name(step);
            walk(step.steps, step.case_name);
        }
    }

  private:
    void put_in_case(Step& step, const std::string& outer) {
        if (step.case_name.empty()) step.case_name = outer;
        const std::string& name = step.case_name;
        if (!outer.empty() && name != outer) {
            report_.add(step.position,
                        fmt::format("`case: {}` within a step of the case `{}`: a step belongs to "
                                    "one case",
                                    shown(name), shown(outer)));
        } else if (name != case_ && !name.empty()) {
            const auto [first, is_new] = cases_.emplace(name, step.position.line);
            if (!is_new)
                report_.add(
                    step.position,
                    fmt::format("the steps of a case stand together: `{}` began in line {}, and there are "
                                "others between",
                                shown(name), first->second));
        }
        case_ = name;
    }

    /// Each case may call a step the same: requests refer to the last one before them.
    void check_name(const Step& step) {
        if (step.as.empty()) return;
        const auto [first, is_new] = names_.emplace(std::pair(step.case_name, step.as), step.position.line);
        if (!is_new)
            report_.add(step.position, fmt::format("`as: {}` is given twice; first in line {}",
                                                   shown(step.as), first->second));
    }

    Report& report_;
    int number_ = 0;
    std::string case_;                                          ///< of the step before
    std::map<std::string, int> cases_;                          ///< name, line of its first step
    std::map<std::pair<std::string, std::string>, int> names_;  ///< `as`, by case
};

}  // namespace

void number_steps(Report& report, std::vector<Step>& steps) {
    Numbering(report).walk(steps, "");
}

}  // namespace pushsim::scenario
