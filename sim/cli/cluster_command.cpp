// pushsim stack up|down|status|logs --stack kind
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sim/cli/addresses.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/core/clock.hpp"
#include "sim/kind/infra.hpp"

namespace pushsim::cli {
namespace {

nlohmann::json to_json(const stack::StackAddress& address, const kind::InfraState& state) {
    nlohmann::json json = address_json(address);
    json["cluster"] = kind::infra_cluster;
    json["kubeconfig"] = state.kubeconfig().string();
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

}  // namespace

int cluster_up(const StackOptions& options) {
    const Interrupt interrupt(
        "the cluster may be left half made: pushsim stack down --stack kind removes it");
    return with_state([&](const kind::InfraState& state, const Clock& clock) -> int {
        kind::InfraOptions wanted{.node_image = options.node_image,
                                  .database = options.database == "postgresql" ? kind::Database::Postgresql
                                                                               : kind::Database::Sqlite,
                                  .names = options.names,
                                  .stop_asked = [] { return Interrupt::asked(); },
                                  .say = [](const std::string& text) { say_error("pushsim: " + text); }};
        if (!options.keylime_image.empty()) wanted.keylime_image = options.keylime_image;
        const auto address = kind::infra_up(state, kind::sources_of_clusters(), wanted, clock);
        if (!address) return report_error(address.error());
        if (options.format == "json") {
            fmt::print("{}\n", to_json(*address, state).dump(2));
        } else {
            print(*address, state);
            fmt::print(
                "`pushsim run … --stack kind` plays at it; `pushsim stack down --stack kind` ends it.\n");
        }
        return kAsExpected;
    });
}

int cluster_down() {
    return with_state([](const kind::InfraState& state, const Clock& clock) -> int {
        const auto removed = kind::infra_down(state, clock);
        if (!removed) return report_error(removed.error());
        if (*removed) {
            fmt::print("removed the cluster {}; its certificates stay in {}\n", kind::infra_cluster,
                       state.certificates().string());
        } else {
            fmt::print("no cluster was up\n");
        }
        return kAsExpected;
    });
}

int cluster_status(const StackOptions& options) {
    return with_state([&](const kind::InfraState& state, const Clock& clock) -> int {
        const auto pods = kind::infra_pods(state, clock);
        if (!pods) return report_error(pods.error());
        const auto address = kind::infra_address(state);
        if (options.format == "json") {
            nlohmann::json one = address ? to_json(*address, state) : nlohmann::json::object();
            one["pods"] = *pods;
            fmt::print("{}\n", one.dump(2));
            return kAsExpected;
        }
        if (address) print(*address, state);
        fmt::print("{}", pods->empty() ? "no cluster is up\n" : *pods);
        return kAsExpected;
    });
}

int cluster_logs(const StackOptions& options) {
    return with_state([&](const kind::InfraState& state, const Clock& clock) -> int {
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
