#pragma once

#include "agent/base/http.hpp"

namespace pushsim::stand_in {

/// The registrar's answer to a registration, made for its keys; the secret is lifecycle::kSecret.
HttpResponse challenge_for(const HttpRequest& registration);

}  // namespace pushsim::stand_in
