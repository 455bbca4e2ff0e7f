#pragma once
// The cluster `keylime-agents`: an honest agent on each node, that attests at the other cluster.

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/kind/named_cluster.hpp"
#include "sim/stack/file_lock.hpp"

namespace pushsim::kind {

inline constexpr const char* agents_cluster = "keylime-agents";

struct AgentsOptions {
    std::string node_image;  ///< of the cluster's node; empty: kind's own
    std::string image = "pushsim:dev";
    std::string swtpm_image = "pushsim-swtpm:dev";
    bool swtpm = false;               ///< the TPM in a container of its own
    std::filesystem::path ca_secret;  ///< CertificateFiles::agents_secret
    /// What is still to be done for the cluster to be up; where it fails a new cluster is removed.
    std::function<Result<void>()> finish = {};
    stack::StopAsked stop_asked = {};
    std::function<void(const std::string&)> say;  ///< a line for each step that takes seconds
};

/// What is kept of it in a folder (0700).
struct AgentsState {
    std::filesystem::path folder;

    /// state_folder("kind")/agents. ErrorKind::System.
    static Result<AgentsState> open();
    std::filesystem::path kubeconfig() const;
    /// Whether a cluster was made from it and not taken down since.
    bool is_up() const;
    /// Agents that are to be taken off the servers when their pods are gone.
    std::vector<std::string> enrolled() const;
    Result<void> set_enrolled(const std::vector<std::string>& ids) const;
    /// That was loaded last.
    std::string image() const;
    Result<void> set_image(const std::string& image) const;
};

/// What agents_up() needs of images. ErrorKind::Config, naming the one that is missing, and what makes it.
Result<void> check_agents_images(const AgentsState& state, const AgentsOptions& options, const Clock& clock);

/// A pod with an agent in it, as it is now.
struct AgentPod {
    std::string name;
    std::string state;  ///< Running, or what its agent waits for: CrashLoopBackOff
    int restarts = 0;
    std::string id;    ///< the agent's; empty where it does not run, or not yet
    std::string said;  ///< the last words of one that does not run

    bool runs() const { return state == "Running"; }
};

/// Those of `kubectl get pods -o json` that are not about to end, without `id` and `said`. ErrorKind::Parse.
Result<std::vector<AgentPod>> parse_agent_pods(const std::string& json);

/// Whoever changes that cluster, or has a fleet there, holds it. ErrorKind::Config where another process
/// does, naming it.
Result<stack::FileLock> take_agents(const AgentsState& state, const stack::StopAsked& stop_asked);

/// Makes the cluster where there is none, loads the images and starts the agents of `sources` (the project's
/// kind/) anew; returns when each pod has been started and `finish` is done. Errors as infra_up().
/// `alone`: of take_agents().
Result<void> agents_up(const AgentsState& state, const stack::FileLock& alone,
                       const std::filesystem::path& sources, const AgentsOptions& options,
                       const Clock& clock);

/// Deletes the cluster. False: there was none. `alone`: of take_agents().
Result<bool> agents_down(const AgentsState& state, const stack::FileLock& alone, const Clock& clock);

/// In the order of their names; none where there is no cluster. ErrorKind::Stack.
Result<std::vector<AgentPod>> agent_pods(const AgentsState& state, const Clock& clock);

/// sha256 values of its TPM, in lower-case hex. ErrorKind::Stack.
Result<std::map<int, std::string>> agent_pcrs(const AgentsState& state, const std::string& pod,
                                              const std::vector<int>& pcrs, const Clock& clock);

/// The last `lines` of each agent's log, with its pod's name before them where there are several.
Result<std::string> agents_log(const AgentsState& state, std::size_t lines, const Clock& clock);

/// The command that goes on with them. ErrorKind::Config where that cluster is not up.
Result<std::vector<std::string>> agents_follow(const AgentsState& state, std::size_t lines,
                                               const Clock& clock);

/// Pods fleet-0 to fleet-(count-1), ready.
struct FleetPods {
    std::vector<std::string> names;
    std::vector<std::string> hosts;  ///< where the servers may be, in the order in which they are tried
    /// What runs a program in a pod, and talks with it: a command's first words.
    std::function<std::vector<std::string>(const std::string& pod)> words;
};
/// take_agents(), for a fleet. ErrorKind::Config, too, where no cluster is up.
Result<stack::FileLock> take_fleet(const AgentsState& state, const stack::StopAsked& stop_asked);
/// Makes them, in the agents' cluster that is up; says what it waits for. ErrorKind::Config where none is;
/// Stack naming what does not become ready; Interrupted.
Result<FleetPods> fleet_up(const AgentsState& state, const std::filesystem::path& sources, std::size_t count,
                           const Clock& clock, const stack::StopAsked& stop_asked,
                           const std::function<void(const std::string&)>& say);
/// Takes them away; false: there were none. ErrorKind::Stack.
Result<bool> fleet_down(const AgentsState& state, const Clock& clock);
/// Those of a run that goes on or was killed. ErrorKind::Stack.
Result<bool> fleet_is_there(const AgentsState& state, const Clock& clock);

/// The CA that the agents trust. ErrorKind::Stack.
Result<std::string> agents_ca(const AgentsState& state, const Clock& clock);

}  // namespace pushsim::kind
