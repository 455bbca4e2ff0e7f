#pragma once
// A key of a TPM: as OpenSSL writes it, for what Keylime hashes of it; and an RSA key as a number.

#include <string>

#include "agent/base/bytes.hpp"

namespace pushsim::tpm {

/// PEM text (SubjectPublicKeyInfo) of a marshalled TPM2B_PUBLIC: of an ECC P-256 key, or an RSA-2048 key with
/// the default exponent. Throws std::invalid_argument for what can be neither.
std::string public_key_pem(ByteView tpm2b_public);

/// The modulus in the TPM2B_PUBLIC of such an RSA key, big-endian. Throws as public_key_pem().
ByteView modulus_of(ByteView rsa2048_public);

}  // namespace pushsim::tpm
