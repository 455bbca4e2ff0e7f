#pragma once
// What goes wrong, by name: each fault changes when an agent acts, or what it sends. The lifecycle stays
// honest and knows nothing of it.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/http.hpp"
#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "agent/lifecycle/machine.hpp"
#include "sim/scenario/plan.hpp"

namespace pushsim::faults {

/// What is known when a fault is asked, by our clock.
struct Moment {
    lifecycle::Phase phase;
    Instant now;
    // The challenge expires somewhere between these two: the verifier's clock began to run between the start
    // of the negotiation's request and the end of its answer. Absent before a negotiation.
    std::optional<Instant> expires_earliest;
    std::optional<Instant> expires_latest;
};

class Fault {
  public:
    explicit Fault(scenario::Fault plan) : plan_(std::move(plan)) {}
    virtual ~Fault() = default;
    Fault(const Fault&) = delete;
    Fault& operator=(const Fault&) = delete;

    const scenario::Fault& plan() const { return plan_; }

    /// How long the first act of the phase waits.
    virtual Duration before(const Moment& moment) const;
    /// How long the answer to the phase's request lies unread.
    virtual Duration after(const Moment& moment) const;
    /// The token that a request bears in place of the agent's own, the last of `tokens`, which are those of
    /// its sessions, also of those before a restart; nothing: its own. An error says why there is none to
    /// take.
    virtual Result<std::optional<std::string>> token(const std::vector<std::string>& tokens) const;
    /// How much sooner than told the next cycle begins.
    virtual Duration sooner() const;
    /// Why a 403 challenges_expired of this phase's first request, answered at `moment.now`, shows nothing;
    /// empty: it shows what it shows.
    virtual std::string doubt(const Moment& moment) const;

  private:
    scenario::Fault plan_;
};

using Faults = std::vector<std::unique_ptr<Fault>>;

Faults make(const std::vector<scenario::Fault>& plan);

/// Gives a request that bears a token the one that the faults say (Fault::token), and tells which of them
/// did; null: none. ErrorKind::Usage where one of them cannot: such a request is not to be sent.
Result<const Fault*> change_token(HttpRequest& request, const Faults& faults,
                                  const std::vector<std::string>& tokens);

}  // namespace pushsim::faults
