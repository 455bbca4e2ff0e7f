#pragma once
// What the tenant does: enrolment and its state at the verifier, records at the registrar (mTLS, v2 API).
// keylime/cloud_verifier_tornado.py (AgentsHandler), keylime/web/registrar/agents_controller.py, and
// keylime/tenant.py for what is sent. Parsers fail as protocol.hpp says.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/bytes.hpp"
#include "agent/base/http.hpp"
#include "agent/protocol/call.hpp"

namespace pushsim::protocol {

/// PCR -> values any of which is right, in lower-case hex (keylime/tpm/tpm_main.py, check_pcrs).
using PcrPolicy = std::map<int, std::vector<std::string>>;

/// The JSON text of `tpm_policy`, with the `mask` of its PCRs: {"0":["00…"],"mask":"0x1"}.
std::string tpm_policy_text(const PcrPolicy& policy);

/// The JSON text of an IMA policy that allows these files (path -> digests, in lower-case hex) and no other
/// (keylime/ima/ima.py, RUNTIME_POLICY_SCHEMA).
std::string runtime_policy_text(const std::map<std::string, std::vector<std::string>>& files);

/// What an agent is enrolled with. Texts are sent as they are, so that wrong ones can be, too.
struct Enrolment {
    Bytes ak_public;                                 ///< marshalled TPM2B_PUBLIC
    std::string tpm_policy = "{\"mask\": \"0x0\"}";  ///< JSON text; its mask means nothing in push mode
    std::string runtime_policy;                      ///< JSON text, sent as base64; empty for none
    std::optional<std::string> runtime_policy_name;
    std::optional<std::string> mb_policy;  ///< JSON text of a measured boot policy
    std::optional<std::string> mb_policy_name;
    std::string metadata = "{}";
    std::vector<std::string> accept_tpm_hash_algs = {"sha512", "sha384", "sha256"};
    std::vector<std::string> accept_tpm_encryption_algs = {"ecc", "rsa"};
    std::vector<std::string> accept_tpm_signing_algs = {"ecschnorr", "rsassa"};
    std::string supported_version = std::string{kAdminApiVersion};
    /// Stored with the agent; keylime_tenant goes there to delete it (keylime/tenant.py, do_cvdelete).
    std::string verifier_ip = "127.0.0.1";
    std::uint16_t verifier_port = 8881;
};

/// POST /v2.x/agents/{agent_id} at the verifier.
HttpRequest enrol_request(std::string_view agent_id, const Enrolment& enrolment,
                          std::string_view version = kAdminApiVersion, const CallHeaders& headers = {});
/// GET /v2.x/agents/{agent_id}.
HttpRequest status_request(std::string_view agent_id, std::string_view version = kAdminApiVersion,
                           const CallHeaders& headers = {});
/// GET /v2.x/agents/.
HttpRequest list_request(std::string_view version = kAdminApiVersion, const CallHeaders& headers = {});
/// DELETE /v2.x/agents/{agent_id}.
HttpRequest delete_request(std::string_view agent_id, std::string_view version = kAdminApiVersion,
                           const CallHeaders& headers = {});
/// PUT /v2.x/agents/{agent_id}/reactivate.
HttpRequest reactivate_request(std::string_view agent_id, std::string_view version = kAdminApiVersion,
                               const CallHeaders& headers = {});

/// PUT /v2.x/allowlists/{name}: replaces a named runtime policy, whose JSON text is sent as base64, right or
/// wrong (keylime/cloud_verifier_tornado.py, AllowlistHandler.put).
HttpRequest change_runtime_policy_request(std::string_view name, std::string_view policy,
                                          std::string_view version = kAdminApiVersion,
                                          const CallHeaders& headers = {});
/// 201 with an empty envelope; 404: there is none of that name.
Result<void> parse_policy_changed(const HttpResponse& answer, std::string_view call = {});

/// GET and DELETE /v2.x/allowlists/{name}. To the first it is 200 where there is one of that name, to both
/// 404 where there is none; the second is 204, or 409 while an agent is enrolled with it.
HttpRequest runtime_policy_request(std::string_view name, std::string_view version = kAdminApiVersion,
                                   const CallHeaders& headers = {});
HttpRequest delete_runtime_policy_request(std::string_view name, std::string_view version = kAdminApiVersion,
                                          const CallHeaders& headers = {});
/// Whether there is one of that name.
Result<bool> parse_runtime_policy_known(const HttpResponse& answer, std::string_view call = {});
/// There is none of that name any more: 204 without a body, or 404.
Result<void> parse_runtime_policy_deleted(const HttpResponse& answer, std::string_view call = {});

/// 200 with an empty envelope: what enrolment, deletion and reactivation succeed with.
Result<void> parse_done(const HttpResponse& answer, std::string_view call = {});

/// The state of an agent as the status API tells it (keylime/cloud_verifier_common.py, process_get_status).
/// It is no verdict: after one failure it says FAIL until the agent is enrolled anew, whatever passes since
/// then, and an agent that never attested stays PENDING.
struct AgentStatus {
    std::string attestation_status;         ///< PENDING, PASS, FAIL, TIMEOUT
    std::uint64_t attestation_count = 0;    ///< passes since enrolment
    std::uint64_t last_received_quote = 0;  ///< Unix seconds of the last verified evidence; 0 at first
    std::uint64_t last_successful_attestation = 0;  ///< Unix seconds; 0 at first
    std::optional<int> operational_state;           ///< means nothing in push mode
    std::string attestation_period;                 ///< "2s"
    std::string maximum_attestation_interval;       ///< "10s"
    std::string tpm_policy;                         ///< JSON text
    bool has_runtime_policy = false;
    bool has_mb_refstate = false;
    std::vector<std::string> accept_tpm_hash_algs;
    std::vector<std::string> accept_tpm_encryption_algs;
    std::vector<std::string> accept_tpm_signing_algs;
};
/// 200. A 404 (ErrorKind::Protocol) says that the agent is not enrolled.
Result<AgentStatus> parse_status(const HttpResponse& answer, std::string_view call = {});

/// 200: agent ids, from the verifier (one-element arrays) or the registrar (texts), as many as there are.
Result<std::vector<std::string>> parse_list(const HttpResponse& answer, std::string_view call = {});

/// GET /v2.x/agents/{agent_id} at the registrar's TLS port.
HttpRequest registrar_agent_request(std::string_view agent_id, std::string_view version = kAdminApiVersion,
                                    const CallHeaders& headers = {});
/// GET /v2.x/agents at the registrar's TLS port.
HttpRequest registrar_list_request(std::string_view version = kAdminApiVersion,
                                   const CallHeaders& headers = {});
/// DELETE /v2.x/agents/{agent_id} at the registrar's TLS port.
HttpRequest registrar_delete_request(std::string_view agent_id, std::string_view version = kAdminApiVersion,
                                     const CallHeaders& headers = {});

/// What the registrar holds of an active agent (keylime/models/registrar/registrar_agent.py, render).
struct RegistrarAgent {
    Bytes ak_public;                      ///< marshalled TPM2B_PUBLIC
    Bytes ek_public;                      ///< marshalled TPM2B_PUBLIC
    std::optional<Bytes> ek_certificate;  ///< DER
    std::optional<std::string> mtls_certificate;
    std::optional<std::string> ip;
    std::optional<int> port;
    std::uint64_t registration_count = 0;
};
/// 200. A 404 (ErrorKind::Protocol) says that the agent is not registered, or not activated.
Result<RegistrarAgent> parse_registrar_agent(const HttpResponse& answer, std::string_view call = {});

}  // namespace pushsim::protocol
