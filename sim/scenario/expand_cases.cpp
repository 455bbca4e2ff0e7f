// The cases of a file: each becomes steps of the script, its control before it.

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "sim/scenario/expand.hpp"
#include "sim/scenario/language.hpp"
#include "sim/scenario/references.hpp"

namespace pushsim::scenario {
namespace {

Node list_at(const Node& place) {
    Node list;
    list.kind = Node::Kind::List;
    list.line = place.line;
    list.column = place.column;
    return list;
}

/// One step, or a list of steps.
std::vector<Node> steps_in(const Node& node) {
    return node.is(Node::Kind::List) ? node.items : std::vector{node};
}

bool can_be_step(const Node& node) {
    return node.is(Node::Kind::Scalar) || node.is(Node::Kind::Map);
}

/// Gives the clauses that have no `decides` of their own this one; whether there is such a clause.
bool give_decides(Node& expect, const Entry& decides) {
    if (expect.is(Node::Kind::Map) && find_entry(expect, "decides") == nullptr) {
        expect.entries.push_back(decides);
        return true;
    }
    bool given = false;
    for (Node& clause : expect.items)
        given = (clause.is(Node::Kind::Map) && give_decides(clause, decides)) || given;
    return given;
}

/// The same of a step, or of the last one within it.
bool give_decides_to_step(Node& step, const Entry& decides) {
    for (auto& [key, value] : step.entries) {
        if (key.text == "expect") return give_decides(value, decides);
    }
    for (auto& [key, value] : step.entries) {
        const bool is_repeat = key.text == name_of(StepKind::Repeat).name;
        const bool is_together = key.text == name_of(StepKind::Together).name;
        if (is_repeat) return give_decides_to_step(value, decides);
        if ((is_together || key.text == "steps") && !value.items.empty())
            return give_decides_to_step(value.items.back(), decides);
    }
    return false;
}

class CaseExpansion {
  public:
    CaseExpansion(Report& report, const Values& of_file, std::size_t& nodes)
        : report_(report), of_file_(of_file), nodes_(nodes) {}

    /// Names that steps of the script have already are taken.
    void take_names(const Node& script) {
        for (const Node& step : script.items) {
            if (const Entry* name = find_entry(step, "case"))
                lines_.emplace(name->value.text, name->value.line);
        }
    }

    std::vector<Node> expand(const Node& cases, const Node* control) {
        if (control != nullptr) {
            if (control->is(Node::Kind::List) && control->items.empty())
                report_.expected(*control, "control", "a step, or a list of at least one step");
            refuse_unknown_variables(*control, {});
        }
        for (const Node& one : cases.items) {
            if (!one.is(Node::Kind::Map)) {
                report_.add(one, fmt::format("a case: expected a map, like {}; found {}",
                                             example(case_keys()), found(one)));
                continue;
            }
            refuse_doubled_variables(one);
            expand_matrix(report_, one, [&](const Node& expanded, const Values& values) {
                if (has_room(cases, expanded, control)) add(expanded, values, control);
            });
            if (is_full_) break;
        }
        return std::move(steps_);
    }

  private:
    bool has_room(const Node& cases, const Node& one, const Node* control) {
        if (is_full_) return false;
        nodes_ += size_of(one) + (control == nullptr ? 0 : size_of(*control));
        const bool are_many = ++count_ > max_cases;
        is_full_ = are_many || nodes_ > max_case_nodes;
        if (is_full_)
            report_.add(
                cases, are_many ? fmt::format("more than {} cases", max_cases)
                                : fmt::format("the cases have more than {} values together", max_case_nodes));
        return !is_full_;
    }

    void refuse_doubled_variables(const Node& one) {
        const Entry* matrix = find_entry(one, "matrix");
        if (matrix == nullptr) return;
        for (const auto& [key, value] : matrix->value.entries) {
            if (of_file_.contains(key.text))
                report_.add(
                    key, fmt::format("`{}` is a variable of the file's own matrix already: call it otherwise",
                                     key.text));
        }
    }

    /// What looks like a variable, where nothing is one of that name; what requests refer to has a point.
    void refuse_unknown_variables(const Node& node, const Values& of_case) {
        if (node.is(Node::Kind::Scalar)) {
            for (const Reference& reference : references_of(node.text)) {
                if (reference.as_written.find('.') == std::string::npos) refuse(node, reference, of_case);
            }
        }
        for (const Node& item : node.items)
            refuse_unknown_variables(item, of_case);
        for (const auto& [key, value] : node.entries)
            refuse_unknown_variables(value, of_case);
    }

    void refuse(const Node& node, const Reference& reference, const Values& of_case) {
        std::vector<std::string_view> known;
        for (const Values* values : {&of_case, &of_file_}) {
            for (const auto& [name, value] : *values)
                known.push_back(name);
        }
        report_.add_alone(node,
                          fmt::format("no matrix has a variable `{}`{}", shown(reference.as_written),
                                      known.empty() ? ": neither the case nor the file has a `matrix`"
                                                    : suggestion(reference.as_written, known, "variables")));
    }

    void add(Node one, const Values& values, const Node* file_control) {
        refuse_unknown_variables(one, values);
        const Entry* name = find_entry(one, "case");
        if (name == nullptr) {
            report_.add(one, missing("a case", case_keys().front()));
            return;
        }
        const Entry named = *name;
        check_name(named, !values.empty());
        const std::optional<Node> own_control = taken(one, "control");
        const std::optional<Node> decides = taken(one, "decides");
        std::vector<Node> body = body_of(std::move(one), named);
        if (decides && !body.empty() && can_be_step(body.back()) &&
            !give_decides_to_step(body.back(), {word("decides", *decides), *decides})) {
            report_.add(
                *decides,
                "`decides` goes to the clauses of the case's last step that have none of their own, and "
                "there is no such clause: write `expect` beside that step");
        }
        if (const Node* control = own_control ? &*own_control : file_control) {
            for (const Node& step : steps_in(*control)) {
                if (can_be_step(step)) {
                    steps_.push_back(in_case(step, named));
                } else {
                    report_.expected(step, "control", "a step, or a list of steps");
                }
            }
        }
        std::ranges::move(body, std::back_inserter(steps_));
    }

    void check_name(const Entry& named, bool of_matrix) {
        const Node& name = named.value;
        if (!is_case_name(name.text)) return;  // the step says so
        const auto [first, is_new] = lines_.emplace(name.text, name.line);
        if (is_new) return;
        report_.add(name,
                    of_matrix && first->second == name.line
                        ? fmt::format("several cases of the matrix are called `{}`: a name of its own needs "
                                      "each variable in it, like `case: \"${{name}}\"`",
                                      name.text)
                        : fmt::format("case `{}` is there already, in line {}", name.text, first->second));
    }

    static Node word(std::string_view text, const Node& place) {
        Node made;
        made.kind = Node::Kind::Scalar;
        made.text = text;
        made.line = place.line;
        made.column = place.column;
        return made;
    }

    std::optional<Node> taken(Node& one, std::string_view key) {
        const Entry* entry = find_entry(one, key);
        if (entry == nullptr) return std::nullopt;
        Node value = entry->value;
        take_out(report_, key, one);
        return value;
    }

    /// The step beside `case`, or those of `steps`.
    std::vector<Node> body_of(Node one, const Entry& named) {
        for (const auto& [key, value] : one.entries) {
            const bool known = has_key(case_keys(), key.text) || has_key(step_sibling_keys(), key.text) ||
                               find_step(key.text) != nullptr;
            const std::string near = known ? "" : nearest_name(key.text, names_of(case_keys()));
            if (!near.empty())
                report_.add_alone(key, fmt::format("unknown key `{}` in a case{}", shown(key.text), near));
        }
        const auto steps = taken(one, "steps");
        if (!steps) {
            if (std::ranges::all_of(one.entries, [](const Entry& entry) {
                    return has_key(step_sibling_keys(), entry.key.text);
                })) {
                report_.add(named.key,
                            fmt::format("case `{}` has no step: write one beside `case`, like `attest:`, "
                                        "or several as `steps`",
                                        shown(named.value.text)));
                return {};
            }
            return {std::move(one)};
        }
        for (const auto& [key, value] : one.entries) {
            if (key.text == "case") continue;
            report_.add(key,
                        find_step(key.text) != nullptr
                            ? fmt::format("a case has `steps` or one step, not both: `{}` stands among them",
                                          key.text)
                            : fmt::format("`{}` beside `steps` belongs to one of them", shown(key.text)));
        }
        if (!steps->is(Node::Kind::List) || steps->items.empty()) {
            report_.expected(*steps, "steps", "a list of at least one step");
            return {};
        }
        std::vector<Node> body;
        for (const Node& step : steps->items)
            body.push_back(in_case(step, named));
        return body;
    }

    Node in_case(Node step, const Entry& named) {
        if (step.is(Node::Kind::Scalar)) {
            Node alone = step;
            step.kind = Node::Kind::Map;
            Node nothing = alone;
            nothing.kind = Node::Kind::Null;
            step.entries = {{std::move(alone), std::move(nothing)}};
        }
        if (const Entry* own = find_entry(step, "case")) {
            report_.add(own->key, "a step of a case has no `case` of its own");
        } else if (step.is(Node::Kind::Map)) {
            step.entries.push_back(named);
        }
        return step;
    }

    Report& report_;
    const Values& of_file_;
    std::size_t& nodes_;
    std::size_t count_ = 0;
    bool is_full_ = false;
    std::vector<Node> steps_;
    std::map<std::string, int> lines_;  ///< of the names
};

}  // namespace

Node expand_cases(Report& report, const Node& root, const Values& values, std::size_t& nodes) {
    const Entry* cases = find_entry(root, "cases");
    const Entry* control = find_entry(root, "control");
    if (cases == nullptr) {
        if (control != nullptr)
            report.add(control->key, "`control` needs `cases` beside it: it is done before each of them");
        return root;
    }
    const Entry* script = find_entry(root, "script");
    Entry whole = script != nullptr ? *script : Entry{cases->key, list_at(cases->value)};
    whole.key.text = "script";
    CaseExpansion expansion(report, values, nodes);
    expansion.take_names(whole.value);
    const std::size_t problems = report.count();
    if (!cases->value.is(Node::Kind::List) || cases->value.items.empty())
        report.expected(cases->value, "cases", "a list of at least one case");
    std::vector<Node> steps = expansion.expand(cases->value, control != nullptr ? &control->value : nullptr);
    if (script == nullptr && report.count() > problems)
        report.close(whole.value);  // an empty script is no news
    if (whole.value.is(Node::Kind::List)) std::ranges::move(steps, std::back_inserter(whole.value.items));
    Node all = root;
    take_out(report, "cases", all);
    if (control != nullptr) take_out(report, "control", all);
    if (script != nullptr) take_out(report, "script", all);
    all.entries.push_back(std::move(whole));
    return all;
}

}  // namespace pushsim::scenario
