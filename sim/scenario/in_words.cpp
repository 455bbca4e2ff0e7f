// Plans as people say them.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/scenario/plan.hpp"
#include "sim/scenario/values.hpp"

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
            return name;
    }
}

}  // namespace

std::string share_text(double share) {
    return fmt::format("{:.6g}%", share * 100);
}

std::string text(const Amount& amount) {
    if (!amount.varies) return to_text(amount.fixed);
    const std::vector<Duration>& values = amount.varies->values;
    const auto all = [&](const char* between) {
        std::vector<std::string> words;
        words.reserve(values.size());
        for (const Duration value : values)
            words.push_back(to_text(value));
        return fmt::format("{}", fmt::join(words, between));
    };
    switch (amount.varies->kind) {
        case Distribution::Kind::Uniform:
            return all(" to ");
        case Distribution::Kind::Normal:
            return fmt::format("about {} (deviation {})", to_text(values[0]), to_text(values[1]));
        case Distribution::Kind::Exponential:
            return fmt::format("{} on average (exponential)", to_text(values[0]));
        case Distribution::Kind::OneOf:
            return all(" or ");
        case Distribution::Kind::List:
            return all(", then ");
    }
    return "";
}

std::string text(const Fault& fault) {
    std::string words = kind_text(fault);
    if (fault.in_phase) words += fmt::format(" in {}", to_string(*fault.in_phase));
    if (!fault.agents.empty()) words += fmt::format(" of {}", fmt::join(fault.agents, ", "));
    if (fault.probability < 1) words += fmt::format(" in {} of the cycles", share_text(fault.probability));
    if (fault.from > Duration::zero()) words += " from " + to_text(fault.from);
    if (fault.to) words += " until " + to_text(*fault.to);
    return words;
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

std::string text(const RuntimePolicy& policy) {
    if (const auto* from_log = std::get_if<PolicyFromLog>(&policy)) {
        return from_log->group.empty() ? "the files in its log at enrolment"
                                       : "the files in the logs of " + from_log->group;
    }
    const auto* as_sent = std::get_if<PolicyText>(&policy);
    return as_sent != nullptr ? shown(as_sent->json) : "none";
}

std::string signed_text(Duration duration) {
    return duration < Duration::zero() ? "-" + to_text(-duration) : to_text(duration);
}

std::string text(const Group& group) {
    std::string words = fmt::format("tpm: {}, ak: {}, source: {}, connections: {}, tls: {{resumption: {}}}",
                                    to_string(group.tpm), to_string(group.ak), to_string(group.source),
                                    to_string(group.connections), group.tls_resumption);
    if (group.clock_offset != Duration::zero())
        words += fmt::format(", clock: {{offset: {}}}", signed_text(group.clock_offset));
    return words;
}

}  // namespace pushsim::scenario
