#pragma once
// What is measured into a TPM, and the policies that allow it.

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "agent/base/bytes.hpp"

namespace pushsim::scenario {

/// What a PCR is extended with. `text:…` extends every bank, with that bank's own hash of the text;
/// `sha256:HEX` (or sha1, sha384, sha512) extends that bank alone.
struct Measurement {
    std::string as_written;  ///< "text:secure-boot-on" or "sha256:9b71…", boot::parse_measurement reads it
    std::string bank;        ///< "" for a text, else Keylime's name of the hash algorithm
    Bytes bytes;             ///< the octets of the text (not hashed), or the digest

    bool operator==(const Measurement&) const = default;
};

/// One TPM2_PCR_Extend; PCR 0 to 23.
struct Extension {
    int pcr = 0;
    Measurement measurement;

    bool operator==(const Extension&) const = default;
};

/// `tpm_policy: none`: enrolled with a policy that names no PCR; `runtime_policy: none`: with none.
struct NoPolicy {
    bool operator==(const NoPolicy&) const = default;
};
/// `tpm_policy: {from_boot: [0, 7]}`: exactly the SHA-256 values these PCRs have at the moment of enrolment.
struct PolicyFromBoot {
    std::vector<int> pcrs;  ///< in the order written
    bool operator==(const PolicyFromBoot&) const = default;
};
/// `tpm_policy: {7: ["00…"]}`: PCR -> the values it may have, lower-case hex.
struct LiteralPolicy {
    std::map<int, std::vector<std::string>> allowed;
    bool operator==(const LiteralPolicy&) const = default;
};
/// `tpm_policy: {json: '{"7": "…"}'}`: the text that the tenant sends, right or wrong.
struct PolicyText {
    std::string json;
    bool operator==(const PolicyText&) const = default;
};
using TpmPolicy = std::variant<NoPolicy, PolicyFromBoot, LiteralPolicy, PolicyText>;

/// `runtime_policy: from_boot`: exactly the files that are in the agent's IMA log at the moment of enrolment,
/// or with `{from_boot: GROUP}` in those of a group's agents when the tenant acts.
struct PolicyFromLog {
    std::string group;  ///< empty: the agent's own
    bool operator==(const PolicyFromLog&) const = default;
};
/// The IMA policy.
using RuntimePolicy = std::variant<NoPolicy, PolicyFromLog, PolicyText>;

// In words, for people.
std::string text(const TpmPolicy& policy);      ///< "the values of PCR 0, 7 at enrolment"
std::string text(const RuntimePolicy& policy);  ///< "the files in its log at enrolment"

}  // namespace pushsim::scenario
