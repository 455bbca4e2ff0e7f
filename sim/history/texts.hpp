#pragma once
// All text that stands in a line of a history.

#include <functional>
#include <string_view>

#include "sim/history/reader.hpp"

namespace pushsim::history {

/// `name` is that of the member, or of the header, that holds the text; empty for an element of a list.
using TakeText = std::function<void(std::string_view name, std::string_view text)>;

/// Gives every text of the line, at any depth; names of members are none.
void for_each_text(const Entry& line, const TakeText& take);
void for_each_text(const Head& head, const TakeText& take);

}  // namespace pushsim::history
