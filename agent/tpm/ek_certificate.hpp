#pragma once

#include <string>

#include "agent/tpm/commands.hpp"

namespace pushsim::tpm {

/// The certificate of the RSA-2048 EK from NV 0x01c00002 (TCG EK Credential Profile 2.x, 2.2.1.4) as PEM; ""
/// where there is none. Its contents are not looked into, for registrars meet odd ones.
Result<std::string> read_ek_certificate(Commands& commands);

}  // namespace pushsim::tpm
