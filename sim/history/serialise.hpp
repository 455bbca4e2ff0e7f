#pragma once
// Events to lines and back.

#include <string>
#include <string_view>

#include "agent/base/result.hpp"
#include "sim/history/event.hpp"

namespace pushsim::history {

class KeptValues;
struct Entry;

/// "exchange", "verdict", …
std::string_view kind_of(const Event& event);

/// The line without its number and time, which stand in front: `"kind":…,"scenario":…,…}`.
std::string line_tail(const Where& where, const Event& event);

/// As parse_entry(); the line shares with `kept` what others have said.
Result<Entry> parse_entry(std::string_view line, KeptValues* kept);

}  // namespace pushsim::history
