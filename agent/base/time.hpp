#pragma once
// Time is a value: code gets a Clock as an argument. The system's clocks are read in sim/core alone.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "agent/base/result.hpp"

namespace pushsim {

/// Monotonic time. Its zero means nothing; differences do.
using Instant = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;
using Duration = std::chrono::nanoseconds;
/// Civil time (UTC) in microseconds, the precision of the verifier's timestamps.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

class Clock {
  public:
    virtual ~Clock() = default;
    virtual Instant now() const = 0;
    virtual WallTime wall_now() const = 0;
};

/// RFC 3339 in UTC with six fractional digits: 2026-11-23T15:00:34.944070Z.
std::string to_rfc3339(WallTime time);

/// RFC 3339 with any offset and up to nine fractional digits (those behind the sixth are cut);
/// ErrorKind::Parse otherwise. A leap second (:60) is read as the second after.
Result<WallTime> from_rfc3339(std::string_view text);

/// IMF-fixdate (RFC 9110, 5.6.7), "Sun, 06 Nov 1994 08:49:37 GMT", as servers write `Date` and `Retry-After`;
/// nothing otherwise. The name of the day is not compared.
std::optional<WallTime> from_http_date(std::string_view text);

/// "2s", "250ms", "1m30s": whole units, largest first; "0s" for zero. Parts below a microsecond are rounded.
std::string to_text(Duration duration);

}  // namespace pushsim
