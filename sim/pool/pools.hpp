#pragma once
// Pools as commands use them: opened where they are fit, made, made larger, and made again on doubt.

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "agent/tpm/attestation_keys.hpp"
#include "sim/pool/place.hpp"
#include "sim/pool/pool.hpp"

namespace pushsim::pool {

/// ErrorKind::Config, with the way out, where there is none, or it is in doubt: cut off, damaged, of another
/// format or another libtpms. System where it cannot be read. Entries are checked where they are read.
Result<Pool> open(const Place& place);

struct Wish {
    std::size_t count = 1;  ///< at least so many, at most max_count
    // None: as the pool there is; where it is made, primary and without.
    std::optional<tpm::AkParent> ak = {};
    std::optional<bool> ek_certificates = {};
};

/// How ensure() is worked and what it tells.
struct Attendance {
    unsigned jobs = 0;  ///< 0: as many as there are processors
    /// A sentence for a person: that it waits for another process, or makes a pool again and why.
    std::function<void(const std::string&)> note = {};
    /// TPMs made, of those to be made; from any thread, one call at a time.
    std::function<void(std::size_t done, std::size_t total)> progress = {};
    /// Asked about often, by any thread; what was made until then is kept.
    std::function<bool()> stop_asked = {};
    /// How long another process that makes this pool is waited for.
    Duration patience = std::chrono::hours{2};
};

struct Ensured {
    enum class What { WasThere, Made, Grown, MadeAgain };
    Pool pool;
    What what = What::WasThere;
    std::size_t made = 0;  ///< TPMs, now
};

/// A pool as wished for: it is made where there is none, made larger where it is too small (the TPMs in it
/// stay), and made again where it is in doubt and has a name; a file of a person's own in doubt is an error.
/// One process at a time makes a pool, others wait and find it made. ErrorKind::Config where it has other
/// keys or certificates than wished for, Interrupted when a person asked to stop, else as open() and
/// make_tpms().
Result<Ensured> ensure(const Place& place, const Wish& wish, const Clock& clock,
                       const Attendance& attendance = {});

/// Removes it, whatever it is, with the CA's certificate. ErrorKind::Config where there is none or another
/// process makes it.
Result<void> drop(const Place& place);

}  // namespace pushsim::pool
