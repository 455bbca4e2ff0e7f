// pushsim stack up|down|status|logs --stack kind
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "sim/cli/addresses.hpp"
#include "sim/cli/cluster_agents.hpp"
#include "sim/cli/cluster_servers.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/core/clock.hpp"
#include "sim/kind/cluster.hpp"
#include "sim/kind/infra.hpp"
#include "sim/stack/inspect.hpp"
#include "sim/stack/tenant.hpp"

namespace pushsim::cli {
namespace {

/// Both, while nobody else changes them.
struct Clusters {
    const kind::InfraState& servers;
    const stack::FileLock& servers_alone;
    const kind::AgentsState& agents;
    const stack::FileLock& agents_alone;
    const Clock& clock;
};

nlohmann::json to_json(const stack::StackAddress& address, const kind::InfraState& state) {
    nlohmann::json json = address_json(address);
    json["cluster"] = kind::infra_cluster;
    json["kubeconfig"] = state.kubeconfig().string();
    if (const auto agents = kind::AgentsState::open(); agents && agents->is_up())
        json["agents_kubeconfig"] = agents->kubeconfig().string();
    return json;
}

void print(const stack::StackAddress& address, const kind::InfraState& state) {
    fmt::print("{}  kubeconfig     {}\n",
               address_lines(address, std::string("the cluster ") + kind::infra_cluster),
               state.kubeconfig().string());
}

/// Runs `act` with the folder of the cluster's state open.
template <typename Act>
int with_state(Act act) {
    const auto state = kind::InfraState::open();
    if (!state) return report_error(state.error());
    const core::SystemClock clock;
    return act(*state, clock);
}

/// The same while nobody else changes either cluster, nor has a fleet or servers there.
template <typename Act>
int with_clusters(Act act) {
    return with_state([&](const kind::InfraState& state, const Clock& clock) -> int {
        const auto servers_alone = kind::take_cluster(state, [] { return Interrupt::asked(); });
        if (!servers_alone) return report_error(servers_alone.error());
        const auto agents = kind::AgentsState::open();
        if (!agents) return report_error(agents.error());
        const auto agents_alone = kind::take_agents(*agents, [] { return Interrupt::asked(); });
        if (!agents_alone) return report_error(agents_alone.error());
        return act(Clusters{state, *servers_alone, *agents, *agents_alone, clock});
    });
}

void say(const std::string& text) {
    say_error("pushsim: " + text);
}

Result<stack::StackAddress> servers_up(const StackOptions& options, const Clusters& clusters) {
    kind::InfraOptions wanted{
        .node_image = options.node_image,
        .database = options.database == "postgresql" ? kind::Database::Postgresql : kind::Database::Sqlite,
        .names = options.names,
        .stop_asked = [] { return Interrupt::asked(); },
        .say = say};
    if (!options.keylime_image.empty()) wanted.keylime_image = options.keylime_image;
    return kind::infra_up(clusters.servers, clusters.servers_alone, kind::sources_of_clusters(), wanted,
                          clusters.clock);
}

/// Also those that somebody else enrolled.
std::vector<std::string> agents_of(const kind::AgentsState& state, const Clock& clock) {
    std::vector<std::string> ids = state.enrolled();
    if (const auto pods = kind::agent_pods(state, clock)) {
        for (const kind::AgentPod& pod : *pods) {
            if (!pod.id.empty() && std::ranges::find(ids, pod.id) == ids.end()) ids.push_back(pod.id);
        }
    }
    return ids;
}

kind::AgentsOptions agents_options(const StackOptions& options, const kind::InfraState& state) {
    kind::AgentsOptions wanted{.node_image = options.node_image,
                               .swtpm = options.agents_tpm == "swtpm",
                               .ca_secret = state.certificates() / "agents-secret.yaml",
                               .stop_asked = [] { return Interrupt::asked(); },
                               .say = say};
    if (!options.agents_image.empty()) wanted.image = options.agents_image;
    return wanted;
}

/// The agents' cluster, with new agents that are enrolled at servers that are up. Where that fails none of
/// those stays enrolled.
Result<void> agents_up(const StackOptions& options, const stack::StackAddress& servers,
                       const Clusters& clusters) {
    const kind::AgentsState& agents = clusters.agents;
    const Clock& clock = clusters.clock;
    const auto address = stack::inspect(servers, clock);
    if (!address) return fail(address.error());
    const std::vector<std::string> before = agents_of(agents, clock);
    std::vector<std::string> enrolled;  // by this call; the list goes with the cluster
    kind::AgentsOptions wanted = agents_options(options, clusters.servers);
    wanted.finish = [&]() -> Result<void> {
        forget_agents(before, *address, clock);
        if (auto kept = agents.set_enrolled({}); !kept) return kept;
        auto all = enrol_pods(agents, *address, clock, wanted.stop_asked, say);
        enrolled = agents.enrolled();
        return all;
    };
    auto up = kind::agents_up(agents, clusters.agents_alone, kind::sources_of_clusters(), wanted, clock);
    if (up) return up;
    forget_agents(enrolled, *address, clock);
    // Of those before no pod is left either.
    if (!agents.is_up()) forget_agents(before, *address, clock);
    return up;
}

/// Nothing where that cluster is not up.
Result<std::vector<PodSeen>> agents_seen(const stack::StackAddress& address, const Clock& clock) {
    const auto agents = kind::AgentsState::open();
    if (!agents) return fail(agents.error());
    if (!agents->is_up()) return std::vector<PodSeen>{};
    stack::Tenant tenant(address, clock);
    return look_at_pods(*agents, tenant, clock);
}

/// Pods of `run --pods`; of a run that was killed they stay.
bool has_fleet(const Clock& clock) {
    const auto agents = kind::AgentsState::open();
    if (!agents) return false;
    const auto there = kind::fleet_is_there(*agents, clock);
    return there && *there;
}

/// A line for each, and how to look at more; nothing where that cluster is not up.
std::string lines_of(const Result<std::vector<PodSeen>>& seen) {
    const auto agents = kind::AgentsState::open();
    if (!agents || !agents->is_up()) return "";
    std::string lines = fmt::format("agents in the cluster {}\n  kubeconfig     {}\n", kind::agents_cluster,
                                    agents->kubeconfig().string());
    if (!seen) return lines + fmt::format("  nothing is known of them: {}\n", seen.error().message);
    for (const PodSeen& one : *seen)
        lines += "  " + line_of(one) + "\n";
    if (seen->empty()) lines += "  none: no pod with an agent is there\n";
    return lines;
}

/// What is up stays as it is.
Result<stack::StackAddress> servers_for_agents(const StackOptions& options, const Clusters& clusters,
                                               bool& made) {
    if (const auto there = kind::infra_address(clusters.servers)) {
        const auto servers = kind::infra_servers(clusters.servers, clusters.clock);
        if (!servers) return fail(servers.error());
        if (!servers->empty()) return *there;
    }
    made = true;
    return servers_up(options, clusters);
}

Result<stack::StackAddress> both_up(const StackOptions& options, const Clusters& clusters) {
    // Before anything is made.
    if (auto fit = kind::check_agents_images(clusters.agents, agents_options(options, clusters.servers),
                                             clusters.clock);
        !fit)
        return fail(fit.error());
    bool made = false;
    auto address = servers_for_agents(options, clusters, made);
    if (!address) return address;
    const auto up = agents_up(options, *address, clusters);
    if (up) return address;
    if (made) {
        say(fmt::format("removing the cluster {}", kind::infra_cluster));
        if (const auto removed = kind::infra_down(clusters.servers, clusters.servers_alone, clusters.clock);
            !removed)
            report_error(removed.error());
    }
    return fail(up.error());
}

}  // namespace

int cluster_up(const StackOptions& options) {
    const Interrupt interrupt(
        "the cluster may be left half made: pushsim stack down --stack kind removes it");
    return with_clusters([&](const Clusters& clusters) -> int {
        const auto address = options.agents ? both_up(options, clusters) : servers_up(options, clusters);
        if (!address) return report_error(address.error());
        if (options.format == "json") {
            fmt::print("{}\n", to_json(*address, clusters.servers).dump(2));
        } else {
            print(*address, clusters.servers);
            if (options.agents) fmt::print("{}", lines_of(agents_seen(*address, clusters.clock)));
            fmt::print(
                "`pushsim run … --stack kind` plays at it; `pushsim stack down --stack kind` ends it.\n");
        }
        return kAsExpected;
    });
}

int cluster_down(const StackOptions& options) {
    return with_clusters([&](const Clusters& clusters) -> int {
        const auto& [servers, servers_alone, agents, agents_alone, clock] = clusters;
        // Their agents go with the servers; servers that stay are not to keep them.
        if (const auto address = kind::infra_address(servers); address && options.agents)
            forget_agents(agents_of(agents, clock), *address, clock);
        const auto without_agents = kind::agents_down(agents, agents_alone, clock);
        if (!without_agents) return report_error(without_agents.error());
        if (*without_agents) fmt::print("removed the cluster {}\n", kind::agents_cluster);
        if (options.agents) {
            if (!*without_agents) fmt::print("no agents' cluster was up\n");
            return kAsExpected;
        }
        const auto removed = kind::infra_down(servers, servers_alone, clock);
        if (!removed) return report_error(removed.error());
        if (*removed) {
            fmt::print("removed the cluster {}; its certificates stay in {}\n", kind::infra_cluster,
                       servers.certificates().string());
        } else if (!*without_agents) {
            fmt::print("no cluster was up\n");
        }
        return kAsExpected;
    });
}

int cluster_status(const StackOptions& options) {
    return with_state([&](const kind::InfraState& state, const Clock& clock) -> int {
        const auto servers = kind::infra_servers(state, clock);
        if (!servers) return report_error(servers.error());
        const auto address = kind::infra_address(state);
        // Without an address nobody can be asked about agents.
        const auto agents = address ? agents_seen(*address, clock) : std::vector<PodSeen>{};
        if (options.format == "json") {
            nlohmann::json one = address ? to_json(*address, state) : nlohmann::json::object();
            one["servers"] = json_of(*servers);
            one["changed_by_a_run"] = kind::is_changed(state);
            one["fleet"] = has_fleet(clock);
            one["agents"] = nlohmann::json::array();
            if (!agents) return report_error(agents.error());
            for (const PodSeen& seen : *agents)
                one["agents"].push_back(json_of(seen));
            fmt::print("{}\n", one.dump(2));
            return kAsExpected;
        }
        if (servers->empty()) {
            fmt::print("no cluster is up\n");
            return kAsExpected;
        }
        if (address) print(*address, state);
        fmt::print("{}", lines_of(*servers));
        if (kind::is_changed(state))
            fmt::print(
                "a run has made the servers anew, which know other agents until it puts them back (of a run "
                "that was killed: pushsim stack clean)\n");
        if (address) fmt::print("{}", lines_of(agents));
        if (has_fleet(clock))
            fmt::print(
                "a run has a fleet's pods in the cluster {} (of a run that was killed: pushsim stack "
                "clean)\n",
                kind::agents_cluster);
        return agents ? kAsExpected : report_error(agents.error());
    });
}

namespace {

/// The program in our place: Ctrl-C is for it.
int become(const std::vector<std::string>& command) {
    std::vector<char*> words;
    words.reserve(command.size() + 1);
    for (const std::string& word : command)
        words.push_back(const_cast<char*>(word.c_str()));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    words.push_back(nullptr);
    std::fflush(nullptr);
    ::execv(words.front(), words.data());
    return report_error(
        {ErrorKind::System, fmt::format("cannot start {}: {}", command.front(), std::strerror(errno))});
}

}  // namespace

int cluster_logs(const StackOptions& options) {
    return with_state([&](const kind::InfraState& state, const Clock& clock) -> int {
        if (options.follow) {
            const auto agents = kind::AgentsState::open();
            if (!agents) return report_error(agents.error());
            const auto command = options.server == "agents"
                                     ? kind::agents_follow(*agents, options.lines, clock)
                                     : kind::infra_follow(state, options.server, options.lines, clock);
            return command ? become(*command) : report_error(command.error());
        }
        if (options.server == "agents") {
            const auto agents = kind::AgentsState::open();
            const auto log = agents ? kind::agents_log(*agents, options.lines, clock) : fail(agents.error());
            if (!log) return report_error(log.error());
            fmt::print("{}", *log);
            return kAsExpected;
        }
        for (const char* server : {"registrar", "verifier"}) {
            if (!options.server.empty() && options.server != server) continue;
            const auto log = kind::infra_log(state, server, options.lines, clock);
            if (!log) return report_error(log.error());
            if (options.server.empty()) fmt::print("{}:\n", server);
            fmt::print("{}", *log);
        }
        return kAsExpected;
    });
}

}  // namespace pushsim::cli
