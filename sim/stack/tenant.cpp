#include "sim/stack/tenant.hpp"

#include <utility>

namespace pushsim::stack {
namespace {

TlsIdentity administrator(const StackAddress& address) {
    return {.ca_file = address.ca_file,
            .certificate = address.admin_certificate,
            .key = address.admin_key,
            .verify_server = address.verify_server};
}

template <typename Parse>
auto answer_of(Call call, const HostPort& server, const Parse& parse)
    -> Answer<typename decltype(parse(HttpResponse{}, std::string{}))::value_type> {
    auto response = response_of(call, server);
    if (!response) return {std::move(call), fail(std::move(response.error()))};
    const std::string name = protocol::call_name(call.request);
    return {std::move(call), parse(*response, name)};
}

}  // namespace

Tenant::Tenant(StackAddress address, const Clock& clock, Duration limit)
    : address_(std::move(address)),
      verifier_(address_.verifier, administrator(address_), clock, limit),
      registrar_(address_.registrar_tls, administrator(address_), clock, limit) {}

Call Tenant::at_verifier(const HttpRequest& request) {
    if (address_.relay) return address_.relay->exchange(AdminRelay::Server::Verifier, request);
    return verifier_.exchange(request);
}

Call Tenant::at_registrar(const HttpRequest& request) {
    if (address_.relay) return address_.relay->exchange(AdminRelay::Server::Registrar, request);
    return registrar_.exchange(request);
}

void Tenant::cut() {
    if (address_.relay) address_.relay->cut();
    verifier_.cut();
    registrar_.cut();
}

Answer<void> Tenant::enrol(const std::string& agent_id, protocol::Enrolment enrolment) {
    enrolment.supported_version = address_.api_version;
    enrolment.verifier_ip = address_.verifier.host;
    enrolment.verifier_port = address_.verifier.port;
    return answer_of(at_verifier(protocol::enrol_request(agent_id, enrolment, address_.api_version)),
                     address_.verifier, protocol::parse_done);
}

Answer<protocol::AgentStatus> Tenant::status(const std::string& agent_id) {
    return answer_of(at_verifier(protocol::status_request(agent_id, address_.api_version)), address_.verifier,
                     protocol::parse_status);
}

Answer<void> Tenant::remove(const std::string& agent_id) {
    return answer_of(at_verifier(protocol::delete_request(agent_id, address_.api_version)), address_.verifier,
                     protocol::parse_done);
}

Answer<void> Tenant::reactivate(const std::string& agent_id) {
    return answer_of(at_verifier(protocol::reactivate_request(agent_id, address_.api_version)),
                     address_.verifier, protocol::parse_done);
}

Answer<void> Tenant::change_runtime_policy(const std::string& name, const std::string& policy) {
    return answer_of(at_verifier(protocol::change_runtime_policy_request(name, policy, address_.api_version)),
                     address_.verifier, protocol::parse_policy_changed);
}

Answer<bool> Tenant::has_runtime_policy(const std::string& name) {
    return answer_of(at_verifier(protocol::runtime_policy_request(name, address_.api_version)),
                     address_.verifier, protocol::parse_runtime_policy_known);
}

Answer<void> Tenant::remove_runtime_policy(const std::string& name) {
    return answer_of(at_verifier(protocol::delete_runtime_policy_request(name, address_.api_version)),
                     address_.verifier, protocol::parse_runtime_policy_deleted);
}

Answer<std::vector<std::string>> Tenant::list() {
    return answer_of(at_verifier(protocol::list_request(address_.api_version)), address_.verifier,
                     protocol::parse_list);
}

Answer<protocol::RegistrarAgent> Tenant::registered(const std::string& agent_id) {
    return answer_of(at_registrar(protocol::registrar_agent_request(agent_id, address_.api_version)),
                     address_.registrar_tls, protocol::parse_registrar_agent);
}

Answer<std::vector<std::string>> Tenant::list_registered() {
    return answer_of(at_registrar(protocol::registrar_list_request(address_.api_version)),
                     address_.registrar_tls, protocol::parse_list);
}

Answer<void> Tenant::remove_registered(const std::string& agent_id) {
    return answer_of(at_registrar(protocol::registrar_delete_request(agent_id, address_.api_version)),
                     address_.registrar_tls, protocol::parse_done);
}

}  // namespace pushsim::stack
