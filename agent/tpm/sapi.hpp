#pragma once
// Inputs that several SAPI calls share. For the sources of this folder only.

#include <initializer_list>
#include <string>
#include <vector>

#include <tss2/tss2_sys.h>

#include "agent/base/result.hpp"
#include "agent/tpm/commands.hpp"

namespace pushsim::tpm {

/// Sessions without HMAC, in the order of the handles they authorise: handle::password or policy sessions,
/// which stay open.
TSS2L_SYS_AUTH_COMMAND authorised_by(std::initializer_list<Handle> sessions);

/// TPM2B_PUBLIC of a marshalled TPMT_PUBLIC.
Result<TPM2B_PUBLIC> public_from_template(const std::string& command, ByteView public_template);

/// PCRs of one bank; an error where a number is not 0 to 23.
Result<TPML_PCR_SELECTION> pcr_selection(const std::string& command, HashAlgorithm bank,
                                         const std::vector<int>& pcrs);

/// The numbers of the PCRs that are selected, ascending.
std::vector<int> selected_pcrs(const TPMS_PCR_SELECTION& selection);

}  // namespace pushsim::tpm
