#pragma once
// What virtual TPMs of a pool cost.

#include <cstddef>
#include <cstdint>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/pool/pool.hpp"
#include "tests/bench_scale/median.hpp"

namespace pushsim::bench {

struct TpmCosts {
    std::size_t count = 0;
    unsigned threads = 0;           ///< a TPM host each
    Duration ready{};               ///< wall time from the open pool until all have had their TPM2_Startup
    Duration first_quote{};         ///< processor time, self-tests included; median
    std::uint64_t octets_each = 0;  ///< private memory, after two quotes
    std::size_t verified = 0;       ///< quotes whose signature and digest OpenSSL verified, of
    std::size_t sample = 0;
    // Processor time of a quote by one of them drawn at random, on one host:
    Duration alone{};        ///< of a TPM that has a host for itself
    Compared one_of_many{};  ///< and to that
    Compared accelerated{};  ///< the same with accelerators, and to one_of_many
};

struct TpmLoad {
    std::size_t count = 10'000;
    unsigned threads = 2;
    std::size_t sample = 50;
    int rounds = 10;  ///< of each of the three, taking turns
    std::size_t quotes_a_round = 100;
};

/// In a process of its own: to be called while there are no threads. The pool has that many TPMs.
/// ErrorKind::System where something of it does not work.
Result<TpmCosts> measure_tpms(const pool::Pool& pool, const TpmLoad& load);

}  // namespace pushsim::bench
