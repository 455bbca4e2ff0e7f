#pragma once
// Keylime as it would be started here, and a TPM as an agent has one.

#include <string>

#include "agent/base/result.hpp"
#include "sim/doctor/finding.hpp"
#include "sim/stack/config.hpp"
#include "sim/stack/install.hpp"

namespace pushsim::doctor {

/// `version` as Keylime calls itself, "" where it does not say; `origin` is where it is from.
Finding check_version(const std::string& version, const std::string& origin);
Finding check_keylime(const Result<stack::KeylimeInstall>& keylime);

/// stack::import_problem().
Finding check_python(const stack::KeylimeInstall& keylime, const Result<std::string>& problem);

/// stack::choose_ports().
Finding check_ports(const Result<stack::Ports>& ports);

struct TpmFacts {
    std::string library;    ///< "libtpms 0.9.2"
    Result<void> quotes;    ///< it was switched on, made EK and AK, and quoted a PCR
    std::string slow = {};  ///< why TPMs take turns slowly (tpm::TpmHost::fallback); empty: they do not
};
/// One of the TPMs in this process.
TpmFacts try_tpm();
Finding check_tpm(const TpmFacts& facts);

}  // namespace pushsim::doctor
