#pragma once
// What the parsers of this folder have in common: the status that an answer must have, its body, and the
// call's name before every error.

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "agent/base/http.hpp"
#include "agent/protocol/json.hpp"

namespace pushsim::protocol {

/// ErrorKind::Protocol: "POST /v3.0/sessions: answered 429: Rate limit exceeded, expected 200".
Error unexpected_status(const HttpResponse& answer, std::initializer_list<int> expected,
                        std::string_view call);

/// The body of an answer that has one of these statuses. ErrorKind::Protocol for another status, or a
/// Content-Type that is missing or not JSON's (the servers send application/json, also where the call is of
/// JSON:API: keylime/web/base/controller.py); ErrorKind::Parse for a body that is no JSON.
Result<json::Document> open_answer(const HttpResponse& answer, std::initializer_list<int> expected,
                                   std::string_view call);

/// ErrorKind::Parse with the call's name before it, if there is one.
Error malformed(std::string_view call, std::string_view what);

/// What was read, or the complaint of the document it was read from.
template <typename T>
Result<T> close_answer(const json::Document& document, std::string_view call, T value) {
    if (!document.complaint().empty()) return fail(malformed(call, document.complaint()));
    return value;
}

/// `results` of a v2 envelope {"code", "status", "results"} whose code is that of the answer.
json::Value open_envelope(json::Document& document, int status);

/// `data/attributes` of a JSON:API answer whose resource has that type.
json::Value open_resource(json::Document& document, std::string_view type);

/// The text of a required member that knows only these values.
std::string one_of(const json::Value& object, std::string_view name,
                   std::initializer_list<std::string_view> known);

/// Whether a server's text may become part of a later request of ours (a token, a segment of a path):
/// printable ASCII without space, not empty, at most 4 KiB.
bool can_be_sent_back(std::string_view text);

}  // namespace pushsim::protocol
