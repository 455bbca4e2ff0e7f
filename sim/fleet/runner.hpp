#pragma once
// Plays a scenario: its agents, its script, step by step, against a stack; puts everything into the history.

#include <compare>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/base/result.hpp"
#include "sim/fleet/agent_tpm.hpp"
#include "sim/fleet/tenant_desk.hpp"
#include "sim/fleet/virtual_agent.hpp"
#include "sim/history/writer.hpp"
#include "sim/pool/pool.hpp"
#include "sim/scenario/group.hpp"
#include "sim/scenario/plan.hpp"
#include "sim/scenario/shard.hpp"
#include "sim/stack/acts.hpp"

namespace pushsim::fleet {

/// Whether the agents of a group have TPMs of a pool whose AKs are of that kind: those whose TPM is in
/// pushsim, and whose AK has the usual algorithms.
bool draws_from_pool(const scenario::Group& group, tpm::AkParent ak);

/// Where the agents of a scenario are, for a person who waits.
struct Standing {
    int step = 0;     ///< 0: before the first
    std::string act;  ///< "attest"
    // Agents of the scenario:
    std::size_t agents = 0;
    std::size_t made = 0;        ///< with a TPM that is powered on and measured
    std::size_t registered = 0;  ///< and activated
    std::size_t enrolled = 0;
    std::size_t acting = 0;  ///< that take part in the step
    std::size_t done = 0;    ///< of those
};

/// A step of the script begins, or (one more than there are) the last reading of statuses.
struct StepBegin {
    int step = 0;  ///< its number
    int turn = 0;  ///< so often it began before: `repeat`

    auto operator<=>(const StepBegin&) const = default;
};

/// What the scenarios of a run share; outlives the runner.
struct Stage {
    transport::EventLoop& loop;
    const Clock& clock;
    history::HistoryWriter& history;
    TpmThreads& tpms;
    /// Agents whose group draws_from_pool() have its TPMs, each another; null: all TPMs are new.
    const pool::Pool* pool = nullptr;
    TenantDesk& tenant;
    transport::Endpoint registrar;
    transport::Endpoint registrar_tls;
    transport::Endpoint verifier;
    std::shared_ptr<const transport::TlsIdentity> tls;
    std::shared_ptr<const transport::TlsIdentity> admin_tls;  ///< the tenant's
    std::uint64_t seed = 0;
    std::uint64_t id_seed = 0;  ///< of agent ids, which are unique per run: not the run's seed
    /// The agents that are played here, of those that the scenario has; else all.
    std::optional<scenario::Shard> shard = {};
    /// All agents here have done what comes before; calls `then` from the loop when those have, too, that
    /// others play. Not for steps of `together`.
    std::function<void(const StepBegin&, std::function<void()> then)> meet =
        [](const StepBegin&, const std::function<void()>& then) { then(); };
    bool remove_agents = false;  ///< from registrar and verifier when the scenario ends, for stacks that stay
    std::optional<history::Try> attempt = {};  ///< of a scenario of chance
    Duration scenario_limit = std::chrono::minutes{10};
    std::optional<std::size_t> max_in_flight = {};  ///< exchanges of all agents at a time; else no bound
    /// Does it to a server of the stack; calls `done` from the loop when it is done, with how it went.
    std::function<void(stack::ServerAct, stack::ServerName, std::function<void(Result<std::string>)> done)>
        act_on_server;
    /// Ends the acts that are under way, for the play has ended.
    std::function<void()> cut_acts = [] {};
    /// Told about once a second.
    std::function<void(const Standing&)> standing = [](const Standing&) {};
    /// Asked about ten times a second.
    std::function<bool()> interrupted;
    std::function<std::optional<Error>()> stack_failure;
    /// Called where the play itself finds that the stack does not answer any more.
    std::function<void(const Error&)> stack_failed;
    /// Called for each agent id before it is made known to the stack; an error ends the play.
    std::function<Result<void>(const std::string&)> agent_id_taken;
    /// Called when all of them have been taken off a stack that stays.
    std::function<void()> agents_removed = [] {};
};

/// What stands in the history before a scenario is played.
history::ScenarioStart start_record(const scenario::Scenario& scenario,
                                    const std::optional<history::Try>& attempt);

/// The id of an agent of the scenario, from 0 in its group, by the plan alone; nothing where its EK decides
/// (`id: hash_ek`).
std::optional<std::string> planned_id(const scenario::Scenario& scenario, const scenario::Group& group,
                                      int number, std::uint64_t id_seed);

/// Plays to the end, or until a person, the stack, the limit or the history stops it. What ended it stands in
/// the history as ScenarioEnd and is given back.
history::ScenarioEnd play(const Stage& stage, const scenario::Scenario& scenario);

}  // namespace pushsim::fleet
