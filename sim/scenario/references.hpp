#pragma once
// `${late[3].token}`: what a raw request takes from agents and from earlier steps.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/form.hpp"

namespace pushsim::scenario {

/// The value of a header of a raw request that keeps off one which would be sent by itself.
inline constexpr const char* no_header = "absent";

struct Reference {
    std::string name;      ///< a group, or the name (`as`) of a step
    int number = 0;        ///< of the agent in its group, from 0
    std::string property;  ///< a word of reference_properties()
    std::string as_written;

    bool operator==(const Reference&) const = default;
};

/// id, token, index, session_id, auth_tag.
std::span<const Name> reference_properties();

/// What stands between `${` and `}`; nothing where it is no reference.
std::optional<Reference> parse_reference(std::string_view inner);

/// All `${…}` of a text, in order; those that are no references have no name.
std::vector<Reference> references_of(std::string_view text);

/// The text with each `${…}` replaced by what `value` says of its inside.
std::string replace_references(std::string_view text,
                               const std::function<std::string(std::string_view)>& value);

}  // namespace pushsim::scenario
