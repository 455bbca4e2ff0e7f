#pragma once
// An RSA key of a TPM: as OpenSSL writes it, for what Keylime hashes of it, and as a number.

#include <string>

#include "agent/base/bytes.hpp"

namespace pushsim::tpm {

/// PEM text (SubjectPublicKeyInfo) of a marshalled TPM2B_PUBLIC of an RSA-2048 key with the default exponent.
/// Throws std::invalid_argument for what is too short to be one.
std::string public_key_pem(ByteView rsa2048_public);

/// The modulus in such a TPM2B_PUBLIC, big-endian. Throws as public_key_pem().
ByteView modulus_of(ByteView rsa2048_public);

}  // namespace pushsim::tpm
