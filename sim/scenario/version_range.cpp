#include "sim/scenario/version_range.hpp"

#include <algorithm>
#include <array>

#include "sim/scenario/values.hpp"

namespace pushsim::scenario {
namespace {

constexpr std::size_t most_numbers = 3;

/// The numbers at the beginning: of "7.14.3-7-g9b1f6e6a" 7, 14, 3.
std::vector<int> numbers_of(std::string_view text) {
    std::vector<int> numbers;
    while (!text.empty() && numbers.size() < most_numbers) {
        const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
        const auto number = end > 6 ? std::nullopt : parse_integer(text.substr(0, end));
        if (!number) break;
        numbers.push_back(static_cast<int>(*number));
        if (end == text.size() || text[end] != '.') break;
        text.remove_prefix(end + 1);
    }
    return numbers;
}

}  // namespace

std::optional<bool> VersionRange::holds(std::string_view text) const {
    std::vector<int> found = numbers_of(text);
    if (found.empty()) return std::nullopt;
    found.resize(version.size());
    switch (comparison) {
        case Comparison::Less:
            return found < version;
        case Comparison::AtMost:
            return found <= version;
        case Comparison::More:
            return found > version;
        case Comparison::AtLeast:
            return found >= version;
        case Comparison::Equal:
            return found == version;
    }
    return std::nullopt;
}

std::optional<VersionRange> parse_version_range(std::string_view text) {
    using Comparison = VersionRange::Comparison;
    constexpr std::array<std::pair<std::string_view, Comparison>, 5> signs{{{"<=", Comparison::AtMost},
                                                                            {">=", Comparison::AtLeast},
                                                                            {"==", Comparison::Equal},
                                                                            {"<", Comparison::Less},
                                                                            {">", Comparison::More}}};
    for (const auto& [sign, comparison] : signs) {
        if (!text.starts_with(sign)) continue;
        text.remove_prefix(sign.size());
        if (text.starts_with(' ')) text.remove_prefix(1);
        VersionRange range{comparison, numbers_of(text)};
        const bool whole =
            !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos &&
            text.back() != '.' &&
            static_cast<std::size_t>(std::ranges::count(text, '.')) + 1 == range.version.size();
        return whole ? std::optional(range) : std::nullopt;
    }
    return std::nullopt;
}

}  // namespace pushsim::scenario
