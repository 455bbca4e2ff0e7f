#pragma once
// The door of agent/tpm: a TPM 2.0, wherever it is, takes bursts of commands.
//
//     tpm::TpmHost host;                      // executes
//     tpm::VirtualTpm tpm(host);              // is the state; ExternalTpm for one outside this process
//     tpm.power_on();
//     auto keys = tpm::AttestationKeys::provision(tpm);
//     auto quote = keys->quote(challenge, tpm::HashAlgorithm::Sha256, {0, 7});

#include <cstdint>
#include <functional>

#include "agent/base/result.hpp"

namespace pushsim::tpm {

class Commands;

/// A few commands that belong together. Within a burst no other TPM's commands come between; the Commands
/// are good only until it returns. What it returns is what run() returns.
using Burst = std::function<Result<void>(Commands&)>;

/// Not thread-safe: one thread at a time.
class Tpm {
  public:
    Tpm() = default;
    Tpm(const Tpm&) = delete;
    Tpm& operator=(const Tpm&) = delete;
    virtual ~Tpm() = default;

    /// Runs the burst, or says why this TPM can take no commands (ErrorKind::Tpm).
    virtual Result<void> run(const Burst& burst) = 0;

    /// Changes when power comes or goes, as far as that is noticed: handles of transient objects and sessions
    /// are good only within one value.
    virtual std::uint64_t power_epoch() const = 0;
};

}  // namespace pushsim::tpm
