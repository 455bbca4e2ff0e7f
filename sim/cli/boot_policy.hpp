#pragma once
// A TPM policy of PCRs as they are.

#include <string>
#include <vector>

#include "agent/base/result.hpp"

namespace pushsim::cli {

/// {"7": ["HEX"], …}: the sha256 values that these PCRs have now in the TPM at `tcti`, or where that is empty
/// in the one that `pushsim agent --id ID` keeps or works with. ErrorKind::Config where no such agent has
/// been here.
Result<std::string> policy_from_boot(const std::string& agent_id, const std::string& tcti,
                                     const std::vector<int>& pcrs);

}  // namespace pushsim::cli
