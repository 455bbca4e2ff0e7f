#include "sim/fleet/manner.hpp"

#include <fmt/format.h>

namespace pushsim::fleet {

Manner manner_of(const scenario::Group& group, int overall) {
    Manner manner;
    if (group.source == scenario::Source::Own) manner.source_address = own_address(overall);
    manner.clock_offset = group.clock_offset;
    manner.session_connection = group.connections == scenario::Connections::RustAgent;
    manner.connections = {.keep_alive = group.connections != scenario::Connections::PerRequest,
                          .resume_sessions = group.tls_resumption};
    if (group.habits == scenario::Habits::RustAgent) {
        const scenario::RustAgentHabits& options = group.rust_agent;
        manner.habits = lifecycle::rust_agent_habits();
        manner.habits.interval = options.interval;
        manner.habits.requests = {.initial = options.backoff_initial,
                                  .longest = options.backoff_longest,
                                  .retries = options.max_retries};
        manner.habits.request_timeout = options.timeout;
    }
    return manner;
}

tpm::AkAlgorithms algorithms_of(const scenario::AkAlgorithms& ak) {
    constexpr tpm::SignatureScheme schemes[] = {tpm::SignatureScheme::Rsassa, tpm::SignatureScheme::Rsapss,
                                                tpm::SignatureScheme::Ecdsa};
    return {
        .key = ak.key == scenario::AkKey::Ecc256 ? tpm::KeyAlgorithm::EccP256 : tpm::KeyAlgorithm::Rsa2048,
        .scheme = schemes[static_cast<int>(ak.scheme)],
        .hash =
            ak.hash == scenario::AkHash::Sha384 ? tpm::HashAlgorithm::Sha384 : tpm::HashAlgorithm::Sha256};
}

std::string own_address(int overall) {
    constexpr int per_octet = 254;  // without 0 and 255
    const int low = overall % per_octet + 1;
    const int middle = overall / per_octet % per_octet;
    return fmt::format("127.{}.{}.{}", 64 + overall / per_octet / per_octet, middle, low);
}

}  // namespace pushsim::fleet
