#include "peer.hpp"

#include <stdexcept>

#include <fmt/format.h>

#include "agent/protocol/protocol.hpp"

namespace pushsim::lifecycle {
namespace {

Bytes octets(std::string_view text) {
    return {text.begin(), text.end()};
}

/// A TPM2B_PUBLIC of an RSA-2048 key that signs with RSASSA and SHA-256.
Bytes some_attestation_key() {
    Bytes key = *from_hex("01180001000b00050072000000100014000b0800000000000100");
    key.resize(key.size() + 256, 0xA5);
    return key;
}

tpm::Description some_tpm() {
    tpm::Description tpm;
    tpm.ek_public = some_attestation_key();
    tpm.ak_public = some_attestation_key();
    tpm.hash_algorithms = {"sha1", "sha256"};
    tpm.signature_schemes = {"ecdsa", "rsapss", "rsassa"};
    for (const auto& bank : tpm.hash_algorithms) {
        for (int pcr = 0; pcr < 24; ++pcr)
            tpm.available_pcrs[bank].push_back(pcr);
    }
    return tpm;
}

std::string bearer_of(const HttpRequest& request) {
    constexpr std::string_view kScheme = "Bearer ";
    const auto value = request.header("authorization").value_or("");
    return value.starts_with(kScheme) ? std::string(value.substr(kScheme.size())) : std::string{};
}

}  // namespace

Call call_in(const HttpRequest& request, const std::string& agent) {
    const auto& [method, target, headers, body] = request;
    if (method == "GET" && target == "/version") return Call::AskVersion;
    if (method == "POST" && target == "/v3.0/sessions") return Call::OpenSession;
    if (method == "PATCH" && target.starts_with("/v3.0/sessions/")) return Call::Prove;
    if (method == "POST" && target == "/v3.0/agents/" + agent + "/attestations") return Call::Negotiate;
    if (method == "PATCH" && target.find("/attestations/") != std::string::npos) return Call::Submit;
    if (method == "POST" && target.starts_with("/v2.")) return Call::Register;
    if (method == "PUT" && target.starts_with("/v2.")) return Call::Activate;
    throw std::invalid_argument("no call of an agent: " + method + " " + target);
}

HttpResponse json_answer(int status, std::string body, HttpHeaders headers) {
    headers.emplace_back("Content-Type", "application/json");
    return {status, std::move(headers), std::move(body)};
}

HttpResponse refusal(int status, const std::string& code, HttpHeaders headers) {
    return json_answer(
        status,
        fmt::format(
            R"({{"errors":[{{"status":"{}","code":"{}","detail":"because of {}"}}],"jsonapi":{{"version":"1.1"}}}})",
            status, code, code),
        std::move(headers));
}

HttpResponse bare_status(int status, HttpHeaders headers) {
    return {status, std::move(headers), ""};
}

HttpResponse refusal_without_code(int status, const std::string& detail, HttpHeaders headers) {
    return json_answer(
        status, fmt::format(R"({{"errors":[{{"status":"{}","title":"No","detail":"{}"}}]}})", status, detail),
        std::move(headers));
}

std::string StandIn::nonce_text(const char* recorded) const {
    return nonce ? to_base64(nonce()) : recorded;
}

HttpResponse StandIn::open_session() {
    session_ = fmt::format("b2353260-4f7d-47fb-a157-{:06}{:06}", number_, ++sessions);
    return json_answer(
        200,
        fmt::format(
            R"({{"data":{{"type":"session","id":"{}","attributes":{{"agent_id":"{}","authentication_requested":[)"
            R"({{"authentication_class":"pop","authentication_type":"tpm_pop","chosen_parameters":{{"challenge":"{}"}}}}],)"
            R"("created_at":"{}","challenges_expire_at":"{}"}}}}}})",
            session_, agent_, nonce_text("hHTVTWBxqtWGBq6FS3xetg=="), to_rfc3339(clock_.wall_now()),
            to_rfc3339(clock_.wall_now() + std::chrono::minutes{1})));
}

HttpResponse StandIn::prove() {
    const std::string id = std::exchange(session_, "");
    std::string outcome = R"("evaluation":"fail",)";
    if (enrolled) {
        token_expires_at_ =
            clock_.wall_now() + std::chrono::duration_cast<WallTime::duration>(session_lifetime);
        token = fmt::format("{}.{}{:04}", id, kTokenSecret, sessions);
        outcome = fmt::format(R"("evaluation":"pass","token":"{}","token_expires_at":"{}",)", token,
                              to_rfc3339(token_expires_at_));
    }
    return json_answer(
        200,
        fmt::format(
            R"({{"data":{{"type":"session","id":"{}","attributes":{{"agent_id":"{}",{}"created_at":"{}","challenges_expire_at":"{}","response_received_at":"{}"}}}}}})",
            id, agent_, outcome, to_rfc3339(clock_.wall_now()),
            to_rfc3339(clock_.wall_now() + std::chrono::minutes{1}), to_rfc3339(clock_.wall_now())));
}

HttpResponse StandIn::negotiated(const std::string& location, const std::string& text,
                                 const std::string& by) const {
    const std::string asked =
        asks_for_evidence
            ? R"({"evidence_class":"certification","evidence_type":"tpm_quote","chosen_parameters":{"challenge":")" +
                  nonce_text("hVf5xf2bVbURTI9jhTXJPw==") +
                  R"(","signature_scheme":"rsassa","hash_algorithm":"sha256","selected_subjects":{"sha256":[)" +
                  pcrs +
                  R"(],"sha1":null},"certification_key":{"key_class":"asymmetric","key_algorithm":"rsa","key_size":2048,"server_identifier":"ak"}}})"
            : "";
    std::string body = fmt::format(
        R"({{"data":{{"type":"attestation","attributes":{{"stage":"awaiting_evidence","evidence_requested":[{}],"system_info":{{"boot_time":"2026-11-23T10:00:00.000000+00:00"}},"capabilities_received_at":"{}","challenges_expire_at":"{}"}}}},"jsonapi":{{"version":"1.1"}}}})",
        asked, to_rfc3339(clock_.wall_now()),
        to_rfc3339(clock_.wall_now() + std::chrono::duration_cast<WallTime::duration>(challenge_lifetime)));
    if (!text.empty()) {
        const auto at = body.find(text);
        if (at == std::string::npos) throw std::invalid_argument("not in the body: " + text);
        body.replace(at, text.size(), by);
    }
    return json_answer(201, std::move(body), {{"Location", location}});
}

HttpResponse StandIn::answer(const HttpRequest& request) {
    const Call call = call_in(request, agent_);
    if (call >= Call::Negotiate) {
        if (bearer_of(request).empty()) return refusal_without_code(403, "requires agent authentication");
        if (bearer_of(request) != token) return refusal_without_code(401, "Invalid authentication token");
        if (refuses_expired_tokens && clock_.wall_now() >= token_expires_at_)
            return refusal_without_code(401, "Authentication token expired");
    }
    switch (call) {
        case Call::AskVersion:
            return json_answer(
                200,
                R"({"code":200,"status":"Success","results":{"current_version":"2.6","supported_versions":["1.0","2.0","2.1","2.2","2.3","2.4","2.5","2.6","3.0"]}})");
        case Call::Register: {
            active = false;
            if (challenge) return challenge(request);
            const Bytes blob = protocol::join_credential_blob({Bytes(68, 1), Bytes(256, 2)});
            return json_answer(200,
                               fmt::format(R"({{"code":200,"status":"Success","results":{{"blob":"{}"}}}})",
                                           to_base64(blob)));
        }
        case Call::Activate:
            active = request.body.find(protocol::auth_tag(agent_, octets(kSecret))) != std::string::npos;
            if (!active) return json_answer(400, R"({"code":400,"status":"deleted","results":{}})");
            return json_answer(200, R"({"code":200,"status":"Success","results":{}})");
        case Call::OpenSession:
            return open_session();
        case Call::Prove:
            if (request.target != "/v3.0/sessions/" + session_)
                return refusal_without_code(404, "Session not found");
            return prove();
        case Call::Negotiate:
            ++attestations;
            evidence_is_in_ = false;
            if (asks_for_logs && request.body.find("ima_log") != std::string::npos) {
                return negotiated(
                    fmt::format("/v3.0/agents/{}/attestations/{}", agent_, attestations - 1),
                    R"("server_identifier":"ak"}}})",
                    R"("server_identifier":"ak"}}},{"evidence_class":"log","evidence_type":"ima_log","chosen_parameters":{"starting_offset":0,"format":"text/plain"}})");
            }
            return negotiated(fmt::format("/v3.0/agents/{}/attestations/{}", agent_, attestations - 1));
        case Call::Submit:
            if (evidence_is_in_) return refusal(403, "evidence_immutable");
            if (!asks_for_evidence) return refusal(403, "challenges_expired");
            evidence_is_in_ = true;
            ++accepted;
            return json_answer(
                202,
                fmt::format(
                    R"({{"data":{{"type":"attestation","attributes":{{"stage":"evaluating_evidence"}}}},"meta":{{"seconds_to_next_attestation":{}}}}})",
                    seconds_to_next));
    }
    throw std::logic_error("no such call");
}

TpmAnswer StandIn::use(const UseTpm& use) const {
    if (std::holds_alternative<DescribeTpm>(use.operation)) return some_tpm();
    if (std::holds_alternative<ActivateCredential>(use.operation)) return octets(kSecret);
    if (const auto* certify = std::get_if<CertifyAk>(&use.operation)) {
        return tpm::Certification{certify->challenge, Bytes(262, 3)};
    }
    const auto& quote = std::get<QuotePcrs>(use.operation);
    tpm::Quote made{quote.challenge, Bytes(262, 4), quote.bank, {}};
    for (const int pcr : quote.pcrs)
        made.pcrs[pcr] = pcr_value;
    return made;
}

}  // namespace pushsim::lifecycle
