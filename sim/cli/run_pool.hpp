#pragma once
// The pool that the agents of a run draw their TPMs from.

#include <optional>
#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "agent/tpm/attestation_keys.hpp"
#include "sim/history/record.hpp"
#include "sim/pool/pools.hpp"
#include "sim/scenario/plan.hpp"

namespace pushsim::cli {

/// pool::ensure() with progress and notes on standard error, until Ctrl-C (Interrupt). `jobs` 0: as many as
/// there are processors.
Result<pool::Ensured> ensure_pool(const pool::Place& place, const pool::Wish& wish, unsigned jobs,
                                  const Clock& clock);

/// How many TPMs of such a pool the scenario that needs most of them draws.
std::size_t drawn(const std::vector<scenario::Scenario>& scenarios, tpm::AkParent ak);

/// The pool of `--pool`, with TPMs enough for any of the scenarios. By name it is made or made larger or made
/// again as needed, with the kind of AK that most of the agents want; a file is opened as it is:
/// ErrorKind::Config where it is too small. Also where no agent draws from it.
Result<pool::Pool> pool_for_run(const std::string& name_or_file,
                                const std::vector<scenario::Scenario>& scenarios, const Clock& clock);

/// What the history's head says of it.
void add_facts(history::Head& head, const std::string& name_or_file, const pool::Pool& pool);

}  // namespace pushsim::cli
