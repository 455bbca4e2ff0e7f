#pragma once
// How agents and raw requests reach a stack.

#include <memory>

#include "agent/base/result.hpp"
#include "agent/transport/endpoint.hpp"
#include "agent/transport/tls.hpp"
#include "sim/stack/address.hpp"

namespace pushsim::cli {

transport::Endpoint registrar_of(const stack::StackAddress& address);  ///< where agents register
transport::Endpoint verifier_of(const stack::StackAddress& address);

struct Wires {
    transport::Endpoint registrar;  ///< these are resolved
    transport::Endpoint registrar_tls;
    transport::Endpoint verifier;
    std::shared_ptr<const transport::TlsIdentity> tls;        ///< an agent's, without a certificate
    std::shared_ptr<const transport::TlsIdentity> admin_tls;  ///< the tenant's
};
/// ErrorKind::Transport where a name does not resolve, Config where a certificate cannot be used.
Result<Wires> wires_to(const stack::StackAddress& address);

}  // namespace pushsim::cli
