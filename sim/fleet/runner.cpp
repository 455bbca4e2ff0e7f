#include "sim/fleet/runner.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "agent/tpm/public_key_pem.hpp"
#include "sim/fleet/events.hpp"
#include "sim/fleet/expectations.hpp"
#include "sim/fleet/play.hpp"
#include "sim/scenario/draws.hpp"

namespace pushsim::fleet {
namespace {

using history::ScenarioEnd;

constexpr Duration kLastAct = std::chrono::seconds{1};
// The loop looks up this often, whatever else happens: for Ctrl-C and for servers that died.
constexpr Duration kLook = std::chrono::milliseconds{100};
constexpr Duration kTell = std::chrono::seconds{1};

/// Who sends requests and is no agent, and how many of them there are at most.
std::map<std::string, int> senders_of(const std::vector<scenario::Step>& steps) {
    std::map<std::string, int> senders;
    const auto take = [&](const std::string& name, int count) {
        senders[name] = std::max(senders[name], count);
    };
    for (const scenario::Step& step : steps) {
        const bool nobody = step.request.by == "nobody" || step.request.by == "admin";
        if (step.kind == scenario::StepKind::Request && nobody)
            take(step.request.by, step.request.connections);
        if (step.kind == scenario::StepKind::ChangePolicy) take("admin", 1);
        for (const auto& [name, count] : senders_of(step.steps))
            take(name, count);
    }
    return senders;
}

bool restores_tpm(const scenario::Scenario& scenario, const std::string& group) {
    return scenario::has_step(scenario.script, [&](const scenario::Step& step) {
        return step.kind == scenario::StepKind::RestoreTpm &&
               std::ranges::find(step.agents, group) != step.agents.end();
    });
}

}  // namespace

history::ScenarioStart start_record(const scenario::Scenario& scenario,
                                    const std::optional<history::Try>& attempt) {
    history::ScenarioStart start;
    start.title = scenario.title;
    start.file = scenario.file;
    start.plan = scenario::resolved(scenario);
    for (const auto& group : scenario.groups)
        start.groups.push_back({group.name, group.count});
    for (const auto& [name, count] : senders_of(scenario.script))
        start.groups.push_back({name, count});
    start.expectations = expectations_of(scenario);
    start.attempt = attempt;
    return start;
}

Play::Play(const Stage& stage, const scenario::Scenario& scenario)
    : stage_(stage),
      scenario_(scenario),
      gate_(stage.max_in_flight ? std::make_optional<Gate>(stage.loop, *stage.max_in_flight) : std::nullopt),
      surroundings_{stage.loop, stage.clock, stage.history, stage.registrar,          stage.verifier,
                    stage.tls,  stage.seed,  scenario.name, gate_ ? &*gate_ : nullptr} {
    surroundings_.admin_tls = stage.admin_tls;
    // Each try has chances of its own.
    constexpr std::uint64_t apart = 0x9E3779B97F4A7C15;  // so that they are not those of a neighbouring seed
    if (stage.attempt) surroundings_.seed += apart * static_cast<std::uint64_t>(stage.attempt->number - 1);
    surroundings_.agent_of = [this](const std::string& group, int number) { return agent_of(group, number); };
    surroundings_.new_tpm = [this](const std::string& group) {
        return std::make_unique<AgentTpm>(
            stage_.tpms, TpmDevice::Options{.ak_primary = true,
                                            .algorithms = algorithms_of(scenario_.group(group)->algorithms)});
    };
}

Play::~Play() = default;

ScenarioEnd Play::run() {
    until_ = stage_.clock.now() + stage_.scenario_limit;
    told_ = stage_.clock.now();
    record({.scenario = scenario_.name}, start_record(scenario_, stage_.attempt));
    const int attempt = stage_.attempt ? stage_.attempt->number : 1;
    if (auto drawn = scenario::Draws::of(scenario_, stage_.seed, attempt)) {
        draws_ = std::move(*drawn);
    } else {
        give_up(drawn.error());
    }
    if (!end_ && cast()) {
        bool done = false;
        sequence(scenario_.script, 0, [this, &done] {
            meet(scenario_.last_number() + 1, [this, &done] { read_final_status([&done] { done = true; }); });
        });
        wait_until([&done] { return done; });
    }
    if (end_) end_->agents = stop_agents();
    if (stage_.remove_agents) remove_agents();
    if (!end_) end_ = ScenarioEnd{};
    record({.scenario = scenario_.name}, *end_);
    return *end_;
}

/// After an early end nobody is there for what comes back; what was under way is put down.
std::string Play::stop_agents() {
    using Doing = VirtualAgent::Doing;
    constexpr std::array kWords{
        std::pair{Doing::Exchanges, "with an exchange under way (given up: failed in transit)"},
        std::pair{Doing::WaitsToSend, "that waited to send"}, std::pair{Doing::UsesTpm, "at their TPM"},
        std::pair{Doing::Pauses, "in a pause"},
        std::pair{Doing::Nothing, "that waited (for their next attestation, the tenant or others)"}};
    alive_.reset();
    for (const ActPtr& act : under_way_)
        record(act->where, history::StepEnd{scenario::to_string(act->step.kind), end_->reason});
    for (const auto& sender : senders_)
        sender->stop();
    if (server_acts_ > 0) stage_.cut_acts();
    stage_.tenant.drop_waiting();
    std::map<Doing, std::size_t> doing;
    std::size_t unready = 0;
    for (Member& member : agents_)
        ++(member.agent ? doing[member.agent->stop()] : unready);
    std::vector<std::string> parts;
    for (const auto& [what, words] : kWords) {
        if (const auto count = doing[what]; count > 0) parts.push_back(fmt::format("{} {}", count, words));
    }
    if (unready > 0) parts.push_back(fmt::format("{} not made yet", unready));
    std::string text = fmt::format("{} {}: {}", agents_.size(), agents_.size() == 1 ? "agent" : "agents",
                                   fmt::join(parts, ", "));
    agents_.clear();
    // The one act of the tenant that may be on its way is waited for, in bounded time.
    const Instant until = stage_.clock.now() + kLastAct;
    while (stage_.tenant.busy() && stage_.clock.now() < until)
        stage_.loop.run_once(kLook);
    const bool undone = stage_.tenant.busy();
    // What it came to is handed over before it counts as done, and put down here.
    stage_.loop.run_once(Duration::zero());
    if (undone) text += "; an act of the tenant was not waited for";
    return parts.empty() ? "" : text;
}

void Play::record(const history::Where& where, const history::Record& record) {
    const auto written = stage_.history.append(where, record);
    if (!written && !end_) {
        end_ = ScenarioEnd{ScenarioEnd::Ending::Failed, written.error().message, written.error().mend};
    }
}

void Play::give_up(const Error& error) {
    if (!end_ && error.kind == ErrorKind::Stack) stage_.stack_failed(error);
    if (!end_) end_ = ScenarioEnd{ScenarioEnd::Ending::Failed, error.message, error.mend};
}

void Play::after(Duration duration, Then then) {
    stage_.loop.after(duration, [then = std::move(then), alive = std::weak_ptr(alive_)] {
        if (!alive.expired()) then();
    });
}

bool Play::wait_until(const std::function<bool()>& done) {
    while (!done()) {
        stage_.loop.run_once(kLook);
        if (end_) return false;
        tell_standing();
        if (stage_.interrupted()) {
            end_ = ScenarioEnd{ScenarioEnd::Ending::Interrupted, "interrupted", ""};
        } else if (const auto failure = stage_.stack_failure()) {
            give_up(*failure);
        } else if (const auto unwritten = stage_.history.failure()) {
            give_up(*unwritten);
        } else if (stage_.clock.now() >= until_) {
            give_up(
                {ErrorKind::System,
                 fmt::format("the scenario took longer than {}", to_text(stage_.scenario_limit)),
                 standing_.step == 0 && stage_.pool == nullptr
                     ? "its agents were not all made yet: raise --timeout, or draw TPMs from a pool (--pool)"
                     : "raise --timeout, or look in the history for what it waited for"});
        }
    }
    return true;
}

void Play::tell_standing() {
    const Instant now = stage_.clock.now();
    if (now - told_ < kTell) return;
    told_ = now;
    Standing standing = standing_;
    standing.agents = agents_.size();
    for (const Member& member : agents_) {
        if (!member.agent) continue;
        ++standing.made;
        standing.registered += member.agent->registered() ? 1 : 0;
        standing.enrolled += member.agent->enrolled ? 1 : 0;
    }
    stage_.standing(standing);
}

VirtualAgent* Play::agent_of(const std::string& group, int number) {
    const auto first =
        std::ranges::find_if(agents_, [&](const Member& member) { return member.group->name == group; });
    if (first == agents_.end()) return nullptr;
    const int wanted = number % first->group->count;
    if (!stage_.shard) return std::next(first, wanted)->agent.get();
    const auto meant = std::find_if(first, agents_.end(), [&](const Member& member) {
        return member.group == first->group && member.number == wanted;
    });
    return meant == agents_.end() ? nullptr : meant->agent.get();
}

bool Play::take_golden_states() {
    for (const scenario::Group& group : scenario_.groups) {
        auto golden = golden_state(group);
        if (!golden) {
            give_up(golden.error().in(group.name));
            return false;
        }
        golden_.emplace(&group, *std::move(golden));
    }
    return true;
}

bool Play::cast() {
    if (!take_golden_states()) return false;
    int overall = 0;
    for (const scenario::Group& group : scenario_.groups) {
        for (int i = 0; i < group.count; ++i, ++overall) {
            std::string name = scenario::agent_name(group.name, i);
            if (stage_.shard && !stage_.shard->has(name)) continue;
            Member& one = agents_.emplace_back();
            one.group = &group;
            one.name = std::move(name);
            one.number = i;
            one.overall = overall;
        }
    }
    int waiting = 0;
    for (Member& member : agents_) {
        ++waiting;
        cast_agent(member, [&waiting] { --waiting; });
    }
    return wait_until([&] { return waiting == 0; });
}

void Play::cast_agent(Member& member, Then done) {
    const scenario::Group& group = *member.group;
    const boot::BootState& golden = golden_.at(&group);
    const history::Where here{.scenario = scenario_.name, .agent = member.name};
    TpmDevice::Options tpm{.tpm = group.tpm,
                           .ak_primary = group.ak == scenario::AkKind::Primary,
                           .algorithms = algorithms_of(group.algorithms),
                           .restored = restores_tpm(scenario_, group.name)};
    if (stage_.pool != nullptr && draws_from_pool(group, stage_.pool->about().ak)) {
        if (drawn_ == stage_.pool->size()) {
            give_up({ErrorKind::Config,
                     fmt::format("{}: its {} TPMs are not enough", stage_.pool->file().string(), drawn_),
                     "pushsim pool make with a larger --count"});
            return;
        }
        tpm.pooled = {stage_.pool, drawn_++};
    }
    member.tpm = std::make_unique<AgentTpm>(stage_.tpms, std::move(tpm));
    member.tpm->provision([this, &member, &group, &golden, here, done = std::move(done),
                           alive = std::weak_ptr(alive_)](const AgentTpm::Provisioned& provisioned) {
        if (alive.expired()) return;
        const auto& description = provisioned.description;
        record(here, operation_of(provisioned));
        if (!description) {
            give_up(description.error().in(member.name));
            return;
        }
        member.ak_public = description->ak_public;
        const std::string id = agent_id(group, member.number, description->ek_public);
        take_id(group, member.name, id, [this, &member, &golden, here, id, done, alive] {
            for (const history::MachineAct& act : boot_records(golden))
                record(here, act);
            const auto measured = [this, &member, &golden, id, done, alive](const Result<void>& result) {
                if (alive.expired()) return;
                if (!result) {
                    give_up(result.error().in(member.name));
                    return;
                }
                const scenario::Group& of = *member.group;
                member.agent = std::make_unique<VirtualAgent>(
                    surroundings_, VirtualAgent::Identity{member.name, of.name, id, member.number},
                    manner_of(of, member.overall), boot::BootState(stage_.clock.wall_now(), golden),
                    std::move(member.tpm));
                done();
            };
            member.tpm->extend(golden.events(), measured);
        });
    });
}

void Play::take_id(const scenario::Group& group, const std::string& name, const std::string& id, Then taken) {
    const auto take = [this, id, taken = std::move(taken)] {
        if (const auto noted = stage_.agent_id_taken(id); !noted) {
            give_up(noted.error());
            return;
        }
        ids_.push_back(id);
        taken();
    };
    // A drawn id is nobody's yet; groups of one scenario may share a literal.
    if (!stage_.remove_agents || group.id.scheme == scenario::AgentId::Scheme::Uuid ||
        std::ranges::find(ids_, id) != ids_.end()) {
        take();
        return;
    }
    stage_.tenant.find(id, [this, name, id, take,
                            alive = std::weak_ptr(alive_)](const TenantDesk::Looked<std::string>& looked) {
        if (alive.expired()) return;
        const history::Where here{.scenario = scenario_.name, .agent = name};
        for (const auto& act : looked.acts)
            record(here, act);
        const auto& at = looked.result;
        if (!at) {
            go_on_after(looked.acts.back(), here, [this, error = at.error()] { give_up(error); });
        } else if (!at->empty()) {
            give_up(
                {ErrorKind::Config,
                 fmt::format("the {} knows an agent '{}' already; a run would change it and delete it at "
                             "its end",
                             *at, id),
                 "use another id, or delete that agent first (what a killed run left: pushsim stack clean)"});
        } else {
            take();
        }
    });
}

std::optional<std::string> planned_id(const scenario::Scenario& scenario, const scenario::Group& group,
                                      int number, std::uint64_t id_seed) {
    switch (group.id.scheme) {
        case scenario::AgentId::Scheme::Literal:
            return scenario::literal_id(group.id, number);
        case scenario::AgentId::Scheme::HashEk:
            return std::nullopt;
        case scenario::AgentId::Scheme::Uuid:
            break;
    }
    core::SeededStream stream(id_seed, {scenario.name, group.name, fmt::format("{}", number), "id"});
    return core::make_uuid(stream);
}

std::string Play::agent_id(const scenario::Group& group, int number, ByteView ek_public) const {
    if (auto planned = planned_id(scenario_, group, number, stage_.id_seed)) return *planned;
    return to_hex(tpm::hash(tpm::HashAlgorithm::Sha256, as_bytes(tpm::public_key_pem(ek_public))));
}

bool draws_from_pool(const scenario::Group& group, tpm::AkParent ak) {
    return group.tpm.kind == scenario::TpmKind::Software && group.algorithms == scenario::AkAlgorithms{} &&
           (group.ak == scenario::AkKind::Primary) == (ak == tpm::AkParent::None);
}

ScenarioEnd play(const Stage& stage, const scenario::Scenario& scenario) {
    return Play(stage, scenario).run();
}

}  // namespace pushsim::fleet
