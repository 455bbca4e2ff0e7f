#pragma once
// Chance in an agent's life: the length of its back-offs and the names of its requests.

#include <string>

#include "agent/base/random.hpp"
#include "agent/base/time.hpp"
#include "agent/lifecycle/habits.hpp"

namespace pushsim::lifecycle {

/// How long to wait before retry number `retry` (from 1): initial·2^(retry−1), at most `longest`. With jitter
/// half of that is certain and the other half is drawn, so that agents that failed together do not come back
/// together.
Duration backoff(const Pace& pace, int retry, RandomStream& random);

/// So many characters of [a-z0-9], at most 12, for X-Request-ID, from one draw.
std::string make_request_id(RandomStream& random, std::size_t length);

}  // namespace pushsim::lifecycle
