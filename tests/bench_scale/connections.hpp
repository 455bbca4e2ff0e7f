#pragma once
// What connections that are kept open cost our side, and requests on them.

#include <cstddef>
#include <cstdint>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "tests/bench_scale/median.hpp"

namespace pushsim::bench {

struct ConnectionCosts {
    std::size_t few = 0;            ///< connections of the one process
    std::size_t many = 0;           ///< and of the other
    std::uint64_t octets_each = 0;  ///< private memory of each of the many while idle
    // Processor time of a request, and that to the first of these:
    Compared few_open{};     ///< in the process that has few
    Compared few_of_many{};  ///< in the other, as few in use and the rest idle
    Compared
        random_of_many{};  ///< in the other, any of them: what each one needs has left the processor's caches
};

struct ConnectionLoad {
    std::size_t few = 50;
    std::size_t many = 10'000;
    int rounds = 15;                       ///< of each of the three, taking turns
    std::size_t requests_a_round = 4'000;  ///< on connections drawn by chance
    std::size_t in_flight = 8;             ///< at a time
};

/// Keep-alive TLS to a stand-in, in two processes of our own of which one has few connections and the other
/// many. Forks: to be called before there are threads. ErrorKind::System where descriptors do not suffice.
Result<ConnectionCosts> measure_connections(const ConnectionLoad& load);

}  // namespace pushsim::bench
