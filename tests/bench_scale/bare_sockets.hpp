#pragma once
// What sockets of the kernel cost, with nothing of ours on them: what no client can do better than.

#include "agent/base/result.hpp"
#include "tests/bench_scale/connections.hpp"
#include "tests/bench_scale/median.hpp"

namespace pushsim::bench {

/// Processor time of an exchange as small as a request on one of `many` TCP connections drawn by chance, and
/// that to the same on `few` of them. Without TLS, HTTP or our loop. Forks: to be called before there are
/// threads. ErrorKind::System.
Result<Compared> measure_bare_sockets(const ConnectionLoad& load);

}  // namespace pushsim::bench
