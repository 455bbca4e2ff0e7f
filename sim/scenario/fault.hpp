#pragma once
// What goes wrong in a scenario.

#include <optional>
#include <string>
#include <vector>

#include "agent/base/time.hpp"
#include "sim/scenario/amount.hpp"
#include "sim/scenario/position.hpp"
#include "sim/scenario/step_kind.hpp"

namespace pushsim::scenario {

enum class FaultKind {
    // timing
    Delay,
    HoldEvidence,
    Early,
    Stall,
    Herd,
    Swizzle,
    ClockSkew,
    // protocol order
    SkipNegotiation,
    OldIndex,
    FutureIndex,
    DuplicateSubmit,
    ConcurrentSubmit,
    ConcurrentNegotiate,
    NeverSubmit,
    ResubmitAfterVerdict,
    // identity
    NoToken,
    GarbledToken,
    OldToken,
    ExpiredToken,
    ForeignToken,
    AdminCertificate,
    CertificateAndToken,
    OtherAgentId,
    WrongActivationTag,
    Reregister,
    ForeignPop,
    ReusePop,
};
/// Its name, by the table of faults.
std::string to_string(FaultKind kind);

/// What goes wrong in a step (the scenario language, "faults"). Fields that its kind does not use keep their
/// defaults.
struct Fault {
    FaultKind kind = FaultKind::Delay;
    InstantOffset until;                   ///< HoldEvidence: until then
    StepKind phase = StepKind::Negotiate;  ///< Delay, Herd: before it; Stall: after its answer
    Duration duration{};  ///< Delay, Stall: how long; Early, ClockSkew: by how much; Swizzle: `every`
    std::optional<Distribution> varies;  ///< Delay, Stall, Early, ClockSkew: the duration is drawn each time
    int count = 2;                       ///< ConcurrentSubmit: connections; ConcurrentNegotiate: how many
    double share = 0;                    ///< Swizzle: of the agents
    std::string of;          ///< ForeignToken, ForeignPop, OtherAgentId: the group whose agent it is
    bool other_tpm = false;  ///< Reregister: from another TPM
    // Where it is:
    std::vector<std::string> agents;   ///< groups; empty: all of the step, or of the scenario
    std::optional<StepKind> in_phase;  ///< in this phase alone
    double probability = 1;            ///< of each cycle
    // At the top of a file, of cycles that begin, since the start of the script:
    Duration from{};
    std::optional<Duration> to;
    std::string drawn;  ///< in a play: what was drawn for the cycle it is for; not compared, not written
    Position position;

    bool operator==(const Fault&) const = default;
};

/// In words: "hold_evidence until challenges_expire_at - 500ms".
std::string text(const Fault& fault);

}  // namespace pushsim::scenario
