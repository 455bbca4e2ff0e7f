#include "sim/scenario/shard.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>

#include "sim/scenario/draws.hpp"

namespace pushsim::scenario {
namespace {

/// FNV-1a of 64 bits; its low bits alone would follow those of the last letters.
std::uint64_t hash_of(std::string_view text) {
    std::uint64_t hash = 0xCBF29CE484222325;
    for (const char one : text) {
        hash ^= static_cast<unsigned char>(one);
        hash *= 0x100000001B3;
    }
    hash ^= hash >> 33;
    hash *= 0xFF51AFD7ED558CCD;
    return hash ^ (hash >> 33);
}

/// Steps that are nobody's, or are done once whatever agents there are.
constexpr std::array kNobodys{StepKind::ChangePolicy, StepKind::Request};
/// Faults by which agents meet, or use what another one has, or what is the tenant's.
constexpr std::array kOfOthers{FaultKind::Herd,
                               FaultKind::Swizzle,
                               FaultKind::ForeignToken,
                               FaultKind::ForeignPop,
                               FaultKind::OtherAgentId,
                               FaultKind::AdminCertificate,
                               FaultKind::CertificateAndToken};

template <typename List, typename Value>
bool is_in(const List& list, const Value& value) {
    return std::ranges::find(list, value) != list.end();
}

}  // namespace

std::size_t shard_of(std::string_view agent, std::size_t count) {
    return hash_of(agent) % count;
}

bool Shard::has(std::string_view agent) const {
    return shard_of(agent, count) == number;
}

std::vector<std::string> agents_of(const Scenario& scenario, const Shard& shard) {
    std::vector<std::string> names;
    for (const Group& group : scenario.groups) {
        for (int number = 0; number < group.count; ++number) {
            std::string name = agent_name(group.name, number);
            if (shard.has(name)) names.push_back(std::move(name));
        }
    }
    return names;
}

std::optional<std::string> why_not_apart(const Scenario& scenario) {
    for (const Group& group : scenario.groups) {
        if (group.tpm.kind != TpmKind::Software)
            return fmt::format("the TPMs of {} are outside of pushsim", group.name);
        if (group.id.scheme == AgentId::Scheme::Literal)
            return fmt::format("the ids of {} are given, and nobody would look who has them", group.name);
        if (group.source == Source::Own)
            return fmt::format("the agents of {} have addresses of their own", group.name);
    }
    std::optional<std::string> why;
    const auto look_at = [&why](const std::vector<Fault>& faults) {
        for (const Fault& fault : faults) {
            if (!why && is_in(kOfOthers, fault.kind))
                why = fmt::format(
                    "its fault {} is about agents that may be in different pods, or about the "
                    "tenant",
                    to_string(fault.kind));
        }
    };
    for_each_step(scenario.script, [&](const Step& step, std::uint64_t) {
        if (!why && is_in(kNobodys, step.kind))
            why = fmt::format("its step {} is no agent's", to_string(step.kind));
        look_at(step.faults);
    });
    look_at(scenario.faults);
    return why;
}

}  // namespace pushsim::scenario
