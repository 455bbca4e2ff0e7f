#pragma once
// Names of TPMs outside this process, as tpm2-tss takes them: "swtpm:host=127.0.0.1,port=2321".

#include <cstdint>
#include <string>

#include "agent/base/result.hpp"

namespace pushsim::tpm {

/// A name that tpm2-tss could open: a TCTI that is installed, and of swtpm and mssim options that they have
/// (tcti-swtpm(7), tcti-mssim(7)). ErrorKind::Config where it is none, with examples. Opens nothing.
Result<void> check_tcti_name(const std::string& name);

/// Why a name that could be opened was not: what is not there, and how it comes to be. ErrorKind::Tpm. `code`
/// is what Tss2_TctiLdr_Initialize said.
Error no_tpm_at(const std::string& name, std::uint32_t code);

}  // namespace pushsim::tpm
