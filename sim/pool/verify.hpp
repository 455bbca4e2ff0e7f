#pragma once
// Whether a pool is what it says it is.

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "sim/pool/pool.hpp"

namespace pushsim::pool {

struct Verified {
    std::size_t entries = 0;       ///< that have their hash and form
    std::size_t tpms = 0;          ///< that were powered on, and whose EK and AK are those of their entries
    std::size_t quotes = 0;        ///< that OpenSSL verified, each of another TPM
    std::size_t certificates = 0;  ///< of these TPMs' EKs, where the pool has a CA
    std::size_t sample = 0;        ///< TPMs that were to quote
    /// What does not hold, a sentence each: the first max_faults.
    std::vector<std::string> faults = {};
    static constexpr std::size_t max_faults = 20;
};

inline constexpr std::size_t verify_sample = 10;

/// Each TPM is powered on from its permanent state; a sample, spread evenly, quotes. `progress` and
/// `stop_asked` are called for each. ErrorKind::Interrupted when a person asked to stop, System where no TPM
/// can be powered on here, or the file cannot be read.
Result<Verified> verify(const Pool& pool,
                        const std::function<void(std::size_t done, std::size_t total)>& progress = {},
                        const std::function<bool()>& stop_asked = {});

}  // namespace pushsim::pool
