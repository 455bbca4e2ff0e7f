#pragma once
// What a stack that runs already says of itself before anybody relies on it.

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/stack/address.hpp"

namespace pushsim::stack {

/// Asks both servers for their API versions and the verifier for its mode, and both whether they take us for
/// the administrator. Gives the address with the newest v2 version that both serve and we speak. A server
/// that nobody can connect to is left to whoever needs it. Each error names server, finding and way out:
/// ErrorKind::Stack     what answers is no such server
/// ErrorKind::Config    a server's certificate does not verify, the verifier is in pull mode, no version is
///                      common, the ports of both are swapped, or the administrator's certificate is none
Result<StackAddress> inspect(StackAddress address, const Clock& clock);

/// The part of it that agents can do: the verifier's certificate and mode. `address` needs verifier and
/// ca_file.
Result<void> inspect_verifier(const StackAddress& address, const Clock& clock);

/// What is to be said where a registrar answers as `verifier` and a verifier as `registrar_tls`.
Error ports_are_swapped(const HostPort& verifier, const HostPort& registrar_tls);

}  // namespace pushsim::stack
