#pragma once
// The challenge of registration: the credential blob, and the tag that answers it.

#include <string>
#include <string_view>

#include "agent/base/bytes.hpp"

namespace pushsim::protocol {

/// What TPM2_ActivateCredential takes, each without its TPM2B size.
struct CredentialBlob {
    Bytes id_object;         ///< TPMS_ID_OBJECT: TPM2B integrity HMAC ‖ encrypted identity
    Bytes encrypted_secret;  ///< TPM2B_ENCRYPTED_SECRET's contents
};

/// Takes a blob apart: magic BADCC0DE, version 1, two sized parts, nothing behind them
/// (keylime/tpm/tpm_util.py, makecredential; the file format of tpm2_makecredential). ErrorKind::Parse
/// otherwise.
Result<CredentialBlob> split_credential_blob(ByteView blob);

/// The same format written: for whoever stands in for the registrar, today tests alone.
Bytes join_credential_blob(const CredentialBlob& parts);

/// Lower-case hex of HMAC-SHA384 over the agent id; the key is the base64 *text* of the recovered secret
/// (keylime/crypto.py, do_hmac).
std::string auth_tag(std::string_view agent_id, ByteView secret);

}  // namespace pushsim::protocol
