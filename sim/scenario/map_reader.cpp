#include <algorithm>
#include <array>
#include <map>
#include <stdexcept>

#include <fmt/format.h>

#include "sim/scenario/values.hpp"

namespace pushsim::scenario {
namespace {

/// YAML 1.1 reads these as true or false, whatever their letter case.
bool is_truth_value(std::string_view word) {
    constexpr std::array<std::string_view, 8> words{"y", "n", "yes", "no", "on", "off", "true", "false"};
    std::string lower(word);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return std::ranges::find(words, lower) != words.end();
}

/// Whether the node can be a key at all.
bool check_key(Report& report, const Node& key) {
    if (!key.is(Node::Kind::Scalar) || key.text.empty()) {
        report.add(key, fmt::format("a key must be a word; found {}", found(key)));
        return false;
    }
    if (!key.quoted && key.text == "<<") {
        report.add(key, "merge keys (`<<`) are not used; write the keys out");
        return false;
    }
    if (!key.quoted && is_truth_value(key.text)) {
        report.add(key, fmt::format("`{}` cannot be a key: YAML 1.1 reads it as true or false", key.text));
        return false;
    }
    return true;
}

bool looks_like_pcr(std::string_view text) {
    const std::size_t sign = text.starts_with('-') ? 1 : 0;
    return text.size() > sign && text.find_first_not_of("0123456789", sign) == std::string_view::npos;
}

/// Where else in the language a key of that name stands: indentation is the commonest slip.
std::string other_places(std::string_view key) {
    struct Place {
        std::string_view name;
        std::span<const Key> keys;
    };
    const std::array<Place, 9> places{{{"at the top of the file", scenario_keys()},
                                       {"in `stack`", stack_keys()},
                                       {"in a group of `agents`", group_keys()},
                                       {"in `boot`", boot_keys()},
                                       {"in `enrol`", enrol_keys()},
                                       {"in one of `cases`", case_keys()},
                                       {"in `expect`", expect_keys()},
                                       {"in `response`", response_keys()},
                                       {"beside the fault, in one map with it", run_fault_sibling_keys()}}};
    for (const Place& place : places) {
        if (std::ranges::find(place.keys, key, &Name::name) != place.keys.end()) {
            return fmt::format("; it stands {}", place.name);
        }
    }
    return "";
}

}  // namespace

Entries read_entries(Report& report, const Node& node, std::string_view place, std::string_view like) {
    Entries entries;
    if (!node.is(Node::Kind::Map)) {
        report.add(node, fmt::format("{}: expected a map{}{}; found {}", place, like.empty() ? "" : ", like ",
                                     like, found(node)));
        return entries;
    }
    std::map<std::string_view, int> first_lines;
    for (const auto& [key, value] : node.entries) {
        if (!check_key(report, key)) continue;
        const auto [first, is_new] = first_lines.emplace(key.text, key.line);
        if (is_new) {
            entries.emplace_back(&key, &value);
        } else {
            report.add(key, fmt::format("key `{}` is given twice; first in line {}", shown(key.text),
                                        first->second));
        }
    }
    return entries;
}

MapReader::MapReader(Report& report, const Node& node, std::string_view place, std::span<const Key> keys,
                     Pcrs pcrs)
    : report_(report), keys_(keys) {
    const std::size_t problems = report.count();
    const bool like_pcrs = keys.empty() && pcrs == Pcrs::Taken;
    const std::string like = node.is(Node::Kind::Map) ? ""
                             : like_pcrs              ? "{ 7: [\"text:secure-boot-on\"] }"
                                                      : example(keys);
    for (const auto& entry : read_entries(report, node, place, like)) {
        const Node& key = *entry.first;
        if (pcrs == Pcrs::Taken && looks_like_pcr(key.text)) {
            pcrs_.push_back(entry);
            continue;
        }
        const auto known = std::ranges::find(keys, key.text, &Key::name);
        if (known == keys.end()) {
            const std::vector<Name> names = names_of(keys);
            std::string hint = nearest_name(key.text, names);
            if (hint.empty() && pcrs == Pcrs::Taken) {
                const std::string others = available_keys(keys);
                hint = fmt::format("; expected {}PCR numbers from 0 to 23",
                                   others.empty() ? "" : others + " or ");
            }
            if (hint.empty()) hint = other_places(key.text);
            if (hint.empty()) hint = suggestion(key.text, names);
            report.add(key, fmt::format("unknown key `{}` in {}{}", shown(key.text), place, hint));
        } else if (known->availability == Availability::Later) {
            report.add(key, not_yet("key", key.text));
        } else {
            entries_.push_back(entry);
        }
    }
    // What is missing may be there under a wrong name, or the node is no map: that was said.
    if (report.count() != problems) return;
    for (const Key& key : keys) {
        if (key.required && get(key.name) == nullptr) report.add(node, missing(place, key));
    }
}

const Node* MapReader::get(std::string_view key) const {
    const auto entry = std::ranges::find_if(entries_, [&](const auto& e) { return e.first->text == key; });
    return entry == entries_.end() ? nullptr : entry->second;
}

const Node* MapReader::key(std::string_view key) const {
    const auto entry = std::ranges::find_if(entries_, [&](const auto& e) { return e.first->text == key; });
    return entry == entries_.end() ? nullptr : entry->first;
}

const Form& MapReader::form(std::string_view key) const {
    const auto known = std::ranges::find(keys_, key, &Key::name);
    if (known == keys_.end()) throw std::logic_error(fmt::format("the table has no key '{}'", key));
    return known->form;
}

const Node* MapReader::of_form(std::string_view key, Form::Kind kind) const {
    if (form(key).kind != kind) throw std::logic_error(fmt::format("key '{}' has another form", key));
    return get(key);
}

std::optional<std::string> MapReader::text(std::string_view key) const {
    const Node* node = of_form(key, Form::Kind::Text);
    return node == nullptr ? std::nullopt : read_text(report_, *node, key);
}

std::optional<bool> MapReader::boolean(std::string_view key) const {
    const Node* node = of_form(key, Form::Kind::Boolean);
    return node == nullptr ? std::nullopt : read_boolean(report_, *node, key);
}

std::optional<int> MapReader::integer(std::string_view key) const {
    const Node* node = of_form(key, Form::Kind::Integer);
    if (node == nullptr) return std::nullopt;
    const Form& bounds = form(key);
    return read_integer(report_, *node, key, static_cast<int>(bounds.least), static_cast<int>(bounds.most));
}

std::optional<Duration> MapReader::duration(std::string_view key) const {
    const Node* node = of_form(key, Form::Kind::Duration);
    if (form(key).may_vary) throw std::logic_error(fmt::format("key '{}' may vary", key));
    return node == nullptr ? std::nullopt : read_duration(report_, *node, key);
}

std::optional<Amount> MapReader::amount(std::string_view key) const {
    const Node* node = of_form(key, Form::Kind::Duration);
    if (!form(key).may_vary) throw std::logic_error(fmt::format("key '{}' may not vary", key));
    return node == nullptr ? std::nullopt : read_amount(report_, *node, key);
}

std::optional<double> MapReader::share(std::string_view key) const {
    const Node* node = of_form(key, Form::Kind::Share);
    return node == nullptr ? std::nullopt : read_share(report_, *node, key);
}

std::optional<Duration> MapReader::rate(std::string_view key) const {
    const Node* node = of_form(key, Form::Kind::Rate);
    return node == nullptr ? std::nullopt : read_rate(report_, *node, key);
}

std::optional<InstantOffset> MapReader::instant(std::string_view key) const {
    const Node* node = of_form(key, Form::Kind::Instant);
    return node == nullptr ? std::nullopt : read_instant(report_, *node, key);
}

std::optional<std::string> MapReader::word(std::string_view key) const {
    const Node* node = of_form(key, Form::Kind::Word);
    return node == nullptr ? std::nullopt : read_name(report_, *node, key, form(key).words());
}

std::vector<std::string> MapReader::words(std::string_view key) const {
    const Node* node = of_form(key, Form::Kind::OneOrList);
    if (node == nullptr) return {};
    return read_names(report_, *node, key, form(key).item->words());
}

}  // namespace pushsim::scenario
