#pragma once
// The wire: registrar, session, attestation and admin messages as plain structs <-> JSON. No I/O.
//
//   HttpRequest request = session_request(agent_id);            // builders never fail
//   …the transport carries it…
//   Result<SessionChallenge> got = parse_session(answer, call_name(request));
//
// Parsers are strict, and all in the same way; their declarations say which status the call succeeds with.
//   ErrorKind::Protocol  another status, named with call and code; a content type that is not JSON's
//   ErrorKind::Parse     no JSON; a member that is missing, of the wrong type or value, named by its JSON
//                        pointer; an envelope or resource of another kind
// Members nobody knows are ignored. What a server wrote is escaped and cut in errors. Everything here is a
// pure function: safe from any thread.
//
// Sources: enhancement 103 (keylime/enhancements, 103_agent-driven-attestation.md) and Keylime 7.14.3. Where
// they differ, the parsers take what Keylime sends; the exchanges in fixtures/messages show it.

#include "agent/protocol/admin.hpp"
#include "agent/protocol/attestation.hpp"
#include "agent/protocol/call.hpp"
#include "agent/protocol/credential.hpp"
#include "agent/protocol/pcr_blob.hpp"
#include "agent/protocol/public_area.hpp"
#include "agent/protocol/refusal.hpp"
#include "agent/protocol/registrar.hpp"
#include "agent/protocol/session.hpp"
