#include "sim/cli/wires.hpp"

#include <utility>

namespace pushsim::cli {

transport::Endpoint registrar_of(const stack::StackAddress& address) {
    return {.scheme = transport::Scheme::Http,
            .host = address.registrar_http.host,
            .port = address.registrar_http.port};
}

transport::Endpoint verifier_of(const stack::StackAddress& address) {
    return {.scheme = transport::Scheme::Https, .host = address.verifier.host, .port = address.verifier.port};
}

Result<Wires> wires_to(const stack::StackAddress& address) {
    transport::TlsSettings trust;
    trust.ca_files = {address.ca_file.string()};
    auto agent = transport::TlsIdentity::make(trust);
    if (!agent) return fail(agent.error());
    transport::TlsSettings administrator = trust;
    administrator.certificate_file = address.admin_certificate.string();
    administrator.key_file = address.admin_key.string();
    auto admin = transport::TlsIdentity::make(administrator);
    if (!admin) return fail(admin.error());

    auto registrar = transport::resolve(registrar_of(address));
    if (!registrar) return fail(registrar.error());
    auto registrar_tls = transport::resolve({.scheme = transport::Scheme::Https,
                                             .host = address.registrar_tls.host,
                                             .port = address.registrar_tls.port});
    if (!registrar_tls) return fail(registrar_tls.error());
    auto verifier = transport::resolve(verifier_of(address));
    if (!verifier) return fail(verifier.error());
    return Wires{std::move(*registrar), std::move(*registrar_tls), std::move(*verifier), std::move(*agent),
                 std::move(*admin)};
}

}  // namespace pushsim::cli
