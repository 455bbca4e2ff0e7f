#include "agent/protocol/session.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "agent/protocol/answer.hpp"
#include "agent/protocol/request.hpp"

namespace pushsim::protocol {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kClass = "pop", kType = "tpm_pop";
constexpr std::size_t kMethods = 16;  // Keylime knows one

ordered_json method() {
    ordered_json json;
    json["authentication_class"] = kClass;
    json["authentication_type"] = kType;
    return json;
}

/// The session's id, which becomes part of a path.
std::string session_id_in(json::Document& document) {
    const json::Value data = document.root().object("data");
    std::string id = data.text("id");
    if (!can_be_sent_back(id) || id.find_first_of("/?#") != std::string::npos) {
        data.wrong("id", "cannot be a segment of a path");
    }
    return id;
}

Bytes challenge_in(const json::Value& attributes) {
    for (const json::Value& item : attributes.array("authentication_requested", kMethods)) {
        if (item.as_object().text("authentication_type") != kType) continue;
        const json::Value parameters = item.object("chosen_parameters");
        Bytes challenge = parameters.base64("challenge");
        if (challenge.empty()) parameters.wrong("challenge", "empty");
        return challenge;
    }
    attributes.wrong("authentication_requested", fmt::format("asks for no {}", kType));
    return {};
}

}  // namespace

HttpRequest session_request(std::string_view agent_id, const CallHeaders& headers) {
    ordered_json body;
    ordered_json& data = body["data"];
    data["type"] = "session";
    ordered_json& attributes = data["attributes"];
    attributes["agent_id"] = agent_id;
    attributes["authentication_supported"].push_back(method());
    return json_request("POST", fmt::format("/v{}/sessions", kPushApiVersion), kJsonApi, kAnything, headers,
                        body);
}

Result<SessionChallenge> parse_session(const HttpResponse& answer, std::string_view call) {
    auto document = open_answer(answer, {200, 201}, call);
    if (!document) return fail(std::move(document).error());
    const json::Value attributes = open_resource(*document, "session");
    SessionChallenge session;
    session.session_id = session_id_in(*document);
    session.agent_id = attributes.text("agent_id");
    session.challenge = challenge_in(attributes);
    session.created_at = attributes.time("created_at");
    session.challenges_expire_at = attributes.time("challenges_expire_at");
    return close_answer(*document, call, std::move(session));
}

HttpRequest proof_request(std::string_view session_id, std::string_view agent_id, ByteView message,
                          ByteView signature, const CallHeaders& headers) {
    ordered_json proof = method();
    proof["data"]["message"] = to_base64(message);
    proof["data"]["signature"] = to_base64(signature);
    ordered_json body;
    ordered_json& data = body["data"];
    data["type"] = "session";
    data["id"] = session_id;
    ordered_json& attributes = data["attributes"];
    attributes["agent_id"] = agent_id;
    attributes["authentication_provided"].push_back(std::move(proof));
    return json_request("PATCH", fmt::format("/v{}/sessions/{}", kPushApiVersion, session_id), kJsonApi,
                        kAnything, headers, body);
}

Result<SessionVerdict> parse_proof(const HttpResponse& answer, std::string_view call) {
    auto document = open_answer(answer, {200, 401}, call);
    const bool is_plain_refusal =
        answer.status == 401 && (!document || document->root().object_if_any("data").is_null());
    if (is_plain_refusal) return fail(unexpected_status(answer, {200}, call));
    if (!document) return fail(std::move(document).error());
    const json::Value attributes = open_resource(*document, "session");
    SessionVerdict verdict;
    verdict.session_id = session_id_in(*document);
    verdict.agent_id = attributes.text("agent_id");
    verdict.passed = one_of(attributes, "evaluation", {"pass", "fail"}) == "pass";
    if (verdict.passed && answer.status != 200) {
        attributes.wrong("evaluation", fmt::format("'pass' with status {}", answer.status));
    }
    if (verdict.passed) {
        verdict.token = attributes.text("token");
        if (!can_be_sent_back(verdict.token)) attributes.wrong("token", "not a bearer token");
    }
    verdict.created_at = attributes.time("created_at");
    verdict.challenges_expire_at = attributes.time("challenges_expire_at");
    verdict.response_received_at = attributes.optional_time("response_received_at");
    verdict.token_expires_at = attributes.optional_time("token_expires_at");
    return close_answer(*document, call, std::move(verdict));
}

}  // namespace pushsim::protocol
