#pragma once
// The wire: registrar, session, attestation and admin messages as plain structs <-> JSON. No I/O.
//
//   HttpRequest request = session_request(agent_id);            // builders never fail
//   …the transport carries it…
//   Result<SessionChallenge> got = parse_session(answer, call_name(request));
//
// Parsers are strict: a member that is missing or of the wrong type is ErrorKind::Parse and is named by its
// JSON pointer; a status that the call does not succeed with is ErrorKind::Protocol and names call, status
// and code, and so is a content type that is not JSON's. Members nobody knows are ignored. What a server
// wrote is escaped and cut in errors. Everything here is a pure function: safe from any thread.

#include "agent/protocol/admin.hpp"
#include "agent/protocol/attestation.hpp"
#include "agent/protocol/call.hpp"
#include "agent/protocol/credential.hpp"
#include "agent/protocol/pcr_blob.hpp"
#include "agent/protocol/public_area.hpp"
#include "agent/protocol/refusal.hpp"
#include "agent/protocol/registrar.hpp"
#include "agent/protocol/session.hpp"
