#pragma once
// What all requests share.

#include <string>
#include <string_view>

#include "agent/base/http.hpp"

namespace pushsim::protocol {

/// The version prefix of the session and attestation paths.
inline constexpr std::string_view kPushApiVersion = "3.0";
/// The newest v2 version: registrar, and the tenant's calls on the verifier (Keylime 7.14.3; before it 2.5).
inline constexpr std::string_view kAdminApiVersion = "2.6";

/// What a caller adds to a request. An empty member leaves its header out, so that the Rust agent's session
/// calls, which carry no request id, can be made too.
struct CallHeaders {
    std::string request_id;  ///< X-Request-ID; the verifier keeps word characters only, at most 36
    std::string token;       ///< bearer token of a session
};

/// "POST /v3.0/sessions", the name of a call in errors.
std::string call_name(const HttpRequest& request);

}  // namespace pushsim::protocol
