#pragma once
// Requests of an agent, for faults to change.

#include <string>
#include <vector>

#include "sim/core/random.hpp"
#include "sim/faults/fault.hpp"

namespace pushsim::faults::test {

inline Outgoing negotiation() {
    return {.phase = lifecycle::Phase::Negotiate,
            .request = {"POST", "/v3.0/agents/id-1/attestations", {{"authorization", "Bearer third"}}, "{}"}};
}

inline Outgoing submission(const std::string& index = "3") {
    return {
        .phase = lifecycle::Phase::Submit,
        .request = {
            "PATCH", "/v3.0/agents/id-1/attestations/" + index, {{"authorization", "Bearer third"}}, "{}"}};
}

inline Outgoing session() {
    return {.phase = lifecycle::Phase::Authenticate,
            .request = {"POST", "/v3.0/sessions", {}, R"({"agent_id":"id-1"})"}};
}

/// Of an agent "id-1", beside whom there is a group "others", one with a token, and without one the groups
/// "new" and "refused".
struct Someone {
    const std::string id = "id-1";
    std::vector<std::string> tokens{"first", "second", "third"};
    core::SeededStream random{1, {"faults"}};

    Sender sender() {
        return {.agent_id = id,
                .tokens = tokens,
                .other = [](const std::string& group) -> Result<Other> {
                    if (group == "others") return Other{"others[0]", "id-2", "theirs"};
                    if (group == "new") return Other{"new[0]", "id-3", std::nullopt};
                    if (group == "refused") return Other{"refused[0]", "id-4", std::nullopt, true};
                    return fail(ErrorKind::Usage, "no such group");
                },
                .random = random};
    }
};

/// What one fault makes of it.
inline Result<std::vector<Effect>> through(Outgoing& outgoing, const scenario::Fault& fault) {
    static std::vector<Faults> kept;  // effects point into them
    Someone someone;
    kept.push_back(make(std::vector{fault}));
    return send(outgoing, kept.back(), someone.sender());
}

}  // namespace pushsim::faults::test
