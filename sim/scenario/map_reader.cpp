#include <algorithm>
#include <array>
#include <map>

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
    if (is_truth_value(key.text)) {
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
        std::span<const Name> keys;
    };
    const std::array<Place, 7> places{{{"at the top of the file", scenario_keys()},
                                       {"in `stack`", stack_keys()},
                                       {"in a group of `agents`", group_keys()},
                                       {"in `boot`", boot_keys()},
                                       {"in `enrol`", enrol_keys()},
                                       {"in `expect`", expect_keys()},
                                       {"in `response`", response_keys()}}};
    for (const Place& place : places) {
        if (std::ranges::find(place.keys, key, &Name::name) != place.keys.end()) {
            return fmt::format("; it stands {}", place.name);
        }
    }
    return "";
}

}  // namespace

Entries read_entries(Report& report, const Node& node, std::string_view place) {
    Entries entries;
    if (!node.is(Node::Kind::Map)) {
        report.add(node, fmt::format("{}: expected a map; found {}", place, found(node)));
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

MapReader::MapReader(Report& report, const Node& node, std::string_view place, std::span<const Name> keys,
                     Pcrs pcrs) {
    for (const auto& entry : read_entries(report, node, place)) {
        const Node& key = *entry.first;
        if (pcrs == Pcrs::Taken && looks_like_pcr(key.text)) {
            pcrs_.push_back(entry);
            continue;
        }
        const auto known = std::ranges::find(keys, key.text, &Name::name);
        if (known == keys.end()) {
            std::string hint = nearest_name(key.text, keys);
            if (hint.empty() && pcrs == Pcrs::Taken) hint = "; expected PCR numbers from 0 to 23";
            if (hint.empty()) hint = other_places(key.text);
            if (hint.empty()) hint = suggestion(key.text, keys);
            report.add(key, fmt::format("unknown key `{}` in {}{}", shown(key.text), place, hint));
        } else if (known->availability == Availability::Later) {
            report.add(key, not_yet("key", key.text));
        } else {
            entries_.push_back(entry);
        }
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

}  // namespace pushsim::scenario
