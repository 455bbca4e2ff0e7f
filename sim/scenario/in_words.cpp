// Plans as people say them.

#include <fmt/format.h>

#include "sim/scenario/plan.hpp"

namespace pushsim::scenario {

std::string text(const Fault& fault) {
    const char* name = to_string(fault.kind);
    switch (fault.kind) {
        case FaultKind::HoldEvidence:
            return fmt::format("{} until {}", name, to_string(fault.until));
        case FaultKind::Delay:
            return fmt::format("{} before {} for {}", name, to_string(fault.phase), to_text(fault.duration));
        case FaultKind::Stall:
            return fmt::format("{} after {} for {}", name, to_string(fault.phase), to_text(fault.duration));
        case FaultKind::Early:
        case FaultKind::ClockSkew:
            return fmt::format("{} by {}", name, to_text(fault.duration));
        case FaultKind::Herd:
            return fmt::format("{} before {}", name, to_string(fault.phase));
        case FaultKind::ConcurrentSubmit:
            return fmt::format("{} on {} connections", name, fault.count);
        case FaultKind::ConcurrentNegotiate:
            return fmt::format("{} of {}", name, fault.count);
        case FaultKind::ForeignToken:
        case FaultKind::ForeignPop:
        case FaultKind::OtherAgentId:
            return fmt::format("{} of {}", name, fault.of);
        case FaultKind::Reregister:
            return fmt::format("{} from {} TPM", name, fault.other_tpm ? "another" : "the same");
        default:
            return name;
    }
}

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

std::string text(const Extension& measured) {
    return fmt::format("PCR {}: {}", measured.pcr, measured.measurement.as_written);
}

std::string text(const Group& group) {
    return fmt::format("tpm: {}, ak: {}, source: {}, connections: {}, tls: {{resumption: {}}}",
                       to_string(group.tpm), to_string(group.ak), to_string(group.source),
                       to_string(group.connections), group.tls_resumption);
}

std::string text(const Step& step) {
    std::string words = to_string(step.kind);
    if (step.kind == StepKind::Wait) return fmt::format("{} {}", words, to_text(step.wait));
    if (step.kind == StepKind::Repeat) return fmt::format("{} {} times:", words, step.times);
    words += fmt::format(" {}", fmt::join(step.agents, ", "));
    if (step.times != 1) words += fmt::format(", {} times", step.times);
    if (step.bare) words += ", and nothing that it needs before";
    for (const Extension& measured : step.extend)
        words += ", " + text(measured);
    if (step.tpm_policy) words += ", policy: " + text(*step.tpm_policy);
    for (const Fault& fault : step.faults)
        words += ", with " + text(fault);
    return words;
}

}  // namespace pushsim::scenario
