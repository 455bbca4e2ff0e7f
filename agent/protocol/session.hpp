#pragma once
// Sessions: a challenge, its proof of possession, a token (verifier, v3 API). Enhancement 103,
// "Challenge–Response Protocol for Agent Authentication"; keylime/web/verifier/session_controller.py and
// keylime/models/verifier/auth_session.py. Parsers fail as protocol.hpp says.

#include <optional>
#include <string>
#include <string_view>

#include "agent/base/bytes.hpp"
#include "agent/base/http.hpp"
#include "agent/base/time.hpp"
#include "agent/protocol/call.hpp"

namespace pushsim::protocol {

/// POST /v3.0/sessions (SessionController.create_session). The Rust agent sends it without a request id.
HttpRequest session_request(std::string_view agent_id, const CallHeaders& headers = {});

struct SessionChallenge {
    std::string session_id;  ///< fit for a segment of a path
    std::string agent_id;
    Bytes challenge;  ///< not empty; qualifyingData of the TPM2_Certify that answers it
    WallTime created_at;
    WallTime challenges_expire_at;
};

/// 200 or 201 with a tpm_pop challenge in `authentication_requested`; ErrorKind::Parse without one, and for
/// an id that cannot be part of a path.
Result<SessionChallenge> parse_session(const HttpResponse& answer, std::string_view call = {});

/// PATCH /v3.0/sessions/{session_id} (SessionController.update_session); `message` a marshalled TPMS_ATTEST,
/// `signature` a marshalled TPMT_SIGNATURE.
HttpRequest proof_request(std::string_view session_id, std::string_view agent_id, ByteView message,
                          ByteView signature, const CallHeaders& headers = {});

/// What the verifier makes of the proof.
struct SessionVerdict {
    std::string session_id;
    std::string agent_id;
    bool passed = false;
    std::string token;  ///< empty unless passed; visible ASCII, at most 4 KiB
    WallTime created_at;
    WallTime challenges_expire_at;
    std::optional<WallTime> response_received_at;
    std::optional<WallTime> token_expires_at;  ///< a passing verdict may lack it
};

/// 200, or 401 with the same body, which is how the verifier answers a proof that does not hold. A verdict
/// that passes must carry a token, and a 401 must not pass: ErrorKind::Parse. Whether the verdict is of the
/// session and agent that it was asked of is the caller's to compare.
Result<SessionVerdict> parse_proof(const HttpResponse& answer, std::string_view call = {});

}  // namespace pushsim::protocol
