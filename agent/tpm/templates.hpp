#pragma once
// Public templates of the keys, as marshalled TPMT_PUBLIC.

#include "agent/base/bytes.hpp"
#include "agent/tpm/types.hpp"

namespace pushsim::tpm {

/// Storage key: templates L-1 (RSA-2048) and L-2 (ECC P-256) of the TCG EK Credential Profile 2.x, B.3.3 and
/// B.3.4.
Bytes ek_template(KeyAlgorithm algorithm = KeyAlgorithm::Rsa2048);

/// Restricted signing key, attributes 0x00050072: the Keylime Rust agent's AK. Its name is by the hash of its
/// scheme, as there (tss-esapi, abstraction/ak.rs, create_ak_public).
Bytes ak_template(const AkAlgorithms& algorithms = {});

}  // namespace pushsim::tpm
