#include "agent/protocol/admin.hpp"

#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "agent/protocol/answer.hpp"
#include "agent/protocol/request.hpp"

namespace pushsim::protocol {
namespace {

using nlohmann::ordered_json;

template <typename T>
ordered_json or_null(const std::optional<T>& value) {
    return value ? ordered_json(*value) : ordered_json(nullptr);
}

template <typename T>
std::optional<T> in_range(const json::Value& object, std::string_view name) {
    const auto value = object.optional_count(name);
    if (!value) return std::nullopt;
    if (*value > static_cast<std::uint64_t>(std::numeric_limits<T>::max())) {
        object.wrong(name, fmt::format("{} is out of range", *value));
    }
    return static_cast<T>(*value);
}

std::string policy_target(std::string_view version, std::string_view name) {
    return fmt::format("/v{}/allowlists/{}", version, name);
}

}  // namespace

std::string tpm_policy_text(const PcrPolicy& policy) {
    ordered_json json = ordered_json::object();
    std::uint32_t mask = 0;
    for (const auto& [pcr, values] : policy) {
        json[std::to_string(pcr)] = values;
        if (pcr >= 0 && pcr < 32) mask |= 1U << static_cast<unsigned>(pcr);
    }
    json["mask"] = fmt::format("{:#x}", mask);
    return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string runtime_policy_text(const std::map<std::string, std::vector<std::string>>& files) {
    // Of one that is 0 or 1 the verifier asks for no log (keylime/verification/tpm_engine.py,
    // expects_ima_log).
    constexpr int generator = 3;
    const ordered_json nothing = ordered_json::object();
    ordered_json json;
    json["meta"] = {{"version", 1}, {"generator", generator}};
    json["release"] = 0;
    json["digests"] = nothing;
    for (const auto& [path, digests] : files)
        json["digests"][path] = digests;
    json["excludes"] = ordered_json::array();
    json["keyrings"] = nothing;
    json["ima"] = {
        {"ignored_keyrings", ordered_json::array()}, {"log_hash_alg", "sha1"}, {"dm_policy", nullptr}};
    json["ima-buf"] = nothing;
    json["verification-keys"] = "";
    return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

HttpRequest enrol_request(std::string_view agent_id, const Enrolment& enrolment, std::string_view version,
                          const CallHeaders& headers) {
    ordered_json body;
    body["v"] = nullptr;
    body["cloudagent_ip"] = nullptr;
    body["cloudagent_port"] = nullptr;
    body["verifier_ip"] = enrolment.verifier_ip;
    body["verifier_port"] = enrolment.verifier_port;
    body["tpm_policy"] = enrolment.tpm_policy;
    body["runtime_policy"] = to_base64(as_bytes(enrolment.runtime_policy));
    body["runtime_policy_name"] = or_null(enrolment.runtime_policy_name);
    body["runtime_policy_key"] = nullptr;
    body["mb_policy"] = or_null(enrolment.mb_policy);
    body["mb_policy_name"] = or_null(enrolment.mb_policy_name);
    body["ima_sign_verification_keys"] = "";
    body["metadata"] = enrolment.metadata;
    body["revocation_key"] = "";
    body["accept_tpm_hash_algs"] = enrolment.accept_tpm_hash_algs;
    body["accept_tpm_encryption_algs"] = enrolment.accept_tpm_encryption_algs;
    body["accept_tpm_signing_algs"] = enrolment.accept_tpm_signing_algs;
    body["ak_tpm"] = to_base64(enrolment.ak_public);
    body["mtls_cert"] = nullptr;
    body["supported_version"] = enrolment.supported_version;
    return json_request("POST", agents_target(version, agent_id), kJson, kJson, headers, body);
}

HttpRequest status_request(std::string_view agent_id, std::string_view version, const CallHeaders& headers) {
    return bare_request("GET", agents_target(version, agent_id), kJson, headers);
}

HttpRequest list_request(std::string_view version, const CallHeaders& headers) {
    return bare_request("GET", agents_target(version) + "/", kJson, headers);
}

HttpRequest delete_request(std::string_view agent_id, std::string_view version, const CallHeaders& headers) {
    return bare_request("DELETE", agents_target(version, agent_id), kJson, headers);
}

HttpRequest reactivate_request(std::string_view agent_id, std::string_view version,
                               const CallHeaders& headers) {
    // Without Content-Type: the verifier refuses a body that is said to be JSON and is empty.
    return bare_request("PUT", agents_target(version, agent_id) + "/reactivate", kJson, headers);
}

HttpRequest change_runtime_policy_request(std::string_view name, std::string_view policy,
                                          std::string_view version, const CallHeaders& headers) {
    ordered_json body;
    body["tpm_policy"] = "";
    body["runtime_policy"] = to_base64(as_bytes(policy));
    return json_request("PUT", policy_target(version, name), kJson, kJson, headers, body);
}

HttpRequest runtime_policy_request(std::string_view name, std::string_view version,
                                   const CallHeaders& headers) {
    return bare_request("GET", policy_target(version, name), kJson, headers);
}

HttpRequest delete_runtime_policy_request(std::string_view name, std::string_view version,
                                          const CallHeaders& headers) {
    return bare_request("DELETE", policy_target(version, name), kJson, headers);
}

namespace {

Result<void> parse_empty(const HttpResponse& answer, int status, std::string_view call) {
    auto document = open_answer(answer, {status}, call);
    if (!document) return fail(std::move(document).error());
    open_envelope(*document, answer.status);
    if (!document->complaint().empty()) return fail(malformed(call, document->complaint()));
    return {};
}

}  // namespace

Result<void> parse_policy_changed(const HttpResponse& answer, std::string_view call) {
    return parse_empty(answer, 201, call);
}

Result<bool> parse_runtime_policy_known(const HttpResponse& answer, std::string_view call) {
    const auto document = open_answer(answer, {200, 404}, call);
    if (!document) return fail(document.error());
    return answer.status == 200;
}

Result<void> parse_runtime_policy_deleted(const HttpResponse& answer, std::string_view call) {
    if (answer.status == 204) return {};
    const auto document = open_answer(answer, {204, 404}, call);
    if (!document) return fail(document.error());
    return {};
}

Result<void> parse_done(const HttpResponse& answer, std::string_view call) {
    return parse_empty(answer, 200, call);
}

Result<AgentStatus> parse_status(const HttpResponse& answer, std::string_view call) {
    auto document = open_answer(answer, {200}, call);
    if (!document) return fail(std::move(document).error());
    const json::Value results = open_envelope(*document, answer.status);
    AgentStatus status;
    status.attestation_status = results.text("attestation_status");
    status.attestation_count = results.count("attestation_count");
    status.last_received_quote = results.count("last_received_quote");
    status.last_successful_attestation = results.count("last_successful_attestation");
    status.operational_state = in_range<int>(results, "operational_state");
    status.attestation_period = results.text("attestation_period");
    status.maximum_attestation_interval = results.text("maximum_attestation_interval");
    status.tpm_policy = results.text("tpm_policy");
    status.has_runtime_policy = results.flag("has_runtime_policy");
    status.has_mb_refstate = results.flag("has_mb_refstate");
    status.accept_tpm_hash_algs = results.texts("accept_tpm_hash_algs");
    status.accept_tpm_encryption_algs = results.texts("accept_tpm_encryption_algs");
    status.accept_tpm_signing_algs = results.texts("accept_tpm_signing_algs");
    return close_answer(*document, call, std::move(status));
}

Result<std::vector<std::string>> parse_list(const HttpResponse& answer, std::string_view call) {
    auto document = open_answer(answer, {200}, call);
    if (!document) return fail(std::move(document).error());
    std::vector<std::string> ids;
    for (const json::Value& item : open_envelope(*document, answer.status).array("uuids")) {
        const auto row = item.is_string() ? std::vector{item} : item.as_array(1);
        if (row.empty()) item.wrong({}, "no element, expected 1");
        if (!document->complaint().empty()) break;
        ids.push_back(row.front().as_text());
    }
    return close_answer(*document, call, std::move(ids));
}

HttpRequest registrar_agent_request(std::string_view agent_id, std::string_view version,
                                    const CallHeaders& headers) {
    return bare_request("GET", agents_target(version, agent_id), kJson, headers);
}

HttpRequest registrar_list_request(std::string_view version, const CallHeaders& headers) {
    return bare_request("GET", agents_target(version), kJson, headers);
}

HttpRequest registrar_delete_request(std::string_view agent_id, std::string_view version,
                                     const CallHeaders& headers) {
    return bare_request("DELETE", agents_target(version, agent_id), kJson, headers);
}

Result<RegistrarAgent> parse_registrar_agent(const HttpResponse& answer, std::string_view call) {
    auto document = open_answer(answer, {200}, call);
    if (!document) return fail(std::move(document).error());
    const json::Value results = open_envelope(*document, answer.status);
    RegistrarAgent agent;
    agent.ak_public = results.base64("aik_tpm");
    agent.ek_public = results.base64("ek_tpm");
    agent.ek_certificate = results.optional_base64("ekcert");
    agent.mtls_certificate = results.optional_text("mtls_cert");
    agent.ip = results.optional_text("ip");
    agent.port = in_range<int>(results, "port");
    agent.registration_count = results.count("regcount");
    return close_answer(*document, call, std::move(agent));
}

}  // namespace pushsim::protocol
