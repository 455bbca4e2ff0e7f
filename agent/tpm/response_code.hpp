#pragma once
// TSS and TPM response codes in words.

#include <cstdint>
#include <string>

#include "agent/base/result.hpp"

namespace pushsim::tpm {

/// "tpm:handle(1):the handle is not correct for the use (0x18b)".
std::string describe_response_code(std::uint32_t code);

/// "what: " and the code in words, with what mends it where something does.
Error response_code_error(const std::string& what, std::uint32_t code);

/// Without the TSS layer of a resource manager that passed it on: a TPM's own code, else unchanged.
std::uint32_t tpm_code(std::uint32_t code);

/// A connection to the TPM that failed: a code of the TCTI layer.
bool is_tcti_code(std::uint32_t code);

/// The TPM was reset (TPM_RC_INITIALIZE), or an object or session that the command names is not loaded
/// (TPM_RC_REFERENCE_H0 to S6; Part 2, 6.6.3).
bool says_lost(std::uint32_t code);

/// The same command may be sent again at once: TPM_RC_RETRY, TPM_RC_YIELDED, TPM_RC_TESTING (Part 2, 6.6.3).
bool calls_for_resending(std::uint32_t code);

}  // namespace pushsim::tpm
