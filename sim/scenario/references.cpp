#include "sim/scenario/references.hpp"

#include <array>

#include "sim/scenario/values.hpp"

namespace pushsim::scenario {
namespace {

constexpr std::array<Name, 5> property_table{{
    {"id", "the agent's id"},
    {"token", "the token that a session gave it last"},
    {"index", "of its last attestation"},
    {"session_id", "of its last session"},
    {"auth_tag", "its answer to the registrar's last challenge, after an `activate`"},
}};

/// Calls `each(before, inside)` for each `${…}`, gives what follows the last.
template <typename Each>
std::string_view walk(std::string_view text, Each each) {
    for (std::size_t open = text.find("${"); open != std::string_view::npos; open = text.find("${")) {
        const std::size_t close = text.find('}', open);
        if (close == std::string_view::npos) break;
        each(text.substr(0, open), text.substr(open + 2, close - open - 2));
        text.remove_prefix(close + 1);
    }
    return text;
}

}  // namespace

std::span<const Name> reference_properties() {
    return property_table;
}

std::optional<Reference> parse_reference(std::string_view inner) {
    Reference reference;
    reference.as_written = inner;
    const std::size_t point = inner.rfind('.');
    if (point == std::string_view::npos) return std::nullopt;
    reference.property = inner.substr(point + 1);
    std::string_view name = inner.substr(0, point);
    if (name.ends_with(']')) {
        const std::size_t open = name.find('[');
        if (open == std::string_view::npos) return std::nullopt;
        const auto number = parse_integer(name.substr(open + 1, name.size() - open - 2));
        if (!number || *number < 0 || *number > 1'000'000) return std::nullopt;
        reference.number = static_cast<int>(*number);
        name = name.substr(0, open);
    }
    if (!is_plain_name(name)) return std::nullopt;
    reference.name = name;
    return reference;
}

std::vector<Reference> references_of(std::string_view text) {
    std::vector<Reference> all;
    walk(text, [&](std::string_view /*before*/, std::string_view inside) {
        auto reference = parse_reference(inside);
        if (!reference) reference = Reference{.as_written = std::string(inside)};
        all.push_back(std::move(*reference));
    });
    return all;
}

std::string replace_references(std::string_view text,
                               const std::function<std::string(std::string_view)>& value) {
    std::string replaced;
    const std::string_view rest = walk(text, [&](std::string_view before, std::string_view inside) {
        replaced += before;
        replaced += value(inside);
    });
    return replaced += rest;
}

}  // namespace pushsim::scenario
