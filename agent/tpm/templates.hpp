#pragma once
// Public templates of the keys, as marshalled TPMT_PUBLIC.

#include "agent/base/bytes.hpp"

namespace pushsim::tpm {

/// RSA-2048 storage key: template L-1 of the TCG EK Credential Profile 2.x, B.3.3.
Bytes ek_template();

/// RSA-2048 restricted signing key with RSASSA and SHA-256, attributes 0x00050072: the Keylime Rust agent's
/// AK.
Bytes ak_template();

}  // namespace pushsim::tpm
