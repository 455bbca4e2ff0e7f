#pragma once
// One scenario in several processes, each with a shard of its agents, that begin each step together; their
// histories are brought back as one. What the tenant does, and what is done to servers, is done here.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/cli/pod_messages.hpp"
#include "sim/fleet/runner.hpp"
#include "sim/history/writer.hpp"
#include "sim/scenario/plan.hpp"
#include "sim/stack/address.hpp"

namespace pushsim::cli {

/// A process that plays a shard.
struct PodLaunch {
    std::string name;                  ///< "fleet-1"
    std::vector<std::string> command;  ///< that runs `pushsim shard`
    bool here = false;                 ///< on this machine: its files are in the run's folder
};

/// All of a run, and how they find its servers.
struct Pods {
    std::vector<PodLaunch> launches;
    std::vector<std::string> hosts;  ///< ShardSetup::hosts
};

/// What they share with the run; outlives it.
struct PodStage {
    const Pods& pods;
    ShardSetup setup;  ///< but for `shard`
    transport::EventLoop& loop;
    const stack::StackAddress& address;
    const Clock& clock;
    history::HistoryWriter& history;
    std::filesystem::path folder;  ///< what each has said, as it comes; made where it is missing
    bool remove_agents = false;    ///< from registrar and verifier when all have ended
    // As in fleet::Stage:
    decltype(fleet::Stage::act_on_server) act_on_server;
    std::function<void()> cut_acts;
    std::function<void(const fleet::Standing&)> standing;
    std::function<bool()> interrupted;
    std::function<std::optional<Error>()> stack_failure;  ///< of servers that were started here
    std::function<void(const Error&)> stack_failed;
    std::function<Result<void>(const std::string&)> agent_id_taken;
    std::function<void()> agents_removed;
    std::function<void(const std::string&)> say;
};

/// As fleet::play(), with its end. Of a process that is lost (it ends before it has said its end, or says
/// nothing for half a minute) what it had said by then is in the history, its agents are told as lost, and
/// the end is ScenarioEnd::Failed.
history::ScenarioEnd play_over_pods(const PodStage& stage, const scenario::Scenario& scenario);

}  // namespace pushsim::cli
