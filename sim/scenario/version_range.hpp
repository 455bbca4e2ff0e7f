#pragma once
// `keylime: ">=7.14"`

#include <optional>
#include <string_view>
#include <vector>

namespace pushsim::scenario {

struct VersionRange {
    enum class Comparison { Less, AtMost, More, AtLeast, Equal };
    Comparison comparison = Comparison::AtLeast;
    std::vector<int> version;  ///< one to three numbers

    /// "7.14" and "7.14.3" are equal where the range has but the first two numbers. Nothing where `version`
    /// begins with no number.
    std::optional<bool> holds(std::string_view version) const;
};

/// <, <=, >, >= or ==, then one to three numbers; nothing where it is none.
std::optional<VersionRange> parse_version_range(std::string_view text);

}  // namespace pushsim::scenario
