#pragma once
// Registration and activation at the registrar, as the Rust agent does them (v2 paths; the v3 ones answer
// 500): keylime/web/registrar/agents_controller.py and keylime/models/registrar/registrar_agent.py;
// rust-keylime, keylime/src/registrar_client.rs. Parsers fail as protocol.hpp says.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/bytes.hpp"
#include "agent/base/http.hpp"
#include "agent/protocol/call.hpp"
#include "agent/protocol/credential.hpp"
#include "agent/tpm/types.hpp"

namespace pushsim::protocol {

/// GET /version (keylime/web/registrar/version_controller.py).
HttpRequest version_request(const CallHeaders& headers = {});

struct ApiVersions {
    std::string current;
    std::vector<std::string> supported;
};
/// 200.
Result<ApiVersions> parse_versions(const HttpResponse& answer, std::string_view call = {});

/// The registrar versions an agent speaks, newest first: 2.6 … 2.1 (rust-keylime,
/// keylime/src/config/push_model.rs).
const std::vector<std::string>& known_registrar_versions();

/// The server's current version if we speak it, else our newest that it lists, else nothing, as
/// registrar_client.rs chooses. (When /version is not answered with a success, an agent tries
/// known_registrar_versions() in order; a 403 ends that.)
std::optional<std::string> choose_registrar_version(const ApiVersions& offered);

/// What an agent registers.
struct Registration {
    Bytes ak_public;             ///< marshalled TPM2B_PUBLIC
    Bytes ek_public;             ///< marshalled TPM2B_PUBLIC; left out of the message when empty
    std::string ek_certificate;  ///< PEM, leaf first; empty when the TPM has none
    std::string contact_ip = "127.0.0.1";
    int contact_port = 9002;
    std::string mtls_certificate = "disabled";  ///< PEM, or what a push agent sends
};
Registration make_registration(const tpm::Description& tpm, std::string contact_ip = "127.0.0.1",
                               int contact_port = 9002);

/// POST /v2.x/agents/{agent_id} (AgentsController.create).
HttpRequest register_request(std::string_view agent_id, const Registration& registration,
                             std::string_view version = kAdminApiVersion, const CallHeaders& headers = {});

/// 200: the challenge to activate with. ErrorKind::Parse also for a blob that split_credential_blob refuses.
Result<CredentialBlob> parse_registration(const HttpResponse& answer, std::string_view call = {});

/// PUT /v2.x/agents/{agent_id} (AgentsController.activate); the tag is that of `auth_tag`.
HttpRequest activate_request(std::string_view agent_id, std::string_view tag,
                             std::string_view version = kAdminApiVersion, const CallHeaders& headers = {});

/// 200: activated.
Result<void> parse_activation(const HttpResponse& answer, std::string_view call = {});

}  // namespace pushsim::protocol
