#pragma once
// A TPM of libtpms for an agent that is played in simulated time, and what the servers do with its keys.

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

#include "agent/lifecycle/machine.hpp"
#include "agent/tpm/attestation_keys.hpp"
#include "agent/tpm/tpm_host.hpp"
#include "agent/tpm/virtual_tpm.hpp"
#include "tests/agent/tpm/proxy_tpm.hpp"

namespace pushsim::habits {

template <typename T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

class RealTpm {
  public:
    using Work = std::function<Result<void>(tpm::Commands&)>;

    /// Powered on, then `before_keys`, then a reset if that did anything.
    explicit RealTpm(const Work& before_keys = {});

    Result<lifecycle::TpmAnswer> use(const lifecycle::UseTpm& use);
    void run(const Work& work) { must(tpm_.run(work)); }

    /// Off in order where it is on, and on again; a new process loads the AK that the one before has saved.
    void reset();
    void lose_power() { must(tpm_.power_off()); }

    Bytes ak() const { return keys_->describe().ak_public; }  ///< a TPM2B_PUBLIC

    /// Sees each of the agent's commands before the TPM does.
    std::function<void(ByteView command, tpm::Commands& behind)> look = {};

  private:
    tpm::TpmHost host_;
    tpm::VirtualTpm tpm_{host_};
    tpm::ProxyTpm watched_;
    std::optional<tpm::AttestationKeys> keys_;
};

/// PCRs of the SHA-256 bank alone are there after the next reset.
Result<void> allocate_one_bank(tpm::Commands& commands);

/// The AK of a registration, a TPM2B_PUBLIC.
Bytes ak_of(const HttpRequest& registration);

/// A PCR of the SHA-256 bank that has this value, extended with this digest.
Bytes extended(Bytes value, ByteView digest);

/// What a verifier finds wrong with a submitted quote: not signed by the AK, or not of these PCRs (beside PCR
/// 16, which holds the AK) and values in the SHA-256 bank. Empty: nothing.
std::string quote_fault(const HttpRequest& submission, ByteView ak, tpm::PcrValues values);

}  // namespace pushsim::habits
