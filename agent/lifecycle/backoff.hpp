#pragma once
// Chance in an agent's life: the length of its back-offs and the names of its requests.

#include <string>

#include "agent/base/random.hpp"
#include "agent/base/time.hpp"

namespace pushsim::lifecycle {

/// How long to wait before retry number `retry` (from 1): half of initial·2^(retry−1), at most `longest`, is
/// certain and the other half is drawn, so that agents that failed together do not come back together.
Duration backoff(Duration initial, Duration longest, int retry, RandomStream& random);

/// Twelve characters of [a-z0-9] for X-Request-ID, from one draw.
std::string make_request_id(RandomStream& random);

}  // namespace pushsim::lifecycle
