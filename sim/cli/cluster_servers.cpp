#include "sim/cli/cluster_servers.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "reports/view.hpp"

namespace pushsim::cli {

using doctor::Finding;
using doctor::Level;
using kind::Pod;
using kind::ServerSeen;

std::string lines_of(const std::vector<ServerSeen>& servers) {
    std::string text = fmt::format("servers in the cluster {}\n", kind::infra_cluster);
    for (const ServerSeen& seen : servers) {
        std::vector<std::string> pods;
        for (const Pod& pod : seen.pods)
            pods.push_back(fmt::format("{}, {}", pod.name, reports::counted(pod.restarts, "restart")));
        text += fmt::format("  {:<13}  {}{}{}\n", seen.server, fmt::join(pods, "; "),
                            pods.empty() ? "" : ": ", seen.state());
        if (!seen.is_ready()) text += fmt::format("  {:<13}  mend: {}\n", "", seen.mend());
    }
    return text;
}

nlohmann::json json_of(const std::vector<ServerSeen>& servers) {
    auto list = nlohmann::json::array();
    for (const ServerSeen& seen : servers) {
        auto pods = nlohmann::json::array();
        for (const Pod& pod : seen.pods)
            pods.push_back({{"name", pod.name}, {"ready", pod.ready}, {"restarts", pod.restarts}});
        list.push_back({{"server", seen.server},
                        {"wanted", seen.wanted},
                        {"ready", seen.is_ready()},
                        {"state", seen.state()},
                        {"mend", seen.mend()},
                        {"pods", std::move(pods)}});
    }
    return list;
}

std::vector<Finding> findings_of(const Result<std::vector<ServerSeen>>& servers) {
    const std::string cluster = std::string("cluster ") + kind::infra_cluster;
    if (!servers) return {{Level::Fail, cluster, servers.error().message, servers.error().mend}};
    if (servers->empty())
        return {{Level::Fail, cluster, "it is not up", "pushsim stack up --stack kind makes it"}};
    std::vector<Finding> findings;
    for (const ServerSeen& seen : *servers) {
        std::vector<std::string> pods;
        for (const Pod& pod : seen.pods)
            pods.push_back(pod.name);
        findings.push_back(
            {seen.is_ready() ? Level::Ok : Level::Fail, seen.server + " in its pod",
             fmt::format("{}{}{}", seen.state(), pods.empty() ? "" : ": ", fmt::join(pods, ", ")),
             seen.mend()});
    }
    return findings;
}

}  // namespace pushsim::cli
