#include "sim/stack/recognise.hpp"

namespace pushsim::stack {

HttpRequest sessions_request() {
    return {.method = "GET", .target = "/v3.0/sessions", .headers = {}, .body = {}};
}

Recognised recognise(int version, std::optional<int> sessions) {
    if (version == 410 && sessions == 405) return Recognised::PushVerifier;
    if (version == 200 && sessions == 405) return Recognised::PullVerifier;
    if (version == 200 && sessions == 404) return Recognised::Registrar;
    return Recognised::Unclear;
}

}  // namespace pushsim::stack
