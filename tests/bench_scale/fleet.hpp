#pragma once
// What agents of a fleet cost, against the stand-in.

#include <cstddef>
#include <cstdint>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/pool/pool.hpp"
#include "tests/bench_scale/median.hpp"

namespace pushsim::bench {

/// Processor time of a whole cycle of an agent drawn at random, token in hand: TPM, TLS, HTTP, JSON and
/// history.
struct CycleCosts {
    Duration quote{};        ///< a quote alone, in the process with few
    Compared of_few{};       ///< a cycle, and to the quote
    Compared of_many{};      ///< and to the quote
    double many_to_few = 1;  ///< median of the rounds' ratios
};

struct FleetCosts {
    std::size_t few = 0;            ///< agents of the one process
    std::size_t many = 0;           ///< and of the other
    std::uint64_t octets_each = 0;  ///< private memory of each of the many, all of it, after two cycles
    CycleCosts plain;
    CycleCosts accelerated;
};

struct FleetLoad {
    std::size_t few = 100;
    std::size_t many = 10'000;
    int rounds = 8;
    std::size_t cycles_a_round = 400;
    std::size_t in_flight = 8;  ///< agents at a time
};

/// In processes of its own: to be called while there are no threads. The pool has `many` TPMs.
/// ErrorKind::System where something of it does not work.
Result<FleetCosts> measure_fleet(const pool::Pool& pool, const FleetLoad& load);

}  // namespace pushsim::bench
