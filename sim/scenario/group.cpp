#include "sim/scenario/group.hpp"

#include <fmt/format.h>

#include "sim/scenario/amount.hpp"

namespace pushsim::scenario {

std::string literal_id(const AgentId& id, int number) {
    constexpr std::string_view place = "{n}";
    std::string text = id.text;
    const std::string digits = fmt::format("{}", number);
    for (std::size_t at = text.find(place); at != std::string::npos;
         at = text.find(place, at + digits.size()))
        text.replace(at, place.size(), digits);
    return text;
}

bool is_agent_id(std::string_view text) {
    constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    return !text.empty() && text.size() <= 80 && text.find_first_not_of(allowed) == std::string_view::npos;
}

const char* to_string(AgentId::Scheme scheme) {
    switch (scheme) {
        case AgentId::Scheme::Uuid:
            return "uuid";
        case AgentId::Scheme::HashEk:
            return "hash_ek";
        case AgentId::Scheme::Literal:
            return "literal";
    }
    return "";
}

const char* to_string(Habits habits) {
    switch (habits) {
        case Habits::Correct:
            return "correct";
        case Habits::RustAgent:
            return "rust-agent";
    }
    return "";
}

const char* to_string(Connections connections) {
    switch (connections) {
        case Connections::One:
            return "one";
        case Connections::RustAgent:
            return "rust-agent";
        case Connections::PerRequest:
            return "per_request";
    }
    return "";
}

const char* to_string(AkKind kind) {
    switch (kind) {
        case AkKind::Child:
            return "child";
        case AkKind::Primary:
            return "primary";
    }
    return "";
}

const char* to_string(AkKey key) {
    switch (key) {
        case AkKey::Rsa2048:
            return "rsa2048";
        case AkKey::Ecc256:
            return "ecc256";
    }
    return "";
}

const char* to_string(AkScheme scheme) {
    switch (scheme) {
        case AkScheme::Rsassa:
            return "rsassa";
        case AkScheme::Rsapss:
            return "rsapss";
        case AkScheme::Ecdsa:
            return "ecdsa";
    }
    return "";
}

const char* to_string(AkHash hash) {
    switch (hash) {
        case AkHash::Sha256:
            return "sha256";
        case AkHash::Sha384:
            return "sha384";
    }
    return "";
}

bool goes_with(AkScheme scheme, AkKey key) {
    return (scheme == AkScheme::Ecdsa) == (key == AkKey::Ecc256);
}

const char* to_string(TpmKind kind) {
    switch (kind) {
        case TpmKind::Software:
            return "software";
        case TpmKind::Swtpm:
            return "swtpm";
        case TpmKind::Outside:
            return "outside";
    }
    return "";
}

std::string to_string(const TpmChoice& tpm) {
    return tpm.kind == TpmKind::Outside ? tpm.tcti : to_string(tpm.kind);
}

const char* to_string(Source source) {
    switch (source) {
        case Source::Shared:
            return "shared";
        case Source::Own:
            return "own";
    }
    return "";
}

std::string text(const Group& group) {
    std::string words = fmt::format("tpm: {}, ak: {}, source: {}, connections: {}, tls: {{resumption: {}}}",
                                    to_string(group.tpm), to_string(group.ak), to_string(group.source),
                                    to_string(group.connections), group.tls_resumption);
    if (group.algorithms != AkAlgorithms{})
        words += fmt::format(", key: {}, scheme: {}, hash: {}", to_string(group.algorithms.key),
                             to_string(group.algorithms.scheme), to_string(group.algorithms.hash));
    if (group.clock_offset != Duration::zero())
        words += fmt::format(", clock: {{offset: {}}}", signed_text(group.clock_offset));
    return words;
}

}  // namespace pushsim::scenario
