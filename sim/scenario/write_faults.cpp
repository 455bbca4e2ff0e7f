#include <yaml-cpp/emitter.h>

#include "sim/scenario/writing.hpp"

namespace pushsim::scenario {
namespace {

void write_change(YAML::Emitter& out, const Fault& fault) {
    const RequestChange& change = fault.change;
    if (!change.set.empty()) {
        key(out, "set") << YAML::BeginMap;
        for (const auto& [name, value] : change.set) {
            out << YAML::Key;
            quoted(out, name) << YAML::Value;
            if (fault.kind == FaultKind::Body) {
                write_json(out, value);
            } else {
                quoted(out, value);
            }
        }
        out << YAML::EndMap;
    }
    if (!change.remove.empty()) write_texts(out, "remove", change.remove);
    if (change.at) {
        key(out, "at");
        quoted(out, *change.at);
        key(out, "make");
        quoted(out, to_string(change.make));
    }
    if (change.raw) {
        key(out, "raw");
        quoted(out, *change.raw);
    }
    if (change.request != 0) key(out, "request") << (change.request == 1 ? "first" : "second");
}

void write_fault_keys(YAML::Emitter& out, const Fault& fault) {
    const Amount amount{fault.duration, fault.varies};
    switch (fault.kind) {
        case FaultKind::HoldEvidence:
            key(out, "until") << to_string(fault.until);
            return;
        case FaultKind::Delay:
            key(out, "before") << to_string(fault.phase);
            write_amount(out, "for", amount);
            return;
        case FaultKind::Stall:
            key(out, "after") << to_string(fault.phase);
            write_amount(out, "for", amount);
            return;
        case FaultKind::Early:
        case FaultKind::ClockSkew:
            write_amount(out, "by", amount);
            return;
        case FaultKind::Herd:
            key(out, "before") << to_string(fault.phase);
            return;
        case FaultKind::Swizzle:
            key(out, "share") << share_text(fault.share);
            write_amount(out, "every", amount);
            return;
        case FaultKind::ConcurrentSubmit:
            key(out, "connections") << fault.count;
            return;
        case FaultKind::ConcurrentNegotiate:
            key(out, "count") << fault.count;
            return;
        case FaultKind::Body:
        case FaultKind::Header:
            write_change(out, fault);
            return;
        case FaultKind::PcrValue:
        case FaultKind::ExtraPcr:
            key(out, "pcr") << fault.pcr;
            return;
        case FaultKind::NotBase64:
            key(out, "of") << fault.member;
            return;
        case FaultKind::MeasureBetween:
            key(out, "first") << fault.first;
            return;
        case FaultKind::HugeItem:
            key(out, "size") << size_text(fault.size);
            return;
        case FaultKind::OtherChoice:
            key(out, "of") << fault.member;
            key(out, "is") << fault.text;
            return;
        case FaultKind::ContentType:
            key(out, "is");
            quoted(out, fault.text);
            return;
        case FaultKind::ForeignToken:
        case FaultKind::ForeignPop:
        case FaultKind::OtherAgentId:
            key(out, "of") << fault.of;
            return;
        case FaultKind::Reregister:
            key(out, "tpm") << (fault.other_tpm ? "other" : "same");
            return;
        default:
            return;
    }
}

}  // namespace

void write_faults(YAML::Emitter& out, const std::vector<Fault>& faults, bool of_run) {
    if (faults.empty()) return;
    key(out, "faults") << YAML::BeginSeq;
    for (const Fault& fault : faults) {
        out << YAML::BeginMap;
        key(out, to_string(fault.kind)) << YAML::BeginMap;
        write_fault_keys(out, fault);
        out << YAML::EndMap;
        if (!fault.agents.empty()) write_texts(out, "agents", fault.agents);
        if (fault.in_phase) key(out, "phase") << to_string(*fault.in_phase);
        key(out, "probability") << share_text(fault.probability);
        if (of_run) key(out, "from") << to_text(fault.from);
        if (fault.to) key(out, "until") << to_text(*fault.to);
        out << YAML::EndMap;
    }
    out << YAML::EndSeq;
}

}  // namespace pushsim::scenario
