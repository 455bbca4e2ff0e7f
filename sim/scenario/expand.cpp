#include "sim/scenario/expand.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "sim/scenario/references.hpp"

namespace pushsim::scenario {
namespace {

struct Variable {
    std::string name;
    std::vector<const Node*> values;
    const Node* key = nullptr;
};
using Combination = std::vector<const Node*>;  ///< a value for each variable

bool is_variable_name(std::string_view text) {
    return !text.empty() && text.size() <= 32 && text[0] >= 'a' && text[0] <= 'z' &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

/// A row is called by its first value.
const std::string& text_of(const Node& value) {
    return value.is(Node::Kind::Map) ? value.entries.front().value.text : value.text;
}

/// Whether it is a map of single values, with the keys of the first row where there is one.
bool is_row(Report& report, const Node& item, const std::vector<const Node*>& before,
            const std::string& variable) {
    bool good = !item.entries.empty();
    if (!good) report.expected(item, variable, "a map with values, like { name: list, path: /v2.6/agents/ }");
    for (const auto& [key, value] : read_entries(report, item, "a row", "{ name: list }")) {
        if (!value->is(Node::Kind::Scalar)) {
            report.expected(*value, key->text, "a single value");
            good = false;
        } else if (!is_variable_name(key->text)) {
            report.add(*key, fmt::format("`{}` cannot name a value: use lower-case letters, digits and _",
                                         shown(key->text)));
            good = false;
        }
    }
    if (!good || before.empty()) return good;
    const bool same = std::ranges::equal(
        item.entries, before.front()->entries, {}, [](const Entry& one) { return one.key.text; },
        [](const Entry& one) { return one.key.text; });
    if (!same)
        report.add(item, fmt::format("`{}`: its values have the same names in the same order, or none",
                                     shown(variable)));
    return same;
}

std::vector<Variable> read_matrix(Report& report, const Node& node) {
    std::vector<Variable> variables;
    if (node.is(Node::Kind::Map) && node.entries.empty())
        report.expected(node, "matrix", "a map, like { workers: [1, 4] }");
    std::size_t cases = 1;
    for (const auto& [key, value] : read_entries(report, node, "`matrix`", "{ workers: [1, 4] }")) {
        if (!is_variable_name(key->text)) {
            report.add(*key, fmt::format("`{}` cannot name a variable: use lower-case letters, digits and _",
                                         shown(key->text)));
            continue;
        }
        Variable variable{key->text, {}, key};
        std::set<std::string> seen;
        if (!value->is(Node::Kind::List) || value->items.empty()) {
            report.expected(*value, key->text, "a list of values, like [1, 4]");
            continue;
        }
        for (const Node& item : value->items) {
            if (item.is(Node::Kind::Map)) {
                if (!is_row(report, item, variable.values, key->text)) continue;
            } else if (!item.is(Node::Kind::Scalar)) {
                report.expected(item, key->text, "a single value, or a map of them");
                continue;
            } else if (!variable.values.empty() && variable.values.front()->is(Node::Kind::Map)) {
                report.expected(item, key->text, "a map, as the first is");
                continue;
            }
            if (!seen.insert(text_of(item)).second) {
                report.add(item, fmt::format("`{}`: '{}' is given twice", key->text, shown(text_of(item))));
            } else {
                variable.values.push_back(&item);
            }
        }
        if (variable.values.empty()) continue;
        const bool were_few = cases <= max_cases;
        cases = std::min(cases * variable.values.size(), max_cases + 1);
        if (were_few && cases > max_cases)
            report.add(*key, fmt::format("the matrix has more than {} cases", max_cases));
        variables.push_back(std::move(variable));
    }
    return variables;
}

/// Whether a combination has all the values of this entry of `exclude`.
bool excludes(const Node& entry, const std::vector<Variable>& variables, const Combination& combination) {
    return std::ranges::all_of(entry.entries, [&](const Entry& wanted) {
        const auto at = std::ranges::find(variables, wanted.key.text, &Variable::name);
        if (at == variables.end()) return false;
        return text_of(*combination[static_cast<std::size_t>(at - variables.begin())]) == wanted.value.text;
    });
}

void check_exclude(Report& report, const Node& node, const std::vector<Variable>& variables) {
    if (!node.is(Node::Kind::List) || node.items.empty()) {
        report.expected(node, "exclude", "a list of combinations, like [{ workers: 4, evidence: ima }]");
        return;
    }
    std::vector<std::string_view> known;
    known.reserve(variables.size());
    for (const Variable& variable : variables)
        known.push_back(variable.name);
    for (const Node& item : node.items) {
        if (item.is(Node::Kind::Map) && item.entries.empty())
            report.expected(item, "exclude", "a map with values of the matrix");
        for (const auto& [key, value] : read_entries(report, item, "`exclude`", "{ workers: 4 }")) {
            const auto at = std::ranges::find(variables, key->text, &Variable::name);
            if (at == variables.end()) {
                report.add(*key, fmt::format("the matrix has no `{}`{}", shown(key->text),
                                             suggestion(key->text, known, "it has")));
            } else if (std::ranges::find(at->values, value->text,
                                         [](const Node* one) { return text_of(*one); }) == at->values.end()) {
                std::vector<std::string_view> values;
                for (const Node* one : at->values)
                    values.push_back(text_of(*one));
                report.add(*value, fmt::format("`{}` is never {}{}", key->text, found(*value),
                                               suggestion(value->text, values, "values")));
            }
        }
    }
}

/// Puts the values in; says which variables were there.
class Substitution {
  public:
    Substitution(const std::vector<Variable>& variables, const Combination& combination)
        : variables_(variables), combination_(combination) {}

    void apply(Node& node) {
        if (node.is(Node::Kind::Scalar)) replace(node);
        for (Node& item : node.items)
            apply(item);
        for (auto& [key, value] : node.entries)
            apply(value);
    }
    const std::set<std::string>& used() const { return used_; }

  private:
    /// `name`, or `name.of` of a row.
    const Node* value_of(std::string_view inside) {
        const std::size_t point = inside.find('.');
        const auto at = std::ranges::find(variables_, inside.substr(0, point), &Variable::name);
        if (at == variables_.end()) return nullptr;
        const Node* value = combination_[static_cast<std::size_t>(at - variables_.begin())];
        if (value->is(Node::Kind::Map) && point == std::string_view::npos) {
            value = &value->entries.front().value;
        } else if (point != std::string_view::npos) {
            const Entry* of = find_entry(*value, inside.substr(point + 1));
            value = of == nullptr ? nullptr : &of->value;
        }
        if (value != nullptr) used_.insert(at->name);
        return value;
    }

    void replace(Node& node) {
        if (node.text.find("${") == std::string::npos) return;
        const bool whole = node.text.starts_with("${") && node.text.find('}') == node.text.size() - 1;
        if (whole) {
            if (const Node* value = value_of(std::string_view(node.text).substr(2, node.text.size() - 3))) {
                node.text = value->text;
                node.quoted = value->quoted;
            }
            return;
        }
        node.text = replace_references(node.text, [this](std::string_view inside) {
            const Node* value = value_of(inside);
            return value != nullptr ? value->text : fmt::format("${{{}}}", inside);
        });
    }

    const std::vector<Variable>& variables_;
    const Combination& combination_;
    std::set<std::string> used_;
};

/// What a matrix that cannot be read would have put in is not known to be wrong.
void close_references(Report& report, const Node& node) {
    if (node.is(Node::Kind::Scalar) && node.text.find("${") != std::string::npos) report.close(node);
    for (const Node& item : node.items)
        close_references(report, item);
    for (const auto& [key, value] : node.entries)
        close_references(report, value);
}

const Node* value_of(const Node& map, std::string_view key) {
    const Entry* entry = find_entry(map, key);
    return entry == nullptr ? nullptr : &entry->value;
}

Combination first_of(const std::vector<Variable>& variables) {
    Combination first;
    for (const Variable& variable : variables)
        first.push_back(variable.values.front());
    return first;
}

std::vector<Combination> combinations_of(const std::vector<Variable>& variables) {
    std::vector<Combination> all{{}};
    for (const Variable& variable : variables) {
        std::vector<Combination> more;
        for (const Combination& start : all) {
            for (const Node* value : variable.values) {
                more.push_back(start);
                more.back().push_back(value);
            }
        }
        all = std::move(more);
    }
    return all;
}

/// What `like` adds to groups.
class Likes {
  public:
    Likes(Report& report, const Node& agents) : report_(report), groups_(agents.entries) {
        for (std::size_t i = 0; i < groups_.size(); ++i)
            places_.emplace(groups_[i].key.text, i);
        whole_.resize(groups_.size());
    }

    /// The value of that group, with what the groups give it that it is like.
    const Node& whole(std::size_t group) {
        // From the group to one that is known or like no other, and back.
        std::vector<std::size_t> chain;
        for (std::optional<std::size_t> at = group; at && !whole_[*at]; at = other(*at, chain))
            chain.push_back(*at);
        for (; !chain.empty(); chain.pop_back())
            complete(chain.back());
        return *whole_[group];
    }

  private:
    /// The group that this one is like, if it can be: one that is there, and not on the way to it.
    std::optional<std::size_t> other(std::size_t group, const std::vector<std::size_t>& chain) {
        const Node* like = value_of(groups_[group].value, "like");
        if (like == nullptr) return std::nullopt;
        const auto place = places_.find(like->text);
        if (!like->is(Node::Kind::Scalar)) {
            report_.expected(*like, "like", "the name of a group");
            return std::nullopt;
        }
        if (place == places_.end()) {
            std::vector<std::string_view> known;
            for (const Entry& one : groups_)
                if (&one != &groups_[group]) known.push_back(one.key.text);
            report_.add(*like, fmt::format("`like`: no group is called {}{}", found(*like),
                                           suggestion(like->text, known, "groups")));
            return std::nullopt;
        }
        const auto first = std::ranges::find(chain, place->second);
        if (first != chain.end()) {
            std::string circle;
            for (auto at = first; at != chain.end(); ++at)
                circle += shown(groups_[*at].key.text) + ", ";
            report_.add(*like, fmt::format("`like` goes in a circle: {}{}; one of them must say what it is",
                                           circle, shown(place->first)));
            return std::nullopt;
        }
        likes_[group] = place->second;
        return place->second;
    }

    void complete(std::size_t group) {
        const Node& own = groups_[group].value;
        const auto like = likes_.find(group);
        if (like == likes_.end()) {
            whole_[group] = own;
            return;
        }
        Node all = own;
        all.kind = Node::Kind::Map;
        std::erase_if(all.entries, [](const Entry& entry) { return entry.key.text == "like"; });
        for (const Entry& inherited : whole_[like->second]->entries) {
            if (inherited.key.text == "like" || value_of(own, inherited.key.text) != nullptr) continue;
            size_ += size_of(inherited.key) + size_of(inherited.value);
            if (size_ <= max_nodes) all.entries.push_back(inherited);
        }
        if (size_ > max_nodes) {
            report_.add(*value_of(own, "like"),
                        fmt::format("more than {} values that `like` repeats", max_nodes));
        }
        whole_[group] = std::move(all);
    }

    Report& report_;
    const std::vector<Entry>& groups_;
    std::map<std::string_view, std::size_t> places_;
    std::map<std::size_t, std::size_t> likes_;
    std::vector<std::optional<Node>> whole_;
    std::size_t size_ = 0;
};

}  // namespace

void take_out(Report& report, std::string_view key, Node& map) {
    const auto named = [&](const Entry& entry) { return entry.key.text == key; };
    const auto first = std::ranges::find_if(map.entries, named);
    if (first == map.entries.end()) return;
    const int line = first->key.line;
    const auto rest = map.entries.erase(first);
    const auto second = std::find_if(rest, map.entries.end(), named);
    if (second != map.entries.end())
        report.add(second->key, fmt::format("key `{}` is given twice; first in line {}", key, line));
}

std::string case_label(const Values& values) {
    constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    std::string label;
    for (const auto& [name, value] : values) {
        std::string shown_value = value.substr(0, 40);
        std::ranges::replace_if(
            shown_value, [&](char c) { return plain.find(c) == std::string_view::npos; }, '_');
        label += fmt::format("{}{}={}", label.empty() ? "" : ",", name, shown_value);
    }
    return label.empty() ? "" : "[" + label + "]";
}

void expand_matrix(Report& report, const Node& root,
                   const std::function<void(const Node& root, const Values& values)>& each) {
    const Node* matrix = value_of(root, "matrix");
    const Node* exclude = value_of(root, "exclude");
    if (matrix == nullptr) {
        if (exclude != nullptr) report.add(*exclude, "`exclude` needs a `matrix`");
        each(root, {});
        return;
    }
    const std::size_t problems = report.count();
    const std::vector<Variable> variables = read_matrix(report, *matrix);
    if (report.count() == problems && exclude != nullptr) check_exclude(report, *exclude, variables);
    Node rest = root;
    take_out(report, "matrix", rest);
    take_out(report, "exclude", rest);
    std::size_t count = 1;
    for (const Variable& variable : variables)
        count = std::min(count * variable.values.size(), max_cases);
    if (count * size_of(rest) > max_case_nodes) {
        report.add(*matrix, fmt::format("the {} cases of the matrix have more than {} values together", count,
                                        max_case_nodes));
    }
    // Where it is wrong, the rest of the file is looked at with the first values.
    const bool readable = report.count() == problems;
    const auto combinations =
        readable ? combinations_of(variables) : std::vector<Combination>{first_of(variables)};

    std::set<std::string> used;
    bool is_empty = true;
    for (const Combination& combination : combinations) {
        const bool excluded =
            readable && exclude != nullptr && std::ranges::any_of(exclude->items, [&](const Node& entry) {
                return excludes(entry, variables, combination);
            });
        if (excluded) continue;
        Node one = rest;
        Substitution substitution(variables, combination);
        substitution.apply(one);
        used.insert(substitution.used().begin(), substitution.used().end());
        if (!readable) close_references(report, one);
        Values values;
        for (std::size_t i = 0; i < variables.size(); ++i)
            values[variables[i].name] = text_of(*combination[i]);
        is_empty = false;
        each(one, values);
    }
    if (is_empty) report.add(*exclude, "`exclude` leaves no case of the matrix");
    for (const Variable& variable : variables) {
        if (readable && !is_empty && variable.values.size() > 1 && !used.contains(variable.name)) {
            report.add(*variable.key,
                       fmt::format("nothing reads `${{{}}}`: all its cases are the same", variable.name));
        }
    }
}

Node expand_likes(Report& report, const Node& agents) {
    Node all = agents;
    Likes likes(report, agents);
    for (std::size_t i = 0; i < agents.entries.size(); ++i)
        all.entries[i].value = likes.whole(i);
    return all;
}

}  // namespace pushsim::scenario
