#pragma once
// Answers that say no. Servers use three shapes of body, and none at all for most 400, 404, 405, 415 and 500.

#include <optional>
#include <string>
#include <vector>

#include "agent/base/http.hpp"
#include "agent/base/time.hpp"

namespace pushsim::protocol {

/// One complaint of a server, in its own words and octets; absent members were not sent.
struct ServerError {
    std::optional<int> status;           ///< as the body repeats it
    std::optional<std::string> code;     ///< JSON:API error code, "premature_attestation"; cut at 100 octets
    std::optional<std::string> title;    ///< "Unauthorized"; the `status` text of a v2 envelope
    std::optional<std::string> detail;   ///< for a person; its wording is no interface
    std::optional<std::string> pointer;  ///< JSON pointer to the member at fault
};

/// An answer that is not a success.
struct RefusedAnswer {
    int status = 0;
    std::vector<ServerError> errors;      ///< the first 16; none when the body has none of the three shapes
    std::optional<Duration> retry_after;  ///< from now; zero for a date that has passed

    /// The first error code, if any error has one.
    std::optional<std::string> code() const;
    /// "429 premature_attestation: …, retry after 2s", for a person: the server's words escaped and cut, at
    /// most 1,600 characters.
    std::string text() const;
};

/// Never fails: a refusal may carry anything, and what cannot be read is left out.
RefusedAnswer parse_refusal(const HttpResponse& answer, WallTime now);

/// `Retry-After` as seconds or HTTP-date (RFC 9110, 10.2.3; IMF-fixdate); nothing when absent or neither.
/// Never negative, at most a year.
std::optional<Duration> retry_after(const HttpResponse& answer, WallTime now);

}  // namespace pushsim::protocol
