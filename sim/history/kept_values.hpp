#pragma once
// What the lines of a history say again and again, so that a reader keeps it once.

#include <functional>
#include <string_view>
#include <vector>

#include "sim/history/record.hpp"
#include "sim/history/shared.hpp"

namespace pushsim::history {

/// Bounded: what is newer takes the place of what is older. Not thread-safe.
class KeptValues {
  public:
    Text text(std::string_view text) {
        constexpr std::size_t longest = 128;  // what is longer is hardly ever the same
        if (text.empty() || text.size() > longest) return text;
        Text& kept = texts_[std::hash<std::string_view>{}(text) % texts_.size()];
        if (kept != text) kept = text;
        return kept;
    }
    /// Of texts that are kept themselves.
    Shared<Where> where(Where where) {
        const std::size_t hash = std::hash<std::string_view>{}(where.agent) * 31 +
                                 std::hash<std::string_view>{}(where.scenario) * 7 +
                                 static_cast<std::size_t>(where.step.value_or(-1));
        Shared<Where>& kept = wheres_[hash % wheres_.size()];
        if (!(*kept == where)) kept = std::move(where);
        return kept;
    }

  private:
    static constexpr std::size_t slots = std::size_t{1} << 18U;
    std::vector<Text> texts_ = std::vector<Text>(slots);
    std::vector<Shared<Where>> wheres_ = std::vector<Shared<Where>>(slots);
};

}  // namespace pushsim::history
