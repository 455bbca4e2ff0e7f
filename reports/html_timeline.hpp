#pragma once
// What happened in a case, line by line, for the HTML report.

#include <cstddef>
#include <cstdint>
#include <set>

#include <nlohmann/json_fwd.hpp>

#include "reports/view.hpp"

namespace pushsim::reports {

/// Octets that a page still has for its timelines. What is left out for want of room is counted in the
/// timeline.
struct Room {
    std::size_t rows = 0;
    std::size_t messages = 0;
};

/// Of the JSON as it stands in a page.
std::size_t octets_in_page(const nlohmann::ordered_json& json);

struct TimelineLimits {
    std::size_t rows = 400;           ///< the first and the last of a longer one, and those that are cited
    std::size_t messages = 300'000;   ///< octets, those of cited lines first
    std::size_t body = 16'000;        ///< octets of one body
    std::size_t body_string = 1'000;  ///< characters of a string within a body
};

/// {"rows": [row], "left_out": {"rows": 3, "messages": 2}}, by the time they began; times are microseconds.
///   exchange: {"k": "exchange", "n", "t", "agent", "peer", "phase", "method", "target", "status", "code",
///              "failure", "took", "attempt", "id" (X-Request-ID), "message": {"request": message, "answer":
///              message}}
///   mark:     {"k": "step|tpm|machine|fault|note|cycle|verdict|status|stack|tenant", "n", "t", "agent",
///              "text", "tone": "good|bad", "more": [text]}
///   gap:      {"k": "gap", "count", "n", "last"}: lines that are left out
///   message:  {"size", "sha256", "kept", "headers": [[name, value]], "body", "left_out"}
/// A row of an exchange without "message" had one that is left out. `cited`: lines that something rests on.
nlohmann::ordered_json timeline_json(const Lines& lines, const std::set<std::uint64_t>& cited,
                                     bool with_messages, const TimelineLimits& limits, Room& room);

/// The text without the middle of each JSON string that is longer; works on any text. Says in the place what
/// is left out.
std::string with_short_strings(std::string_view json, std::size_t most);

}  // namespace pushsim::reports
