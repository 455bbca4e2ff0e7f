#include <algorithm>
#include <atomic>
#include <memory>
#include <set>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "agent/tpm/accelerators.hpp"
#include "agent/tpm/library.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/configured.hpp"
#include "sim/cli/fleet_demand.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/cli/lane.hpp"
#include "sim/cli/may_break.hpp"
#include "sim/cli/play_scenarios.hpp"
#include "sim/cli/run_pool.hpp"
#include "sim/cli/stack_choice.hpp"
#include "sim/cli/stack_source.hpp"
#include "sim/cli/version.hpp"
#include "sim/core/clock.hpp"
#include "sim/core/random.hpp"
#include "sim/kind/agents.hpp"
#include "sim/kind/infra.hpp"
#include "sim/scenario/loader.hpp"
#include "sim/scenario/sharing.hpp"
#include "sim/stack/agent_list.hpp"
#include "sim/stack/process.hpp"

namespace pushsim::cli {
namespace {

Result<void> accelerate(const std::string& names) {
    const auto wanted = tpm::parse_accelerators(names);
    if (!wanted) return fail(wanted.error().in("--accelerators"));
    return tpm::switch_accelerators(*wanted);
}

int jobs_of(const RunOptions& options) {
    return options.jobs.value_or(fleet::TpmThreads::of_this_machine());
}

/// Scenarios that want the same stack together, in the order of the files otherwise; those that leave
/// something there come last. They are one group all the same: a stack that stays would be used by two at a
/// time else.
std::vector<StackGroup> by_stack(const std::vector<scenario::Scenario>& scenarios) {
    std::vector<StackGroup> groups;
    for (const auto& scenario : scenarios) {
        const auto fits = [&](const StackGroup& group) {
            return scenario::can_share(group.front().stack, scenario.stack) &&
                   !scenario::why_alone(scenario) && !scenario::why_alone(group.front());
        };
        const auto found = std::ranges::find_if(groups, fits);
        found == groups.end() ? groups.push_back({scenario}) : found->push_back(scenario);
    }
    for (StackGroup& group : groups)
        std::stable_partition(group.begin(), group.end(),
                              [](const auto& one) { return scenario::leaves_behind(one).empty(); });
    return groups;
}

/// What measures, or is many, would disturb others and be disturbed by them.
bool wants_the_machine(const StackGroup& group) {
    constexpr int many = 150;
    return std::ranges::any_of(group, [](const scenario::Scenario& scenario) {
        int agents = 0;
        for (const auto& one : scenario.groups)
            agents += one.count;
        const bool measures = std::ranges::any_of(scenario.expect, [](const scenario::Expectation& clause) {
            return std::holds_alternative<scenario::ExpectMetric>(clause.conditions.front());
        });
        return agents >= many || measures;
    });
}

/// Stacks side by side, each on a thread of its own; those that want the machine for themselves afterwards.
class Lanes {
  public:
    Lanes(RunCommons& commons, std::vector<StackGroup> groups,
          std::vector<std::unique_ptr<LaneTools>> tools) {
        const auto alone = std::stable_partition(
            groups.begin(), groups.end(), [](const StackGroup& group) { return !wants_the_machine(group); });
        alone_.assign(alone, groups.end());
        groups.erase(alone, groups.end());
        groups_ = std::move(groups);
        for (auto& one : tools)
            lanes_.push_back(std::make_unique<Lane>(commons, std::move(one)));
    }

    void play() {
        if (lanes_.size() == 1) {
            work(*lanes_.front());
        } else {
            for (std::thread& thread : begin())
                thread.join();
        }
        for (const StackGroup& group : alone_)
            lanes_.front()->play(group);
        lanes_.front()->stop();
    }

  private:
    std::vector<std::thread> begin() {
        const stack::SignalsHeld for_the_main_thread;
        std::vector<std::thread> threads;
        for (const auto& lane : lanes_) {
            threads.emplace_back([this, &lane] {
                work(*lane);
                if (lane != lanes_.front()) lane->stop();
            });
        }
        return threads;
    }

    void work(Lane& lane) {
        for (std::size_t next = next_++; next < groups_.size(); next = next_++)
            lane.play(groups_[next]);
    }

    std::vector<StackGroup> groups_;
    std::vector<StackGroup> alone_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::atomic<std::size_t> next_{0};
};

/// One for each stack that is played against at a time; they share the TPM threads.
std::vector<std::unique_ptr<LaneTools>> make_tools(const RunOptions& options,
                                                   const std::vector<StackGroup>& groups,
                                                   const Clock& clock) {
    const int jobs = jobs_of(options);
    const auto side_by_side = static_cast<int>(
        std::ranges::count_if(groups, [](const StackGroup& group) { return !wants_the_machine(group); }));
    const int lanes = options.stack.stack == "local" ? std::clamp(side_by_side, 1, jobs) : 1;
    std::vector<std::unique_ptr<LaneTools>> tools;
    tools.reserve(static_cast<std::size_t>(lanes));
    for (int i = 0; i < lanes; ++i)
        tools.push_back(std::make_unique<LaneTools>(clock, std::max(1, jobs / lanes)));
    return tools;
}

history::Head head_of(const RunOptions& options, const std::vector<std::unique_ptr<LaneTools>>& tools,
                      const pool::Pool* pool) {
    history::Head head;
    head.pushsim_version = kVersion;
    head.facts["libtpms"] = tpm::Library::version();
    int threads = 0;
    std::string fallback;
    for (const auto& one : tools) {
        threads += one->tpms.count();
        if (fallback.empty()) fallback = one->tpms.fallback();
    }
    head.facts["tpm_threads"] = std::to_string(threads);
    if (!fallback.empty()) head.facts[history::facts::tpms_by_blobs] = fallback;
    if (const auto on = tpm::accelerators_on(); on.any())
        head.facts[history::facts::accelerators] = tpm::to_string(on);
    if (pool != nullptr) add_facts(head, *options.pool, *pool);
    return head;
}

void say_of_tools(const std::vector<std::unique_ptr<LaneTools>>& tools, RunBook& book) {
    for (const auto& one : tools) {
        const fleet::TpmThreads& tpms = one->tpms;
        if (!tpms.fallback().empty())
            return book.say_error("pushsim: TPMs take turns by state blobs, which is slower: " +
                                  tpms.fallback());
        if (!tpms.why_not_more().empty())
            return book.say_error(fmt::format("pushsim: fewer TPM threads: {}", tpms.why_not_more()));
    }
}

/// Leaves those that have one of the tags. ErrorKind::Usage names a tag that none has.
Result<void> select_by_tag(std::vector<scenario::Scenario>& scenarios, const std::vector<std::string>& tags) {
    std::set<std::string> known;
    for (const auto& one : scenarios)
        known.insert(one.tags.begin(), one.tags.end());
    for (const std::string& tag : tags) {
        if (known.contains(tag)) continue;
        return fail(ErrorKind::Usage, fmt::format("--tag: no scenario here has the tag '{}'", tag),
                    known.empty() ? "they have none" : fmt::format("they have {}", fmt::join(known, ", ")));
    }
    std::erase_if(scenarios, [&](const scenario::Scenario& one) {
        return std::ranges::none_of(
            one.tags, [&](const std::string& tag) { return std::ranges::find(tags, tag) != tags.end(); });
    });
    return {};
}

/// What takes long is played where it is asked for: by its file, or by --tag.
void leave_out_long_ones(std::vector<scenario::Scenario>& scenarios, const std::vector<std::string>& paths) {
    const std::string tag = "long";
    const auto left_out = std::erase_if(scenarios, [&](const scenario::Scenario& one) {
        const bool is_long = std::ranges::find(one.tags, tag) != one.tags.end();
        return is_long && std::ranges::find(paths, one.file) == paths.end();
    });
    if (left_out > 0) {
        say_error(fmt::format("pushsim: {} that {} long {} left out; --tag {} plays {}", left_out,
                              left_out == 1 ? "takes" : "take", left_out == 1 ? "is" : "are", tag,
                              left_out == 1 ? "it" : "them"));
    }
}

/// What is wrong with the options whatever is played; kAsExpected: nothing.
int check_options(const RunOptions& options) {
    if (options.tpm == "swtpm" && options.pool) {
        return report_error({ErrorKind::Usage,
                             "--pool and --tpm swtpm do not go together: an agent with a swtpm of its own "
                             "draws no TPM from a pool",
                             "leave one of them out"});
    }
    if (options.pods > 0 && options.pool) {
        return report_error({ErrorKind::Usage,
                             "--pods and --pool do not go together: the file of the TPMs is here, and not in "
                             "the pods",
                             "leave one of them out"});
    }
    return kAsExpected;
}

/// What keeps these scenarios from being played with these options; kAsExpected: nothing.
int check_fit(const RunOptions& options, const std::vector<scenario::Scenario>& scenarios) {
    Circumstances here{.tpm_threads = jobs_of(options)};
    if (options.stack.stack != "local") {
        const auto address = external_address(options.stack);
        if (!address) return report_error(address.error());
        if (const auto configured = configured_servers(options.stack); !configured)
            return report_error(configured.error());
        if (const auto reached = check_sources(scenarios, *address); !reached)
            return report_error(reached.error());
        here.loopback = on_loopback(*address);
        if (const auto allowed = check_may_break(options, scenarios, *address); !allowed)
            return report_error(allowed.error());
    }
    if (options.stack.stack == "local") {
        if (const auto local = local_options(options.stack, {}); !local) return report_error(local.error());
    }
    return check_fleets(scenarios, here);
}

/// The pods of the agents' cluster, gone again with this; or so many processes here.
class SpreadOut {
  public:
    static Result<SpreadOut> over(const RunOptions& options, const Clock& clock) {
        SpreadOut made;
        if (options.stack.stack != "kind") {
            std::error_code none;
            const std::string self = std::filesystem::read_symlink("/proc/self/exe", none).string();
            for (std::size_t i = 0; i < options.pods; ++i)
                made.pods.launches.push_back({fmt::format("shard-{}", i), {self, "shard"}, true});
            return made;
        }
        auto state = kind::AgentsState::open();
        if (!state) return fail(state.error());
        const auto stop_asked = [] { return Interrupt::asked(); };
        auto alone = kind::take_fleet(*state, stop_asked);
        if (!alone) return fail(alone.error());
        made.alone_.emplace(std::move(*alone));
        made.state_ = std::make_unique<kind::AgentsState>(std::move(*state));
        made.clock_ = &clock;
        auto fleet =
            kind::fleet_up(*made.state_, kind::sources_of_clusters(), options.pods, clock, stop_asked,
                           [](const std::string& text) { say_error("pushsim: " + text); });
        if (!fleet) return fail(fleet.error());
        made.pods.hosts = fleet->hosts;
        for (const std::string& name : fleet->names) {
            std::vector<std::string> words = fleet->words(name);
            words.insert(words.end(), {"pushsim", "shard"});
            made.pods.launches.push_back({name, std::move(words)});
        }
        return made;
    }
    SpreadOut(SpreadOut&&) = default;
    SpreadOut(const SpreadOut&) = delete;
    SpreadOut& operator=(const SpreadOut&) = delete;
    SpreadOut& operator=(SpreadOut&&) = delete;
    ~SpreadOut() {
        if (!state_) return;
        if (const auto gone = kind::fleet_down(*state_, *clock_); !gone) report_error(gone.error());
    }

    Pods pods;

  private:
    SpreadOut() = default;
    std::optional<stack::FileLock> alone_;
    std::unique_ptr<kind::AgentsState> state_;
    const Clock* clock_ = nullptr;
};

void clean_up_after_others(const stack::Registry& registry, const Clock& clock) {
    for (const auto& left : stack::left_agents(registry))
        say_error("pushsim: " + left.text() + ": pushsim stack clean removes those that it knows");
    for (const auto& leftover : stack::clean_leftovers(registry, clock))
        say_error("pushsim: " + leftover.text());
}

}  // namespace

int play_scenarios(const RunOptions& options, const std::vector<scenario::Scenario>& scenarios,
                   std::uint64_t seed, const Purpose& purpose) {
    if (const int wrong = check_options(options); wrong != kAsExpected) return wrong;
    if (const int unfit = check_fit(options, scenarios); unfit != kAsExpected) return unfit;
    const auto registry = stack::Registry::open();
    if (!registry) return report_error(registry.error());
    const core::SystemClock clock;
    if (const auto on = accelerate(options.accelerators); !on) return report_error(on.error());
    std::optional<pool::Pool> pool;
    if (options.pool) {
        auto ready = pool_for_run(*options.pool, scenarios, clock);
        if (!ready) return report_error(ready.error());
        pool = std::move(*ready);
    }
    clean_up_after_others(*registry, clock);

    std::optional<SpreadOut> spread;
    if (options.pods > 0) {
        auto made = SpreadOut::over(options, clock);
        if (!made) return report_error(made.error());
        spread.emplace(std::move(*made));
    }
    std::vector<StackGroup> groups = by_stack(scenarios);
    if (options.stack.stack == "kind") {
        // Before the servers are made anew for others.
        std::stable_partition(groups.begin(), groups.end(),
                              [&](const StackGroup& group) { return fits_as_found(options, group.front()); });
    }
    std::vector<std::unique_ptr<LaneTools>> tools;
    try {
        tools = make_tools(options, groups, clock);
    } catch (const std::runtime_error& error) {
        return report_error({ErrorKind::System, error.what(), "pushsim doctor tells what is missing"});
    }
    auto book = RunBook::open(options, scenarios, seed, head_of(options, tools, pool ? &*pool : nullptr),
                              purpose, clock);
    if (!book) return report_error(book.error());
    say_of_tools(tools, **book);
    RunCommons commons{options, clock, *registry, pool ? &*pool : nullptr, seed, core::fresh_seed(), **book};
    if (spread) commons.pods = &spread->pods;
    commons.scenarios = scenarios.size();
    Lanes(commons, std::move(groups), std::move(tools)).play();
    const int code = (*book)->report();
    if (purpose.judged != nullptr) *purpose.judged = (*book)->judged();
    return code;
}

int run(const RunOptions& options) {
    const Interrupt interrupt;
    if (const int wrong = check_options(options); wrong != kAsExpected) return wrong;
    auto loaded = scenario::load({options.paths.begin(), options.paths.end()});
    if (!loaded.ok()) {
        say_error(loaded.text());
        return kUsage;
    }
    if (!options.tags.empty()) {
        if (const auto some = select_by_tag(loaded.scenarios, options.tags); !some)
            return report_error(some.error());
    }
    if (options.tags.empty()) leave_out_long_ones(loaded.scenarios, options.paths);
    if (options.tpm == "swtpm") {
        for (auto& one : loaded.scenarios)
            for (auto& group : one.groups)
                if (group.tpm.kind == scenario::TpmKind::Software) group.tpm.kind = scenario::TpmKind::Swtpm;
    }
    return play_scenarios(options, loaded.scenarios, options.seed.value_or(core::fresh_seed()), {});
}

}  // namespace pushsim::cli
