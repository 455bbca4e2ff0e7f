#pragma once
// What connections that are kept open cost our side, and requests on them.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"

namespace pushsim::bench {

struct ConnectionCosts {
    std::size_t few = 0;            ///< connections of the one process
    std::size_t many = 0;           ///< and of the other
    std::uint64_t octets_each = 0;  ///< private memory of each of the many while idle
    /// Processor time of a request, median of the rounds, and that to `few_open`, median of the rounds'
    /// ratios.
    struct Request {
        Duration time{};
        double ratio = 1;
    };
    Request few_open;     ///< in the process that has few
    Request few_of_many;  ///< in the other, as few in use and the rest idle
    Request
        random_of_many;  ///< in the other, any of them: what each one needs has left the processor's caches
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
