#include "sim/scenario/fault.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pushsim::scenario {
namespace {

std::string kind_text(const Fault& fault) {
    const std::string name = to_string(fault.kind);
    const std::string duration = text(Amount{fault.duration, fault.varies});
    switch (fault.kind) {
        case FaultKind::HoldEvidence:
            return fmt::format("{} until {}", name, to_string(fault.until));
        case FaultKind::Delay:
            return fmt::format("{} before {} for {}", name, to_string(fault.phase), duration);
        case FaultKind::Stall:
            return fmt::format("{} after {} for {}", name, to_string(fault.phase), duration);
        case FaultKind::Early:
        case FaultKind::ClockSkew:
            return fmt::format("{} by {}", name, duration);
        case FaultKind::Herd:
            return fmt::format("{} before {}", name, to_string(fault.phase));
        case FaultKind::Swizzle:
            return fmt::format("{} of {} of the agents, one every {}", name, share_text(fault.share),
                               duration);
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
            return to_string(fault.kind);
    }
}

}  // namespace

std::string text(const Fault& fault) {
    std::string words = kind_text(fault);
    if (fault.in_phase) words += fmt::format(" in {}", to_string(*fault.in_phase));
    if (!fault.agents.empty()) words += fmt::format(" of {}", fmt::join(fault.agents, ", "));
    if (fault.probability < 1) words += fmt::format(" in {} of the cycles", share_text(fault.probability));
    if (fault.from > Duration::zero()) words += " from " + to_text(fault.from);
    if (fault.to) words += " until " + to_text(*fault.to);
    return words;
}

}  // namespace pushsim::scenario
