#include "sim/cli/lane.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "agent/base/files.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/cli/progress.hpp"
#include "sim/cli/stack_choice.hpp"
#include "sim/cli/wires.hpp"
#include "sim/scenario/draws.hpp"
#include "sim/scenario/shard.hpp"
#include "sim/scenario/sharing.hpp"
#include "sim/stack/tenant.hpp"

namespace pushsim::cli {

using history::ScenarioEnd;

namespace {

constexpr Duration kPatience = std::chrono::seconds{10};

fleet::Worker::Post post_to(transport::EventLoop& loop) {
    return [&loop](fleet::Worker::Task task) { loop.post(std::move(task)); };
}

/// Whether a further try can show what was not seen so far.
bool is_still_open(std::optional<reports::Outcome> outcome) {
    return outcome == reports::Outcome::NotSeen || outcome == reports::Outcome::Partial;
}

}  // namespace

LaneTools::LaneTools(const Clock& clock, int tpm_threads)
    : loop(clock), tpms(clock, post_to(loop), tpm_threads) {}

Lane::Lane(RunCommons& commons, std::unique_ptr<LaneTools> tools)
    : run_(commons),
      tools_(std::move(tools)),
      session_(commons.options, commons.book.folder(), commons.registry, commons.clock, commons.stacks) {}

Lane::~Lane() = default;

void Lane::play(const StackGroup& group) {
    for (const auto& scenario : group) {
        play_one(scenario);
        const bool is_last = &scenario == &group.back();
        if ((is_last && !session_.stays()) || run_.book.failure()) continue;  // nobody comes after it
        const SessionsSeen seen = run_.book.sessions_of(scenario.name);
        session_.began(seen.of_one_address, scenario);
        if (!seen.refused) continue;
        if (!session_.spoil())
            run_.book.say_error(
                fmt::format("pushsim: {} was refused sessions with 429: the verifier of a stack that "
                            "stays goes on with that, for up to an hour",
                            scenario.name));
    }
}

/// Of what a stack keeps that stays.
void Lane::say_what_stays(const scenario::Scenario& scenario) {
    std::vector<std::string> what;
    for (const auto& one : scenario::leaves_behind(scenario)) {
        if (!one.taken_off) what.push_back(one.what);
    }
    if (what.empty()) return;
    run_.book.say_error(
        fmt::format("pushsim: {} leaves on a stack that stays: {}", scenario.name, fmt::join(what, ", ")));
}

void Lane::stop() {
    tenant_.reset();
    if (auto stopped = session_.stop(); !stopped) {
        run_.book.note_failure(stopped.error());
    } else if (*stopped) {
        run_.book.history().append({}, history::StackEvent{"stopped", "", {}});
    }
}

void Lane::play_one(const scenario::Scenario& scenario) {
    number_ = ++run_.begun;
    if (const auto why = session_.cannot_play(scenario)) return run_.book.skip(scenario, *why);
    if (const auto why = run_.pods != nullptr ? scenario::why_not_apart(scenario) : std::nullopt)
        return run_.book.skip(scenario, *why + ", so that it cannot be spread over pods");
    if (!scenario.tries) {
        attempt(scenario, std::nullopt);
        return;
    }
    for (int number = 1; number <= *scenario.tries; ++number) {
        if (!attempt(scenario, history::Try{number, *scenario.tries})) return;
        if (!is_still_open(run_.book.outcome_of(scenario.name))) break;
    }
    run_.book.say_scenario(scenario.name);
}

bool Lane::ready_for(const scenario::Scenario& scenario, stack::StackAddress& address) {
    if (!run_.book.failure() && Interrupt::asked())
        run_.book.note_failure({ErrorKind::Interrupted, "interrupted"});
    if (!run_.book.failure()) {
        auto ready = session_.prepare(scenario);
        if (ready) {
            if (ready->fresh) {
                if (const auto note = session_.about(); !note.empty())
                    run_.book.say_error("pushsim: " + note);
                auto facts = facts_of(ready->address);
                const auto mode = scenario.stack.verifier.find("mode");
                if (mode != scenario.stack.verifier.end() && mode->second) facts.mode = *mode->second;
                run_.book.history().append(
                    {},
                    history::StackEvent{"started", ready->kept ? "kept by `stack up`" : ready->how, facts});
                run_.book.say_head(facts);
                tenant_ = std::make_unique<fleet::TenantDesk>(ready->address, run_.clock,
                                                              post_to(tools_->loop), session_.database());
            }
            address = ready->address;
            return true;
        }
        run_.book.note_failure(ready.error());
    }
    run_.book.skip(scenario, "the run ended before it: " + run_.book.failure()->message, true);
    return false;
}

Result<void> Lane::begin_list(const scenario::Scenario& scenario, const stack::StackAddress& address) {
    auto list = stack::AgentList::begin(run_.registry, address);
    if (!list) return fail(list.error());
    agents_ = std::move(*list);
    policies_.clear();
    stack::Tenant tenant(address, run_.clock, kPatience);
    std::vector<std::string> own;
    for (const auto& group : scenario.groups) {
        const std::string& name = group.enrol.runtime_policy_name;
        if (name.empty() || std::ranges::find(own, name) != own.end()) continue;
        auto known = tenant.has_runtime_policy(name);
        if (!known.result) return fail(known.result.error());
        if (!*known.result) {
            own.push_back(name);
        } else if (scenario::changes_policy(scenario, name)) {
            // Somebody else's, who goes on needing it.
            return fail(
                ErrorKind::Config,
                fmt::format("the verifier has an IMA policy called {} already, which the script would "
                            "change: give the scenario's a name of its own (`runtime_policy_name`)",
                            name));
        }
    }
    for (std::string& name : own) {
        if (auto noted = agents_->add_policy(name); !noted) return noted;
        policies_.push_back(std::move(name));
    }
    return {};
}

bool Lane::remove_policies(const stack::StackAddress& address) {
    bool all = true;
    stack::Tenant tenant(address, run_.clock, kPatience);
    for (const std::string& name : policies_) {
        auto removed = tenant.remove_runtime_policy(name);
        history::TenantAct act;
        act.act = "delete_policy";
        act.request = std::move(removed.call.request);
        act.duration = removed.call.outcome.timings.total;
        act.response = std::move(removed.call.outcome.response);
        if (!removed.result) act.error = removed.result.error();
        run_.book.history().append({}, act);
        all = all && removed.result;
    }
    return all;
}

bool Lane::attempt(const scenario::Scenario& scenario, const std::optional<history::Try>& attempt) {
    stack::StackAddress address;
    if (!ready_for(scenario, address)) return false;
    const auto cannot_play = [&](const Error& error) {
        run_.book.note_failure(error);
        run_.book.skip(scenario, error.message);
        return false;
    };
    const auto wires = wires_to(address);
    if (!wires) return cannot_play(wires.error());
    agents_.reset();
    if (session_.stays()) {
        if (auto begun = begin_list(scenario, address); !begun) {
            if (agents_) agents_->finish();
            agents_.reset();
            if (begun.error().kind != ErrorKind::Config) return cannot_play(begun.error());
            run_.book.skip(scenario, begun.error().message);
            return false;
        }
    }
    bool agents_gone = false;
    std::optional<StandingLine> line;
    if (!run_.options.quiet) {
        const bool alone = run_.scenarios == 1;
        line.emplace(alone ? scenario.name : fmt::format("{}/{} {}", number_, run_.scenarios, scenario.name),
                     run_.clock);
    }
    std::optional<fleet::Worker> server_acts;
    const fleet::Stage stage{
        .loop = tools_->loop,
        .clock = run_.clock,
        .history = run_.book.history(),
        .tpms = tools_->tpms,
        .pool = run_.pool,
        .tenant = *tenant_,
        .registrar = wires->registrar,
        .registrar_tls = wires->registrar_tls,
        .verifier = wires->verifier,
        .tls = wires->tls,
        .admin_tls = wires->admin_tls,
        .seed = run_.seed,
        .id_seed = run_.id_seed + static_cast<std::uint64_t>(attempt ? attempt->number : 0),
        .remove_agents = session_.stays(),
        .attempt = attempt,
        .scenario_limit = run_.options.scenario_limit,
        .max_in_flight = run_.options.max_in_flight,
        .act_on_server =
            [&](stack::ServerAct what, stack::ServerName server, auto done) {
                if (!server_acts) server_acts.emplace(post_to(tools_->loop));
                server_acts->submit([this, what, server] { return session_.act(what, server); },
                                    std::move(done));
            },
        .cut_acts = [this] { session_.cut_acts(); },
        .standing =
            [&line](const fleet::Standing& standing) {
                if (line) line->at(standing);
            },
        .interrupted = [] { return Interrupt::asked(); },
        .stack_failure = [this] { return session_.failure(); },
        .stack_failed = [this](const Error& error) { session_.failed(error); },
        .agent_id_taken = [this](const std::string& id) -> Result<void> {
            return agents_ ? agents_->add(id) : Result<void>{};
        },
        .agents_removed = [&agents_gone] { agents_gone = true; }};
    const ScenarioEnd end =
        run_.pods != nullptr ? play_in_pods(scenario, address, stage) : fleet::play(stage, scenario);
    server_acts.reset();  // which waits for the one that is under way
    if (agents_ && remove_policies(address) && agents_gone) agents_->finish();
    line.reset();
    settle(end);
    if (session_.stays() && (!attempt || attempt->number == 1)) say_what_stays(scenario);
    if (!attempt || run_.book.failure()) run_.book.say_scenario(scenario.name);
    return !run_.book.failure();
}

ScenarioEnd Lane::play_in_pods(const scenario::Scenario& scenario, const stack::StackAddress& address,
                               const fleet::Stage& stage) {
    const auto plan = scenario::plan_text({scenario}, run_.seed);
    const std::string attempt = stage.attempt ? fmt::format("-{}", stage.attempt->number) : "";
    const PodStage pods{.pods = *run_.pods,
                        .setup = {.plan = plan ? *plan : "",
                                  .id_seed = stage.id_seed,
                                  .attempt = stage.attempt,
                                  .hosts = run_.pods->hosts,
                                  .verifier = address.verifier,
                                  .registrar = address.registrar_http,
                                  .registrar_tls = address.registrar_tls,
                                  .ca = read_file(address.ca_file),
                                  .verify_server = address.verify_server,
                                  .api_version = address.api_version,
                                  .limit = stage.scenario_limit,
                                  .max_in_flight = stage.max_in_flight,
                                  .bodies = run_.options.bodies,
                                  .accelerators = run_.options.accelerators,
                                  .jobs = run_.options.jobs.value_or(1)},
                        .loop = tools_->loop,
                        .address = address,
                        .clock = run_.clock,
                        .history = stage.history,
                        .folder = run_.book.folder() / "pods" / (scenario.name + attempt),
                        .remove_agents = stage.remove_agents,
                        .act_on_server = stage.act_on_server,
                        .cut_acts = stage.cut_acts,
                        .standing = stage.standing,
                        .interrupted = stage.interrupted,
                        .stack_failure = stage.stack_failure,
                        .stack_failed = stage.stack_failed,
                        .agent_id_taken = stage.agent_id_taken,
                        .agents_removed = stage.agents_removed,
                        .say = [this](const std::string& text) { run_.book.say_error(text); }};
    return play_over_pods(pods, scenario);
}

void Lane::settle(const ScenarioEnd& end) {
    if (const auto unwritten = run_.book.history().failure()) {
        run_.book.note_failure(*unwritten);
    } else if (end.ending == ScenarioEnd::Ending::Failed) {
        if (const auto dead = session_.failure()) {
            run_.book.history().append({}, history::StackEvent{"failed", dead->message, {}});
            run_.book.note_failure(*dead);
        }
    } else if (end.ending == ScenarioEnd::Ending::Interrupted) {
        run_.book.note_failure({ErrorKind::Interrupted, "interrupted"});
    }
}

}  // namespace pushsim::cli
