#include "sim/cli/boot_policy.hpp"

#include <map>

#include <fmt/format.h>

#include "agent/protocol/admin.hpp"
#include "sim/fleet/tpm_device.hpp"

namespace pushsim::cli {

Result<std::string> policy_from_boot(const std::string& agent_id, const std::string& tcti,
                                     const std::vector<int>& pcrs) {
    fleet::TpmDevice::Options options;
    if (tcti.empty()) {
        auto kept = fleet::tpm_of_kept_agent(agent_id);
        if (!kept) return fail(kept.error());
        options = std::move(*kept);
    } else {
        options.tpm = {scenario::TpmKind::Outside, tcti};
    }
    tpm::TpmHost host;
    fleet::TpmDevice device(host, options);
    const auto values = device.read_pcrs(tpm::HashAlgorithm::Sha256, pcrs);
    if (const auto rested = device.rest(); !rested) return fail(rested.error());
    if (!values) return fail(values.error());
    protocol::PcrPolicy policy;
    for (const auto& [pcr, value] : *values)
        policy[pcr] = {to_hex(value)};
    return protocol::tpm_policy_text(policy);
}

}  // namespace pushsim::cli
