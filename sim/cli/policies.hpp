#pragma once
// The policies of `pushsim tenant add`, looked at before a verifier is asked: it takes some that it then does
// not enforce.

#include <string>

#include "agent/base/result.hpp"

namespace pushsim::cli {

// Each gives the JSON text as it is to be sent. ErrorKind::Config, naming the place and what is wrong there.

/// PCR -> list of allowed values, as text or @FILE.
Result<std::string> tpm_policy_from(const std::string& text);
/// What a person should know of a policy that is good: values of another bank than sha256, which a verifier
/// asks for where the agent has it; empty: nothing.
std::string note_on_banks(const std::string& tpm_policy);
/// A file with Keylime's runtime policy (keylime/ima/ima.py, RUNTIME_POLICY_SCHEMA), or one in a signed
/// envelope.
Result<std::string> runtime_policy_from(const std::string& file);
/// A file with a measured boot policy (keylime-policy create measured-boot).
Result<std::string> mb_policy_from(const std::string& file);

}  // namespace pushsim::cli
