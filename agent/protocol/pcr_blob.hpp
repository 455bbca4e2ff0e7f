#pragma once
// `subject_data` of a quote: PCR values in the memory layout of tpm2-tools on x86, little-endian.

#include "agent/base/bytes.hpp"
#include "agent/tpm/types.hpp"

namespace pushsim::protocol {

/// 136 + 532·⌈n/8⌉ octets for n PCRs of one bank, in ascending order (keylime/tpm/tpm_util.py,
/// __get_pcrs_from_blob; rust-keylime keylime/src/tpm.rs). PCR numbers must be 0 to 23 and digests at most 64
/// octets long; breaking that is a bug (std::invalid_argument).
Bytes write_pcr_blob(tpm::HashAlgorithm bank, const tpm::PcrValues& pcrs);

struct PcrBlob {
    tpm::HashAlgorithm bank = tpm::HashAlgorithm::Sha256;
    tpm::PcrValues pcrs;
};

/// Reads a blob of one bank back; as strict as the verifier's reader, and every digest must have its bank's
/// size. ErrorKind::Parse otherwise. For evidence faults (pcr_value, extra_pcr) and for tests.
Result<PcrBlob> read_pcr_blob(ByteView blob);

}  // namespace pushsim::protocol
