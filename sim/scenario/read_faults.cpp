#include <algorithm>

#include <fmt/format.h>

#include "sim/scenario/reading.hpp"

namespace pushsim::scenario {
namespace {

using About = FaultName::About;

constexpr std::string_view expiry = "challenges_expire_at";

const FaultName* find_fault(std::string_view word) {
    const auto at =
        std::ranges::find_if(faults(), [&](const FaultName& fault) { return fault.name == word; });
    return at == faults().end() ? nullptr : &*at;
}

/// "challenges_expire_at", "challenges_expire_at + 50ms", "challenges_expire_at - 500ms".
std::optional<Duration> read_until(Report& report, const Node& node) {
    const auto bad = [&] {
        report.expected(node, "until",
                        "challenges_expire_at, + or - a duration, like challenges_expire_at - 500ms");
        return std::nullopt;
    };
    std::string_view rest = node.text;
    if (!node.is(Node::Kind::Scalar) || !rest.starts_with(expiry)) return bad();
    rest.remove_prefix(expiry.size());
    if (rest.empty()) return Duration::zero();
    const bool later = rest.starts_with(" + ");
    if (!later && !rest.starts_with(" - ")) return bad();
    const auto distance = parse_duration(rest.substr(3));
    if (!distance) return bad();
    return later ? *distance : -*distance;
}

/// The phases of the step that a fault can be about.
std::vector<StepKind> phases_of(StepKind step) {
    if (step == StepKind::Attest) return {StepKind::Negotiate, StepKind::Collect, StepKind::Submit};
    return {step};
}

bool sends(const StepName& step, About what) {
    switch (what) {
        case About::AnyStep:
            return true;
        case About::Evidence:
            return step.submits;
        case About::Token:
            return step.submits || step.kind == StepKind::Negotiate;
    }
    return false;
}

std::optional<StepKind> read_phase(Report& report, const Node& node, const StepName& step,
                                   std::string_view key, bool answers) {
    std::vector<StepKind> phases = phases_of(*step.kind);
    if (answers) std::erase(phases, StepKind::Collect);
    std::vector<std::string_view> words;
    for (const StepKind phase : phases) {
        if (node.is(Node::Kind::Scalar) && node.text == to_string(phase)) return phase;
        words.emplace_back(to_string(phase));
    }
    report.add(node, fmt::format("`{}`: expected a phase of step `{}` ({}); found {}", key, step.name,
                                 fmt::join(words, ", "), found(node)));
    return std::nullopt;
}

std::optional<Fault> read_fault(Report& report, const Node& item, const StepName& step) {
    const bool with_keys = item.is(Node::Kind::Map) && item.entries.size() == 1;
    const Node& name = with_keys ? item.entries[0].key : item;
    if (!name.is(Node::Kind::Scalar)) {
        report.expected(item, "faults", "a list of faults, like [ delay: { before: submit, for: 2s } ]");
        return std::nullopt;
    }
    const FaultName* definition = find_fault(name.text);
    if (definition == nullptr) {
        const std::vector<Name> names{faults().begin(), faults().end()};
        report.add(name, fmt::format("unknown fault `{}`{}", shown(name.text), suggestion(name.text, names)));
        return std::nullopt;
    }
    if (definition->availability == Availability::Later) {
        report.add(name, not_yet("fault", definition->name));
        return std::nullopt;
    }
    if (!sends(step, definition->needs)) {
        report.add(name,
                   fmt::format("fault `{}` is about {}, and step `{}` sends none", definition->name,
                               definition->needs == About::Evidence ? "evidence" : "a token", step.name));
        return std::nullopt;
    }
    const std::string place = fmt::format("fault `{}`", definition->name);
    Fault fault;
    fault.kind = *definition->kind;
    fault.position = report.at(name);
    if (definition->keys.empty()) {
        if (with_keys) report.add(name, fmt::format("{} has no keys; write it by its name alone", place));
        return fault;
    }
    if (!with_keys) {
        report.add(name, fmt::format("{} needs `{}:`, {}", place, definition->keys[0].name,
                                     definition->keys[0].about));
        return std::nullopt;
    }
    const MapReader map(report, item.entries[0].value, place, definition->keys);
    for (const Name& key : definition->keys) {
        const Node* value = map.get(key.name);
        if (value == nullptr) {
            report.add(name, fmt::format("{} needs `{}:`, {}", place, key.name, key.about));
        } else if (key.name == "until") {
            fault.until.offset = read_until(report, *value).value_or(Duration::zero());
        } else if (key.name == "before" || key.name == "after") {
            fault.phase =
                read_phase(report, *value, step, key.name, key.name == "after").value_or(StepKind::Negotiate);
        } else {
            fault.duration = read_duration(report, *value, key.name).value_or(Duration::zero());
        }
    }
    return fault;
}

}  // namespace

std::vector<Fault> read_faults(Report& report, const Node& node, const StepName& step) {
    std::vector<Fault> read;
    if (!node.is(Node::Kind::List) || node.items.empty()) {
        report.expected(node, "faults", "a list of faults, like [ delay: { before: submit, for: 2s } ]");
        return read;
    }
    for (const Node& item : node.items) {
        if (auto fault = read_fault(report, item, step)) read.push_back(std::move(*fault));
    }
    return read;
}

}  // namespace pushsim::scenario
