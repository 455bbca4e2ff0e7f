#include "sim/scenario/policy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/scenario/values.hpp"

namespace pushsim::scenario {

std::string text(const TpmPolicy& policy) {
    if (const auto* from_boot = std::get_if<PolicyFromBoot>(&policy))
        return fmt::format("the values of PCR {} at enrolment", fmt::join(from_boot->pcrs, ", "));
    if (const auto* literal = std::get_if<LiteralPolicy>(&policy)) {
        std::string words;
        for (const auto& [pcr, values] : literal->allowed)
            words += fmt::format("{}PCR {}: {}", words.empty() ? "" : "; ", pcr, fmt::join(values, " or "));
        return words;
    }
    if (const auto* json = std::get_if<PolicyText>(&policy)) return "as sent: " + json->json;
    return "none, no PCR is required";
}

std::string text(const RuntimePolicy& policy) {
    if (const auto* from_log = std::get_if<PolicyFromLog>(&policy)) {
        return from_log->group.empty() ? "the files in its log at enrolment"
                                       : "the files in the logs of " + from_log->group;
    }
    const auto* as_sent = std::get_if<PolicyText>(&policy);
    return as_sent != nullptr ? shown(as_sent->json) : "none";
}

}  // namespace pushsim::scenario
