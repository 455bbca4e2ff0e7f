// pushsim verify: the state of all that runs already, again, without starting or enrolling anything.

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "agent/base/files.hpp"
#include "sim/cli/cluster_agents.hpp"
#include "sim/cli/cluster_servers.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/findings.hpp"
#include "sim/cli/fitted.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/cli/stack_choice.hpp"
#include "sim/core/clock.hpp"
#include "sim/doctor/servers.hpp"
#include "sim/kind/cluster.hpp"
#include "sim/kind/infra.hpp"
#include "sim/stack/process.hpp"
#include "sim/stack/tenant.hpp"

namespace pushsim::cli {
namespace {

using doctor::Finding;
using doctor::Level;
using Counts = std::map<std::string, std::uint64_t>;

constexpr std::chrono::milliseconds kLook{500};
constexpr const char* kAgentsLog = "pushsim stack logs agents --stack kind";

/// How an enrolled agent does, by two looks: the status of one that attests no more stays as it was for a
/// while.
Finding judge(const std::string& thing, const protocol::AgentStatus& status, std::uint64_t before,
              Duration took, const std::string& mend) {
    const std::string& word = status.attestation_status;
    if (word == "FAIL")
        return {Level::Fail, thing, fmt::format("{}, {} passed", word, status.attestation_count),
                "its evidence is not what its policy allows: the verifier's log says why"};
    if (word != "PASS")
        return {Level::Fail, thing, fmt::format("{}, {} passed", word, status.attestation_count), mend};
    if (status.attestation_count > before)
        return {Level::Ok, thing,
                fmt::format("PASS, {} passed, {} since the first look", status.attestation_count,
                            status.attestation_count - before)};
    return {Level::Fail, thing,
            fmt::format("PASS, {} passed, and none more within {}", status.attestation_count,
                        to_text(std::chrono::round<std::chrono::seconds>(took))),
            mend};
}

class Verifying {
  public:
    Verifying(const VerifyOptions& options, stack::StackAddress address, const Clock& clock)
        : options_(options), address_(std::move(address)), clock_(clock), tenant_(address_, clock) {}

    Result<std::vector<Finding>> run() {
        const bool of_kind = options_.stack.stack == "kind";
        // Pods first: that one is not ready is why its server does not answer.
        if (of_kind) {
            const auto state = kind::InfraState::open();
            if (!state) return fail(state.error());
            add(findings_of(kind::infra_servers(*state, clock_)));
            if (kind::is_changed(*state))
                findings_.push_back({Level::Warning, "a run", "it has the servers: they know other agents",
                                     "wait for its end; of a run that was killed: pushsim stack clean"});
        }
        auto of_servers = doctor::look_at_servers(address_, clock_);
        const bool answers = std::ranges::none_of(
            of_servers, [](const Finding& finding) { return finding.level == Level::Fail; });
        add(std::move(of_servers));
        if (of_kind) {
            if (auto looked = look_at_clusters(); !looked) return fail(looked.error());
        }
        if (!answers) {
            look_at_pods_alone();
            findings_.push_back({Level::Skipped, "agents", "the servers are not as they have to be"});
            return findings_;
        }
        if (auto looked = look_at_agents(); !looked) return fail(looked.error());
        return findings_;
    }

  private:
    void add(std::vector<Finding> more) {
        findings_.insert(findings_.end(), std::make_move_iterator(more.begin()),
                         std::make_move_iterator(more.end()));
    }

    /// Certificates that are files here alone, and the CA of the agents' cluster.
    Result<void> look_at_clusters() {
        const auto state = kind::InfraState::open();
        if (!state) return fail(state.error());
        for (const char* server : {"verifier", "registrar"}) {
            const auto file = state->certificates() / server / "tls.crt";
            findings_.push_back(doctor::check_validity(fmt::format("{} certificate", server), file,
                                                       doctor::validity_of(file), clock_.wall_now()));
        }
        auto agents = kind::AgentsState::open();
        if (!agents) return fail(agents.error());
        if (!agents->is_up()) {
            findings_.push_back({Level::Skipped, "agents' cluster", "it is not up"});
            return {};
        }
        agents_ = std::move(*agents);
        const auto ca = kind::agents_ca(*agents_, clock_);
        if (!ca) return fail(ca.error());
        const bool same = *ca == read_file(address_.ca_file);
        findings_.push_back(
            same ? Finding{Level::Ok, "agents' cluster", "its agents trust the CA of the servers"}
                 : Finding{Level::Fail, "agents' cluster", "its agents trust another CA than the servers'",
                           "pushsim stack up --stack kind --agents"});
        return {};
    }

    /// Where there is nobody to say how their agents do.
    void look_at_pods_alone() {
        if (!agents_) return;
        const auto pods = kind::agent_pods(*agents_, clock_);
        if (!pods) {
            findings_.push_back({Level::Fail, "agents' pods", pods.error().message, pods.error().mend});
            return;
        }
        for (const kind::AgentPod& pod : *pods) {
            const PodSeen seen{.pod = pod};
            if (!pod.runs())
                findings_.push_back({Level::Fail, pod.name, line_of(seen), kAgentsLog});
            else
                findings_.push_back({Level::Ok, pod.name, "it runs"});
        }
    }

    Result<void> look_at_agents() {
        std::vector<PodSeen> pods;
        if (agents_) {
            auto seen = look_at_pods(*agents_, tenant_, clock_);
            if (!seen) return fail(seen.error());
            pods = std::move(*seen);
        }
        const Instant began = clock_.now();
        const auto before = counts();
        if (!before) return fail(before.error());
        auto now = statuses();
        // A failure stays; what is late, or was, may pass yet.
        while (now && std::ranges::any_of(*now, [&](const auto& one) {
                   return one.second.attestation_status != "FAIL" &&
                          one.second.attestation_count <= before->at(one.first);
               })) {
            if (Interrupt::asked()) return fail(ErrorKind::Interrupted, "interrupted");
            if (clock_.now() - began >= options_.within) break;
            stack::wait_for(kLook);
            now = statuses();
        }
        if (!now) return fail(now.error());
        const Duration took = clock_.now() - began;
        for (const PodSeen& seen : pods) {
            const auto status = now->find(seen.pod.id);
            if (status == now->end()) {
                findings_.push_back({Level::Fail, seen.pod.name, line_of(seen), ""});
                continue;
            }
            findings_.push_back(judge(fmt::format("{} {}", seen.pod.name, seen.pod.id), status->second,
                                      before->at(seen.pod.id), took, kAgentsLog));
            now->erase(status);
        }
        for (const auto& [id, status] : *now)
            findings_.push_back(
                judge("agent " + id, status, before->at(id), took,
                      fmt::format("does it still run? else pushsim tenant delete {} --registration{}", id,
                                  stack_words(options_.stack))));
        if (pods.empty() && before->empty())
            findings_.push_back({Level::Fail, "agents", "none is enrolled",
                                 options_.stack.stack == "kind"
                                     ? "pushsim stack up --stack kind --agents brings some"
                                     : fmt::format("pushsim agent{} is one; pushsim tenant add enrols it",
                                                   stack_words(options_.stack))});
        return {};
    }

    using Statuses = std::map<std::string, protocol::AgentStatus>;
    /// Of the agents of the first look that are there still.
    Result<Statuses> statuses() {
        Statuses all;
        for (const std::string& id : ids_) {
            auto status = tenant_.status(id);
            const auto& response = status.call.outcome.response;
            if (!status.result && (!response || response->status != 404)) return fail(status.result.error());
            if (status.result) all.emplace(id, std::move(*status.result));
        }
        return all;
    }
    Result<Counts> counts() {
        auto listed = tenant_.list();
        if (!listed.result) return fail(listed.result.error());
        ids_ = std::move(*listed.result);
        const auto now = statuses();
        if (!now) return fail(now.error());
        Counts counts;
        for (const auto& [id, status] : *now)
            counts[id] = status.attestation_count;
        std::erase_if(ids_, [&](const std::string& id) { return !counts.contains(id); });
        return counts;
    }

    const VerifyOptions& options_;
    const stack::StackAddress address_;
    const Clock& clock_;
    stack::Tenant tenant_;
    std::optional<kind::AgentsState> agents_;  ///< of a cluster that is up
    std::vector<std::string> ids_;             ///< enrolled at the first look
    std::vector<Finding> findings_;
};

}  // namespace

int verify(const VerifyOptions& options) {
    const Interrupt interrupt;
    const core::SystemClock clock;
    auto address = running_address(options.stack, clock);
    if (!address) return report_error(address.error());
    const auto findings = Verifying(options, std::move(*address), clock).run();
    if (!findings) return report_error(findings.error());
    const bool fits = std::ranges::count(*findings, Level::Fail, &Finding::level) == 0;
    if (options.format == "json") {
        fmt::print("{}\n", nlohmann::json{{"fit", fits}, {"findings", findings_json(*findings)}}.dump(2));
    } else {
        print_fitted(findings_lines(*findings) + findings_totals(*findings) + "\n");
    }
    return fits ? kAsExpected : kNotAsExpected;
}

}  // namespace pushsim::cli
