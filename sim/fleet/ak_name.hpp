#pragma once
// The attestation key as histories tell it.

#include <string>

#include "agent/base/bytes.hpp"

namespace pushsim::fleet {

/// The name of a marshalled TPM2B_PUBLIC (TCG TPM 2.0 Part 1, 16) in hexadecimal; empty where it is none.
std::string ak_name(ByteView ak_public);

}  // namespace pushsim::fleet
