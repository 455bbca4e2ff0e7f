#include "sim/faults/evidence_message.hpp"

#include "agent/base/bytes.hpp"
#include "agent/protocol/pcr_blob.hpp"

namespace pushsim::faults {

Result<void> change_pcrs(Json& quote, const std::function<Result<void>(tpm::PcrValues&)>& change) {
    const auto octets = from_base64(quote["subject_data"].get<std::string>());
    if (!octets) return fail(octets.error());
    auto blob = protocol::read_pcr_blob(*octets);
    if (!blob) return fail(blob.error());
    if (auto changed = change(blob->pcrs); !changed) return changed;
    quote["subject_data"] = to_base64(protocol::write_pcr_blob(blob->bank, blob->pcrs));
    return {};
}

}  // namespace pushsim::faults
