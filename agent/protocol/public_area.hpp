#pragma once
// Just enough of TPM2B_PUBLIC to describe an attestation key in a message.

#include <optional>
#include <string>

#include "agent/base/bytes.hpp"

namespace pushsim::protocol {

/// What a public area says of itself, in Keylime's names.
struct PublicArea {
    Bytes bare;                         ///< marshalled TPMT_PUBLIC: the TPM2B_PUBLIC without its size
    std::string algorithm;              ///< "rsa" or "ecc"
    int key_size = 0;                   ///< bits
    std::optional<std::string> scheme;  ///< "rsassa", "rsapss", "ecdsa", "ecschnorr"; absent for TPM_ALG_NULL
    std::optional<std::string> hash;    ///< of the scheme; absent where there is no scheme
    Bytes name;                         ///< nameAlg ‖ H(TPMT_PUBLIC) (TCG TPM 2.0 Part 1, 16)
};

/// Reads a marshalled TPM2B_PUBLIC of an RSA or ECC key (TCG TPM 2.0 Part 2, 12.2.4), bounds checked; sizes
/// must agree and the type, curve and algorithms be known, else ErrorKind::Parse.
Result<PublicArea> read_public_area(ByteView tpm2b_public);

}  // namespace pushsim::protocol
