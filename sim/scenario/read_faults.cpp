#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/scenario/reading.hpp"

namespace pushsim::scenario {
namespace {

/// Where faults can stand: in a step, or (with step = nullptr) at the top of a file.
struct Place {
    const StepName* step;
    const std::vector<Group>& groups;

    std::span<const Key> siblings() const {
        return step != nullptr ? fault_sibling_keys() : run_fault_sibling_keys();
    }
    std::span<const StepKind> phases() const {
        return step != nullptr ? phases_of(*step->kind) : all_phases();
    }
};

std::string words_of(std::span<const StepKind> kinds) {
    std::vector<std::string> words;
    for (const StepKind kind : kinds)
        words.push_back(to_string(kind));
    return fmt::format("{}", fmt::join(words, ", "));
}

/// "`negotiate`, `attest`"
std::string steps_with(std::span<const StepKind> phases) {
    std::vector<std::string> names;
    for (const StepName& step : steps()) {
        if (!step.kind) continue;
        const auto of_step = phases_of(*step.kind);
        const bool has_one = std::ranges::any_of(
            of_step, [&](StepKind phase) { return std::ranges::find(phases, phase) != phases.end(); });
        if (has_one) names.push_back(fmt::format("`{}`", step.name));
    }
    return fmt::format("{}", fmt::join(names, ", "));
}

/// A phase that the step has, and the fault can be about.
std::optional<StepKind> read_phase(Report& report, const MapReader& map, std::string_view key,
                                   const Place& place, std::span<const StepKind> of_fault = {}) {
    const Node* node = map.get(key);
    const auto word = map.word(key);
    if (node == nullptr || !word) return std::nullopt;
    for (const StepKind phase : place.phases()) {
        if (*word != to_string(phase)) continue;
        if (of_fault.empty() || std::ranges::find(of_fault, phase) != of_fault.end()) return phase;
    }
    std::vector<StepKind> fitting;
    std::ranges::copy_if(place.phases(), std::back_inserter(fitting), [&](StepKind phase) {
        return of_fault.empty() || std::ranges::find(of_fault, phase) != of_fault.end();
    });
    report.add(*node,
               fmt::format("`{}`: expected a phase of {} ({}); found {}", key,
                           place.step != nullptr ? fmt::format("step `{}`", place.step->name) : "the fault",
                           words_of(fitting), found(*node)));
    return std::nullopt;
}

/// Each of the phases that such a fault can be in has one request.
bool of_one_request(const FaultName& definition, const Place& place) {
    return std::ranges::none_of(definition.phases, [&](StepKind phase) {
        return (phase == StepKind::Register || phase == StepKind::Authenticate) &&
               std::ranges::find(place.phases(), phase) != place.phases().end();
    });
}

/// An answer is looked at after phases that send alone.
bool answers(StepKind phase) {
    return phase != StepKind::Collect;
}

constexpr long long kLargestItem = 64LL * 1024 * 1024;

void read_keys(Report& report, const Node& name, const MapReader& map, const Place& place, Fault& fault) {
    const FaultName& definition = name_of(fault.kind);
    const auto take_amount = [&](std::string_view key) {
        const Amount amount = map.amount(key).value_or(Amount{});
        fault.duration = amount.fixed;
        fault.varies = amount.varies;
    };
    switch (fault.kind) {
        case FaultKind::HoldEvidence:
            fault.until = map.instant("until").value_or(InstantOffset{});
            return;
        case FaultKind::Delay:
            fault.phase = read_phase(report, map, "before", place).value_or(StepKind::Negotiate);
            take_amount("for");
            return;
        case FaultKind::Stall:
            fault.phase = read_phase(report, map, "after", place).value_or(StepKind::Negotiate);
            if (!answers(fault.phase)) {
                report.add(*map.get("after"),
                           "`after`: phase `collect` has no answer that could be left "
                           "unread; name one that sends, like negotiate");
            }
            take_amount("for");
            return;
        case FaultKind::Early:
        case FaultKind::ClockSkew:
            take_amount("by");
            return;
        case FaultKind::Herd:
            fault.phase = read_phase(report, map, "before", place).value_or(StepKind::Negotiate);
            return;
        case FaultKind::Swizzle:
            fault.share = map.share("share").value_or(0);
            fault.duration = map.duration("every").value_or(Duration::zero());
            return;
        case FaultKind::ConcurrentSubmit:
            fault.count = map.integer("connections").value_or(2);
            return;
        case FaultKind::ConcurrentNegotiate:
            fault.count = map.integer("count").value_or(2);
            return;
        case FaultKind::Body:
            fault.change = read_body_change(report, name, map, of_one_request(definition, place));
            return;
        case FaultKind::Header:
            fault.change = read_header_change(report, name, map, of_one_request(definition, place));
            return;
        case FaultKind::PcrValue:
        case FaultKind::ExtraPcr:
            fault.pcr = map.integer("pcr").value_or(0);
            return;
        case FaultKind::NotBase64:
            fault.member = map.word("of").value_or("");
            return;
        case FaultKind::OtherChoice:
            fault.member = map.word("of").value_or("");
            fault.text = map.word("is").value_or("");
            return;
        case FaultKind::MeasureBetween:
            fault.first = map.word("first").value_or("");
            return;
        case FaultKind::HugeItem:
            if (const Node* node = map.get("size")) {
                fault.size = read_size(report, *node, "size").value_or(0);
                if (fault.size > kLargestItem) report.expected(*node, "size", "at most 64MiB");
            }
            return;
        case FaultKind::ContentType:
            fault.text = map.text("is").value_or("");
            if (!is_one_line(fault.text)) report.expected(*map.get("is"), "is", "a text of one line");
            return;
        case FaultKind::ForeignToken:
        case FaultKind::ForeignPop:
        case FaultKind::OtherAgentId:
            if (const Node* of = map.get("of")) {
                const auto names = read_agent_names(report, *of, place.groups);
                if (names.size() > 1) report.expected(*of, "of", "one group");
                if (!names.empty()) fault.of = names[0];
            }
            return;
        case FaultKind::Reregister:
            fault.other_tpm = map.word("tpm") == "other";
            return;
        default:  // without keys
            return;
    }
}

void read_siblings(Report& report, const Node& siblings, const Place& place, const FaultName& definition,
                   Fault& fault) {
    const MapReader map(report, siblings, fmt::format("fault `{}`", definition.name), place.siblings());
    if (const Node* agents = map.get("agents"))
        fault.agents = read_agent_names(report, *agents, place.groups);
    if (const Node* key = map.key("phase"); key != nullptr && !definition.takes_phase()) {
        report.add(*key, definition.phases.size() == 1
                             ? fmt::format("fault `{}` is about {} alone; leave `phase` out", definition.name,
                                           words_of(definition.phases))
                             : fmt::format("fault `{}` cannot be narrowed to a phase; leave `phase` out",
                                           definition.name));
    } else {
        fault.in_phase = read_phase(report, map, "phase", place, definition.phases);
    }
    fault.probability = map.share("probability").value_or(1);
    if (place.step != nullptr) return;
    fault.from = map.duration("from").value_or(Duration::zero());
    fault.to = map.duration("until");
    if (fault.to && *fault.to <= fault.from)
        report.expected(*map.get("until"), "until", fmt::format("later than {}", to_text(fault.from)));
}

/// The fault's own entry, and the rest of its map.
struct Parts {
    const Node* name = nullptr;
    Node value;
    Node siblings;
};

std::optional<Parts> parts_of(Report& report, const Node& item, const Place& place) {
    Parts parts;
    parts.siblings.kind = Node::Kind::Map;
    parts.siblings.line = parts.value.line = item.line;
    parts.siblings.column = parts.value.column = item.column;
    if (item.is(Node::Kind::Scalar)) {
        parts.name = &item;
        return parts;
    }
    if (!item.is(Node::Kind::Map) || item.entries.empty()) {
        report.expected(item, "faults", "a list of faults, like [ delay: { before: submit, for: 2s } ]");
        return std::nullopt;
    }
    for (const Entry& entry : item.entries) {
        const auto sibling = std::ranges::find(place.siblings(), entry.key.text, &Key::name);
        if (sibling != place.siblings().end()) {
            parts.siblings.entries.push_back(entry);
        } else if (parts.name == nullptr) {
            parts.name = &entry.key;
            parts.value = entry.value;
        } else {
            std::vector<Name> known = names_of(place.siblings());
            const bool is_fault = find_fault(entry.key.text) != nullptr;
            report.add(entry.key,
                       is_fault ? fmt::format("one fault an item; found `{}` and `{}`", parts.name->text,
                                              entry.key.text)
                                : fmt::format("unknown key `{}` beside fault `{}`{}", shown(entry.key.text),
                                              shown(parts.name->text), suggestion(entry.key.text, known)));
        }
    }
    if (parts.name == nullptr) {
        const std::string beside = parts.siblings.entries.front().key.text;
        report.add(item, fmt::format("`{}` without its fault; both stand in one map: "
                                     "[ {{ delay: {{ before: submit, for: 2s }}, {}: … }} ]",
                                     beside, beside));
        return std::nullopt;
    }
    return parts;
}

std::optional<Fault> read_fault(Report& report, const Node& item, const Place& place) {
    const auto parts = parts_of(report, item, place);
    if (!parts) return std::nullopt;
    const Node& name = *parts->name;
    const FaultName* definition = find_fault(name.text);
    if (definition == nullptr) {
        const std::string near = nearest_name(name.text, names_of(faults()));
        report.add(name, fmt::format("unknown fault `{}`{}", shown(name.text),
                                     near.empty() ? "; `pushsim list faults` shows all" : near));
        return std::nullopt;
    }
    if (definition->availability == Availability::Later) {
        report.add(name, not_yet("fault", definition->name));
        return std::nullopt;
    }
    if (place.step != nullptr && !concerns(*definition->kind, *place.step->kind)) {
        report.add(name, fmt::format("fault `{}` is about {}, which step `{}` does not have; it goes with {}",
                                     definition->name, words_of(definition->phases), place.step->name,
                                     steps_with(definition->phases)));
        return std::nullopt;
    }
    Fault fault;
    fault.kind = *definition->kind;
    fault.position = report.at(name);
    const std::string text = fmt::format("fault `{}`", definition->name);
    const bool needs_keys =
        std::ranges::any_of(definition->keys, [](const Key& key) { return key.required; });
    if (parts->value.is(Node::Kind::Null) && (needs_keys || definition->keys.empty())) {
        for (const Key& key : definition->keys) {
            if (key.required) report.add(name, missing(text, key));
        }
    } else if (definition->keys.empty() &&
               !(parts->value.is(Node::Kind::Map) && parts->value.entries.empty())) {
        const auto beside = [&](const Entry& entry) {
            return std::ranges::find(place.siblings(), entry.key.text, &Key::name) != place.siblings().end();
        };
        const auto misplaced = std::ranges::find_if(parts->value.entries, beside);
        report.add(name, misplaced == parts->value.entries.end()
                             ? fmt::format("{} has no keys; write it by its name alone", text)
                             : fmt::format("{} has no keys; `{}` stands beside it: {{ {}: , {}: … }}", text,
                                           misplaced->key.text, definition->name, misplaced->key.text));
    } else if (!definition->keys.empty()) {
        Node keys = parts->value;
        if (keys.is(Node::Kind::Null)) keys.kind = Node::Kind::Map;
        const MapReader map(report, keys, text, definition->keys);
        read_keys(report, name, map, place, fault);
    }
    read_siblings(report, parts->siblings, place, *definition, fault);
    return fault;
}

std::vector<Fault> read_all(Report& report, const Node& node, const Place& place) {
    std::vector<Fault> read;
    if (!node.is(Node::Kind::List) || node.items.empty()) {
        report.expected(node, "faults", "a list of faults, like [ delay: { before: submit, for: 2s } ]");
        return read;
    }
    for (const Node& item : node.items) {
        if (auto fault = read_fault(report, item, place)) read.push_back(std::move(*fault));
    }
    return read;
}

}  // namespace

std::vector<Fault> read_faults(Report& report, const Node& node, const StepName& step,
                               const std::vector<Group>& groups) {
    return read_all(report, node, {&step, groups});
}

std::vector<Fault> read_run_faults(Report& report, const Node& node, const std::vector<Group>& groups) {
    return read_all(report, node, {nullptr, groups});
}

}  // namespace pushsim::scenario
