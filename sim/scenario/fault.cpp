#include "sim/scenario/fault.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/scenario/writing.hpp"

namespace pushsim::scenario {
namespace {

/// "body '/data/id' made null, with '/data/type'"
std::string change_text(const std::string& name, const RequestChange& change) {
    std::vector<std::string> parts;
    if (change.at) parts.push_back(fmt::format("'{}' made {}", *change.at, to_string(change.make)));
    for (const std::string& one : change.remove)
        parts.push_back(fmt::format("without '{}'", one));
    for (const auto& [one, value] : change.set)
        parts.push_back(fmt::format("with '{}'", one));
    if (change.raw) parts.emplace_back("as raw text");
    const char* which = change.request == 1   ? " of the first request"
                        : change.request == 2 ? " of the second request"
                                              : "";
    return fmt::format("{}{} {}", name, which, fmt::join(parts, ", "));
}

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
        case FaultKind::Body:
        case FaultKind::Header:
            return change_text(name, fault.change);
        case FaultKind::PcrValue:
        case FaultKind::ExtraPcr:
            return fmt::format("{} {}", name, fault.pcr);
        case FaultKind::NotBase64:
            return fmt::format("{} of {}", name, fault.member);
        case FaultKind::MeasureBetween:
            return fmt::format("{}, the {} first", name, fault.first);
        case FaultKind::HugeItem:
            return fmt::format("{} of {}", name, size_text(fault.size));
        case FaultKind::OtherChoice:
            return fmt::format("{} of {}, {}", name, fault.member, fault.text);
        case FaultKind::ContentType:
            return fmt::format("{} '{}'", name, fault.text);
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

const char* to_string(Make make) {
    switch (make) {
        case Make::Absent:
            return "absent";
        case Make::Null:
            return "null";
        case Make::WrongType:
            return "wrong_type";
        case Make::Empty:
            return "empty";
    }
    return "?";
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

}  // namespace pushsim::scenario
