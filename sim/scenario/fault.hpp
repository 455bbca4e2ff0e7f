#pragma once
// What goes wrong in a scenario.

#include <optional>
#include <string>
#include <utility>
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
    ToLatest,
    DuplicateSubmit,
    ConcurrentSubmit,
    ConcurrentNegotiate,
    NeverSubmit,
    ResubmitAfterVerdict,
    // wire
    Body,
    Header,
    ContentType,
    // evidence
    StaleNonce,
    WrongNonce,
    NonceAsText,
    WrongKey,
    Signature,
    Selection,
    PcrValue,
    ExtraPcr,
    MissingItem,
    SwapItems,
    NotBase64,
    EmptyList,
    HugeItem,
    ErrorResource,
    ClockBack,
    NotSafe,
    NotAQuote,
    OtherChoice,
    // log
    MeasureBetween,
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

/// What becomes of a member.
enum class Make { Absent, Null, WrongType, Empty };
const char* to_string(Make make);  ///< "absent", "null", "wrong_type", "empty"

/// What is other in a request than in the honest one. In this order: `at`, `remove`, `set`.
struct RequestChange {
    using Texts = std::vector<std::pair<std::string, std::string>>;
    std::optional<std::string> at;  ///< Body: JSON pointer (RFC 6901), "" for the whole, of what `make` says
    Make make = Make::Absent;       ///< Body
    std::vector<std::string> remove;  ///< Body: JSON pointers; Header: names
    Texts set;                        ///< Body: JSON pointer and JSON; Header: name and text
    std::optional<std::string> raw;   ///< Body: in place of it
    int request = 0;  ///< Body, Header: the phase's first or second; 0: Body: the first that has what is to
                      ///< change; Header: each
    bool operator==(const RequestChange&) const = default;
};

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
    std::string of;        ///< ForeignToken, ForeignPop, OtherAgentId: the group whose agent it is
    RequestChange change;  ///< Body, Header
    int pcr = 0;           ///< PcrValue, ExtraPcr
    /// NotBase64: of a quote, "message", "signature" or "subject_data"; OtherChoice: of what was chosen,
    /// "signature_scheme" or "hash_algorithm"
    std::string member;
    std::string first;       ///< MeasureBetween: "log" or "quote"
    long long size = 0;      ///< HugeItem: octets at least
    std::string text;        ///< ContentType; OtherChoice: what stands in its place
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
