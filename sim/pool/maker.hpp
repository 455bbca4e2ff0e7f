#pragma once
// Makes TPMs with EK and AK, many at a time.

#include <cstddef>
#include <functional>

#include "agent/base/result.hpp"
#include "agent/tpm/attestation_keys.hpp"
#include "sim/pki/ek_authority.hpp"
#include "sim/pool/pool.hpp"

namespace pushsim::pool {

struct Making {
    std::size_t count = 0;
    tpm::AkParent ak = tpm::AkParent::None;
    /// Issues a certificate of each EK, put into NV where agents look for it; null: none.
    const pki::EkAuthority* ek_authority = nullptr;
    /// So many at once, each on a TPM host and thread of its own; 0: as many as there are processors.
    unsigned jobs = 0;
    /// Asked between TPMs, by any thread; true ends the making.
    std::function<bool()> stop_asked = {};
};

/// Gives each TPM to `keep`, one at a time, from any thread, until there are so many, a person asks to stop,
/// or something fails. What `keep` was given stays its own: how many those were is not an error.
/// ErrorKind::Tpm or System, or what `keep` gave. A primary AK costs about 60 ms of CPU, a child 230 ms.
Result<void> make_tpms(const Making& making, const std::function<Result<void>(Entry)>& keep);

}  // namespace pushsim::pool
