#include "agent/protocol/registrar.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "agent/protocol/admin.hpp"
#include "agent/protocol/answer.hpp"
#include "agent/protocol/request.hpp"

namespace pushsim::protocol {

HttpRequest version_request(const CallHeaders& headers) {
    return bare_request("GET", "/version", kAnything, headers);
}

Result<ApiVersions> parse_versions(const HttpResponse& answer, std::string_view call) {
    auto document = open_answer(answer, {200}, call);
    if (!document) return fail(std::move(document).error());
    const json::Value results = open_envelope(*document, answer.status);
    ApiVersions versions;
    versions.current = results.text("current_version");
    versions.supported = results.texts("supported_versions");
    return close_answer(*document, call, std::move(versions));
}

const std::vector<std::string>& known_registrar_versions() {
    static const std::vector<std::string> versions = {"2.6", "2.5", "2.4", "2.3", "2.2", "2.1"};
    return versions;
}

std::optional<std::string> choose_registrar_version(const ApiVersions& offered) {
    const auto& known = known_registrar_versions();
    if (std::ranges::find(known, offered.current) != known.end()) return offered.current;
    for (const std::string& version : known) {
        if (std::ranges::find(offered.supported, version) != offered.supported.end()) return version;
    }
    return std::nullopt;
}

Registration make_registration(const tpm::Description& tpm, std::string contact_ip, int contact_port) {
    Registration registration;
    registration.ak_public = tpm.ak_public;
    registration.ek_public = tpm.ek_public;
    registration.ek_certificate = tpm.ek_certificate;
    registration.contact_ip = std::move(contact_ip);
    registration.contact_port = contact_port;
    return registration;
}

HttpRequest register_request(std::string_view agent_id, const Registration& registration,
                             std::string_view version, const CallHeaders& headers) {
    nlohmann::ordered_json body;
    body["aik_tpm"] = to_base64(registration.ak_public);
    if (!registration.ek_public.empty()) body["ek_tpm"] = to_base64(registration.ek_public);
    body["ekcert"] = registration.ek_certificate;
    body["iak_cert"] = nullptr;
    body["idevid_cert"] = nullptr;
    body["ip"] = registration.contact_ip;
    body["mtls_cert"] = registration.mtls_certificate;
    body["port"] = registration.contact_port;
    return json_request("POST", agents_target(version, agent_id), kJson, kJson, headers, body);
}

Result<CredentialBlob> parse_registration(const HttpResponse& answer, std::string_view call) {
    auto document = open_answer(answer, {200}, call);
    if (!document) return fail(std::move(document).error());
    const json::Value results = open_envelope(*document, answer.status);
    const Bytes blob = results.base64("blob");
    auto parts = split_credential_blob(blob);
    if (!parts) results.wrong("blob", parts.error().message);
    return close_answer(*document, call, parts ? *std::move(parts) : CredentialBlob{});
}

HttpRequest activate_request(std::string_view agent_id, std::string_view tag, std::string_view version,
                             const CallHeaders& headers) {
    nlohmann::ordered_json body;
    body["auth_tag"] = tag;
    return json_request("PUT", agents_target(version, agent_id), kJson, kJson, headers, body);
}

Result<void> parse_activation(const HttpResponse& answer, std::string_view call) {
    return parse_done(answer, call);
}

}  // namespace pushsim::protocol
