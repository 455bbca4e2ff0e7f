#pragma once
// Which of Keylime's servers answers at a port, for they are easily mixed up: all of them tell their
// versions.

#include <optional>

#include "agent/base/http.hpp"

namespace pushsim::stack {

enum class Recognised {
    PushVerifier,
    PullVerifier,
    Registrar,  ///< or a verifier before Keylime 7.14
    Unclear,
};

/// GET /v3.0/sessions, which a verifier of 7.14 has (405: to be POSTed to) and a registrar has not (404)
/// (keylime/web/verifier_server.py).
HttpRequest sessions_request();

/// By the statuses of GET /version (410 of a verifier in push mode, 200 of all others:
/// keylime/web/verifier/server_info_controller.py) and of sessions_request(), absent where it was not asked.
Recognised recognise(int version, std::optional<int> sessions);

}  // namespace pushsim::stack
