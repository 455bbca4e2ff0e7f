#pragma once
// Events to lines and back.

#include <string>
#include <string_view>

#include "agent/base/result.hpp"
#include "sim/history/record.hpp"

namespace pushsim::history {

/// "exchange", "verdict", …; empty for Unknown.
const char* kind_of(const Event& event);

/// The line without its number and time, which stand in front: `"kind":…,"scenario":…,…}`.
std::string line_tail(const Where& where, const Event& event);

}  // namespace pushsim::history
