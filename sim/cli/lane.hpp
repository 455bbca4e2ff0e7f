#pragma once
// One of the threads of a run, on which scenarios are played one after the other.

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "sim/cli/pods.hpp"
#include "sim/cli/run_book.hpp"
#include "sim/cli/session.hpp"
#include "sim/fleet/runner.hpp"
#include "sim/pool/pool.hpp"
#include "sim/stack/agent_list.hpp"

namespace pushsim::cli {

/// Scenarios that can be played against one stack, one after the other.
using StackGroup = std::vector<scenario::Scenario>;

/// What the lanes of a run have in common; outlives them.
struct RunCommons {
    const RunOptions& options;
    const Clock& clock;
    const stack::Registry& registry;
    const pool::Pool* pool;  ///< null: none
    std::uint64_t seed;
    std::uint64_t id_seed;  ///< of agent ids, which are unique per run
    RunBook& book;
    const Pods* pods = nullptr;         ///< that its agents are spread over; null: they are here
    std::size_t scenarios = 0;          ///< of the run
    std::atomic<std::size_t> begun{0};  ///< of those
    std::atomic<int> stacks{0};         ///< that were started
};

/// What a lane works with; there before the run is.
struct LaneTools {
    /// Throws std::runtime_error where there is no TPM thread to be had.
    LaneTools(const Clock& clock, int tpm_threads);

    transport::EventLoop loop;
    fleet::TpmThreads tpms;
};

class Lane {
  public:
    Lane(RunCommons& commons, std::unique_ptr<LaneTools> tools);
    ~Lane();
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;

    /// All of them; those that cannot be played, or after the run's end, are skipped with their reason.
    void play(const StackGroup& group);
    /// Ends the stack that it started.
    void stop();

  private:
    void play_one(const scenario::Scenario& scenario);
    /// Once; `attempt` of a scenario of chance. False where the run has ended.
    bool attempt(const scenario::Scenario& scenario, const std::optional<history::Try>& attempt);
    history::ScenarioEnd play_in_pods(const scenario::Scenario& scenario, const stack::StackAddress& address,
                                      const fleet::Stage& stage);
    bool ready_for(const scenario::Scenario& scenario, stack::StackAddress& address);
    void settle(const history::ScenarioEnd& end);
    void say_what_stays(const scenario::Scenario& scenario);
    /// On a stack that stays: the list of what the scenario makes known to it, begun with the names of the
    /// policies that it will make.
    Result<void> begin_list(const scenario::Scenario& scenario, const stack::StackAddress& address);
    /// Takes those policies off it again, after the agents; whether all are gone.
    bool remove_policies(const stack::StackAddress& address);

    RunCommons& run_;
    std::unique_ptr<LaneTools> tools_;
    StackSession session_;
    std::unique_ptr<fleet::TenantDesk> tenant_;
    std::size_t number_ = 0;                  ///< of the present scenario in the run
    std::optional<stack::AgentList> agents_;  ///< on a stack that stays
    std::vector<std::string> policies_;       ///< of this scenario's making there
};

}  // namespace pushsim::cli
