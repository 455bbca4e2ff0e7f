#pragma once
// What kind of client an agent is (the scenario language, "habits"): the rules by which it takes answers, its
// patience, and the customs of its messages.

#include <cstddef>
#include <optional>
#include <span>

#include "agent/base/time.hpp"
#include "agent/lifecycle/rules.hpp"
#include "agent/tpm/attestation_keys.hpp"

namespace pushsim::lifecycle {

/// How often, and after what pauses, a request without a good answer is sent again by itself.
struct Pace {
    Duration initial;  ///< doubles with each retry
    Duration longest;
    int retries;
    bool jitter = false;  ///< half of each pause is drawn
};

struct Habits {
    std::span<const Rule> rules;
    Pace requests;  ///< to the registrar, and of attestations
    Pace sessions;
    /// Retry-After and back-off have limits of their own, for each request anew (one layer around the other);
    /// else one limit for both, for all requests of a kind in a goal.
    bool layered_retries = false;
    /// A Retry-After beyond it is not waited for: Stopped.
    Duration longest_wait;
    Duration request_timeout;  ///< of one exchange, for who carries out SendRequest
    /// A pause of this length follows whatever went wrong, and an attestation that was accepted without a
    /// word on the next. Absent: a back-off follows a refusal.
    std::optional<Duration> interval;
    /// A new token when the old one has less than that left; absent: when it is refused.
    std::optional<Duration> renew_before_expiry;

    std::size_t request_id_length;    ///< characters, at most 12
    bool keeps_request_id = false;    ///< when a request is sent again
    bool session_request_ids = true;  ///< session calls carry one
    bool offers_empty_logs = false;   ///< UEFI and IMA logs are offered without entries
    bool reports_errors = false;      ///< where there is no evidence, an error is submitted
    bool loses_ek = false;            ///< an activation that failed cannot be done again before a restart
    tpm::DataPcr data_pcr = tpm::DataPcr::Untouched;
};

/// A careful client.
Habits correct_habits();

/// Keylime's Rust push agent with its defaults (see rust_agent_rules()): an interval of 60 s, 5 retries after
/// 10 s, 20 s, … at most 300 s, 5 s for an exchange, three tries for a session 1 s apart. One cycle of it
/// ends where its state machine goes to sleep: after a 202, or with what the agent calls AttestationFailed
/// (or RegistrationFailed), where the goal ends as Refused or Failed and the next begins after the interval.
/// A 401 ends no cycle: session, negotiation and evidence are begun again at once.
Habits rust_agent_habits();

}  // namespace pushsim::lifecycle
