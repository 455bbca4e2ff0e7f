#pragma once
// What stands in a TPMS_ATTEST. For the sources of this folder only.

#include <tss2/tss2_tpm2_types.h>

#include "agent/base/result.hpp"
#include "agent/tpm/types.hpp"

namespace pushsim::tpm {

Result<TPMS_ATTEST> parse_attest(ByteView message);

/// Whether the quote's digest, by the hash of its signature, is the one over these values (TCG TPM 2.0 Part
/// 2, 10.12.1 TPMS_QUOTE_INFO).
bool covers(const TPMS_ATTEST& message, HashAlgorithm signature_hash, const PcrValues& pcrs);

}  // namespace pushsim::tpm
