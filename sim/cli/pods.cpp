#include "sim/cli/pods.hpp"

#include <algorithm>
#include <memory>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reports/view.hpp"
#include "sim/cli/pod.hpp"
#include "sim/cli/version.hpp"
#include "sim/history/merge.hpp"
#include "sim/scenario/draws.hpp"
#include "sim/scenario/sharing.hpp"
#include "sim/stack/tenant.hpp"

namespace pushsim::cli {
namespace {

namespace fs = std::filesystem;
using history::ScenarioEnd;

/// For Ctrl-C and for servers that died.
constexpr Duration kLook = std::chrono::milliseconds{100};
/// After a person asked to stop.
constexpr Duration kLastWords = std::chrono::seconds{15};
constexpr Duration kCallLimit = std::chrono::seconds{30};

class Playing {
  public:
    Playing(const PodStage& stage, const scenario::Scenario& scenario) : stage_(stage), scenario_(scenario) {
        const auto& launches = stage.pods.launches;
        for (std::size_t i = 0; i < launches.size(); ++i) {
            const scenario::Shard shard{i, launches.size()};
            pods_.push_back(
                std::make_unique<Pod>(stage, launches[i], shard, ids_of(shard), [this] { let_go(); }));
        }
    }

    ScenarioEnd run() {
        stage_.history.append({.scenario = scenario_.name},
                              fleet::start_record(scenario_, stage_.setup.attempt));
        std::error_code error;
        fs::create_directories(stage_.folder, error);
        start_all();
        if (!failure_ && wait_until(&Pod::ready)) {
            say_clocks();
            begun_ = true;
            let_go();
            wait_until(&Pod::over);
        }
        stop_all();
        ScenarioEnd end = ended();
        if (const auto written = bring_back(); !written && end.ending != ScenarioEnd::Ending::Interrupted)
            end = {ScenarioEnd::Ending::Failed, written.error().message, written.error().mend, ""};
        if (stage_.remove_agents) remove_agents();
        stage_.history.append({.scenario = scenario_.name}, end);
        return end;
    }

  private:
    /// Nothing where an id is not known before.
    std::optional<std::set<std::string>> ids_of(const scenario::Shard& shard) const {
        std::set<std::string> ids;
        for (const scenario::Group& group : scenario_.groups) {
            for (int i = 0; i < group.count; ++i) {
                if (!shard.has(scenario::agent_name(group.name, i))) continue;
                const auto id = fleet::planned_id(scenario_, group, i, stage_.setup.id_seed);
                if (!id) return std::nullopt;
                ids.insert(*id);
            }
        }
        return ids;
    }

    void start_all() {
        for (auto pod = pods_.begin(); pod != pods_.end(); ++pod) {
            if (const auto started = (*pod)->start(); !started) {
                failure_ = started.error();
                pods_.erase(pod, pods_.end());
                return;
            }
        }
    }

    std::vector<Pod*> left() const {
        std::vector<Pod*> left;
        for (const auto& pod : pods_)
            if (!pod->over()) left.push_back(pod.get());
        return left;
    }

    /// From where all have come that are left.
    void let_go() {
        const auto pods = left();
        if (!begun_ || pods.empty()) return;
        const auto some = pods.front()->waits_at();
        for (const Meeting& at : some) {
            if (!std::ranges::all_of(pods, [&](Pod* pod) { return pod->waits_at().contains(at); })) continue;
            if (const auto* due = std::get_if<ServerActDue>(&at)) {
                act_on_server(*due);
            } else {
                let_go_from(at, std::string{});
            }
        }
    }

    void let_go_from(const Meeting& at, const Result<std::string>& how) {
        for (Pod* pod : left())
            pod->let_go(at, how);
    }

    void act_on_server(const ServerActDue& due) {
        if (!scenario::acts_on_servers(scenario_))
            return let_go_from(due, fail(ErrorKind::Usage, "its script acts on no servers"));
        if (!server_acts_.insert(due).second) return;
        stage_.act_on_server(due.act, due.server,
                             [this, due, alive = std::weak_ptr(alive_)](const Result<std::string>& how) {
                                 if (alive.expired()) return;
                                 server_acts_.erase(due);
                                 if (!how) failure_ = how.error();
                                 if (!how && how.error().kind == ErrorKind::Stack)
                                     stage_.stack_failed(how.error());
                                 let_go_from(due, how);
                             });
    }

    /// Until it is so of all; false where it will not be, or a person asks to stop. One that is lost before
    /// they begin ends it for all.
    bool wait_until(bool (Pod::*is_so)() const) {
        const bool to_begin = is_so == &Pod::ready;
        Instant told = stage_.clock.now();
        while (std::ranges::any_of(pods_, [&](const auto& pod) { return !(*pod.*is_so)(); })) {
            stage_.loop.run_once(kLook);
            for (const auto& pod : pods_)
                pod->look();
            if (stage_.interrupted()) {
                interrupted_ = true;
                return false;
            }
            if (auto dead = stage_.stack_failure()) {
                failure_ = std::move(*dead);
                return false;
            }
            if (to_begin && left().size() < pods_.size()) return false;
            if (stage_.clock.now() - told >= std::chrono::seconds{1}) {
                told = stage_.clock.now();
                tell();
            }
        }
        return true;
    }

    void tell() {
        fleet::Standing sum;
        for (const auto& pod : pods_) {
            const fleet::Standing& one = pod->standing();
            if (one.step >= sum.step) {
                sum.step = one.step;
                sum.act = one.act;
            }
            sum.agents += one.agents;
            sum.made += one.made;
            sum.registered += one.registered;
            sum.enrolled += one.enrolled;
            sum.acting += one.acting;
            sum.done += one.done;
        }
        stage_.standing(sum);
    }

    void say_clocks() {
        std::vector<std::string> parts;
        for (std::size_t i = 0; i < pods_.size(); ++i) {
            const auto agents = scenario::agents_of(scenario_, {i, pods_.size()}).size();
            parts.push_back(fmt::format("{} with {}, {}", pods_[i]->name(), reports::counted(agents, "agent"),
                                        text_of(pods_[i]->clock())));
        }
        note_ = fmt::format("pods: {}", fmt::join(parts, "; "));
        stage_.say("pushsim: " + note_);
        for (const auto& pod : pods_) {
            if (pod->version() == kVersion) continue;
            const std::string other =
                fmt::format("{} has pushsim {}, and this is {}: {}", pod->name(),
                            pod->version().empty() ? "of a version that it does not tell" : pod->version(),
                            kVersion, kOfAnotherVersion);
            stage_.say("pushsim: " + other);
            note_ += "; " + other;
            break;  // they are of one image
        }
    }

    void stop_all() {
        if (!server_acts_.empty()) stage_.cut_acts();
        for (Pod* pod : left())
            pod->say(Stop{});
        for (const Instant until = stage_.clock.now() + kLastWords;
             stage_.clock.now() < until && !left().empty();)
            stage_.loop.run_once(kLook);
        for (Pod* pod : left())
            pod->lose("it was not waited for any longer");
        for (const auto& pod : pods_)
            pod->end();
    }

    std::vector<std::string> agents_of(const Pod& pod) const {
        const auto at = std::ranges::find_if(pods_, [&](const auto& one) { return one.get() == &pod; });
        return scenario::agents_of(scenario_, {static_cast<std::size_t>(at - pods_.begin()), pods_.size()});
    }

    /// The worst of their ends.
    ScenarioEnd ended() {
        using Ending = ScenarioEnd::Ending;
        if (interrupted_) return {Ending::Interrupted, "interrupted", "", ""};
        if (failure_) return {Ending::Failed, failure_->message, failure_->mend, ""};
        ScenarioEnd worst;
        std::vector<std::string> lost;
        std::size_t agents = 0;
        for (const auto& pod : pods_) {
            if (pod->lost()) {
                const auto theirs = agents_of(*pod);
                agents += theirs.size();
                lost.push_back(pod->failure()->message);
                lost_ += fmt::format("{}lost with {}: {}", lost_.empty() ? "" : "; ", pod->name(),
                                     fmt::join(theirs, ", "));
                if (worst.mend.empty()) worst.mend = pod->failure()->mend;
            } else if (pod->ended() && pod->ended()->ending != Ending::Ran && worst.ending == Ending::Ran) {
                worst = *pod->ended();
                worst.reason = pod->name() + ": " + worst.reason;
            }
        }
        if (lost.empty()) return worst;
        return {
            Ending::Failed,
            fmt::format("{}; {} {} lost with {}", fmt::join(lost, "; "), reports::counted(agents, "agent"),
                        agents == 1 ? "is" : "are", lost.size() == 1 ? "it" : "them"),
            worst.mend, lost_};
    }

    /// Their histories, into that of the run.
    Result<void> bring_back() {
        const auto since =
            std::chrono::round<WallTime::duration>(stage_.clock.now() - stage_.history.started());
        const WallTime zero = stage_.clock.wall_now() - since;
        std::vector<history::Part> parts;
        for (const auto& pod : pods_)
            parts.push_back(pod->part(zero));
        const auto merged = history::merge(parts);
        if (!merged) return fail(merged.error());
        for (const auto& line : merged->lines) {
            if (const auto written = stage_.history.append_line(line.t, line.tail); !written)
                return fail(written.error());
        }
        if (!note_.empty()) stage_.history.append({.scenario = scenario_.name}, history::Note{note_});
        if (!lost_.empty()) stage_.history.append({.scenario = scenario_.name}, history::Note{lost_});
        return {};
    }

    void remove_agents() {
        stack::Tenant tenant(stage_.address, stage_.clock, kCallLimit);
        bool all = true;
        const auto note = [&](const char* what, auto answer) {
            const auto& response = answer.call.outcome.response;
            all = all && (answer.result || (response && response->status == 404));
            history::TenantAct act;
            act.act = what;
            act.request = std::move(answer.call.request);
            act.duration = answer.call.outcome.timings.total;
            act.response = answer.call.outcome.response;
            if (!answer.result) act.error = answer.result.error();
            stage_.history.append({.scenario = scenario_.name}, act);
            return response.has_value();
        };
        for (const auto& pod : pods_) {
            for (const std::string& id : pod->ids()) {
                // A server that is away would be waited for again and again.
                if (!note("delete", tenant.remove(id))) return;
                if (!note("delete_registration", tenant.remove_registered(id))) return;
            }
        }
        if (all) stage_.agents_removed();
    }

    const PodStage& stage_;
    const scenario::Scenario& scenario_;
    std::vector<std::unique_ptr<Pod>> pods_;
    std::optional<Error> failure_;
    std::set<ServerActDue> server_acts_;  ///< under way
    std::shared_ptr<int> alive_ = std::make_shared<int>(0);
    bool begun_ = false;
    bool interrupted_ = false;
    std::string note_;
    std::string lost_;  ///< agents, by their pods
};

}  // namespace

ScenarioEnd play_over_pods(const PodStage& stage, const scenario::Scenario& scenario) {
    return Playing(stage, scenario).run();
}

}  // namespace pushsim::cli
