#pragma once
// JSON that others wrote, read with care. Heavy header: for .cpp files alone.

#include <optional>
#include <string_view>

#include <nlohmann/json.hpp>

#include "agent/base/json_depth.hpp"

namespace pushsim::history {

/// Containers within containers, at most; walks over parsed JSON recurse that far.
inline constexpr std::size_t max_json_depth = 100;

/// Nothing if the text is no JSON or nested too deeply.
inline std::optional<nlohmann::ordered_json> parse_json(std::string_view text) {
    if (json_deeper_than(text, max_json_depth)) return std::nullopt;
    auto json = nlohmann::ordered_json::parse(text, nullptr, false);
    if (json.is_discarded()) return std::nullopt;
    return json;
}

/// The text of a JSON value; octets that are no UTF-8 become replacement characters.
inline std::string dump_json(const nlohmann::ordered_json& json) {
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace pushsim::history
