#pragma once

#include <string>

#include "agent/tpm/commands.hpp"

namespace pushsim::tpm {

/// NV indices of the certificates of the RSA-2048 and the ECC P-256 EK.
inline constexpr Handle ek_certificate_index = 0x01c00002;
inline constexpr Handle ecc_ek_certificate_index = 0x01c0000a;

/// The certificate of the EK from its NV index, then its CAs from 0x01c00100 to 0x01c001ff (TCG EK
/// Credential Profile 2.x, 2.2.1.4 and 2.2.1.5), as PEM; "" where there is no certificate of the EK. Leaf
/// first, then the CAs in the reverse of their order in NV, as rust-keylime sends them (keylime/src/tpm.rs,
/// EKResult::to_pem). What the certificates say is not looked into, for registrars meet odd ones: padding is
/// cut off, octets of the leaf's index that are no DER are given as they are, and those of the CAs end what
/// is read of them. An index that cannot be read is an error.
Result<std::string> read_ek_certificate(Commands& commands, KeyAlgorithm ek = KeyAlgorithm::Rsa2048);

}  // namespace pushsim::tpm
