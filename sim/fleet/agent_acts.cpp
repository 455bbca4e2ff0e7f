// What agents do in a step.

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "sim/fleet/events.hpp"
#include "sim/fleet/expectations.hpp"
#include "sim/fleet/play.hpp"

namespace pushsim::fleet {
namespace {

using lifecycle::Finished;
using lifecycle::Phase;
using scenario::StepKind;

// How long a verdict may take after the evidence was taken (the scenario language, "expect: verdict").
constexpr Duration kVerdictPatience = std::chrono::seconds{10};
// Between cycles where the verifier has said nothing of when it wants the next.
constexpr Duration kNextAttestationUnsaid = std::chrono::seconds{2};

/// The last phase of an agent's step.
Phase goal_of(StepKind kind) {
    return kind == StepKind::Attest ? Phase::Submit : faults::phase_of(kind).value();
}

}  // namespace

void Play::act_one(const ActPtr& act, Member& member, Then then) {
    const scenario::Step& step = act->step;
    switch (step.kind) {
        case StepKind::Enrol:
            if (step.bare || member.stopped || member.agent->registered()) {
                enrol(act, member, std::move(then));
                return;
            }
            break;
        case StepKind::Delete:
        case StepKind::Reactivate:
            tenant_act(act, member, std::move(then));
            return;
        case StepKind::ReadStatus:
            read_status_as_wanted(act, member, std::move(then));
            return;
        case StepKind::StopAgent:
            stop_agent(act, member);
            then();
            return;
        case StepKind::RestartAgent:
            member.stopped = false;
            member.agent->restart(act->number());
            then();
            return;
        default:
            break;
    }
    if (member.stopped) {
        record(where(act, member), history::Note{"the agent is stopped, and does nothing"});
        then();
        return;
    }
    member.finish = std::move(then);
    member.running = std::make_shared<int>(0);
    // The tenant may be slow with what was asked of it before the agent was stopped.
    const auto done = [&member, running = std::weak_ptr(member.running)] {
        if (!running.expired() && member.finish) std::exchange(member.finish, nullptr)();
    };
    switch (step.kind) {
        case StepKind::Enrol:
            prepare(
                act, member, Phase::Authenticate, [this, act, &member, done] { enrol(act, member, done); },
                done);
            return;
        case StepKind::Extend:
            measure(act, member, done);
            return;
        case StepKind::Measure:
            measure_file(act, member, done);
            return;
        case StepKind::Reboot:
            reboot(act, member, done);
            return;
        case StepKind::Suspend:
            member.agent->suspend(act->number(), done_or_given_up(member, done));
            return;
        case StepKind::ClearTpm:
            member.agent->clear_tpm(act->number(), done_or_given_up(member, done));
            return;
        case StepKind::RestoreTpm:
            member.agent->restore_tpm(act->number(), done_or_given_up(member, done));
            return;
        default:
            break;
    }
    member.in_doubt = 0;
    const scenario::Amount start = scenario::start_of(step);
    const Instant first =
        act->began + draws_.duration(start, member.name, scenario::purpose(step.number, "spread"),
                                     planned(step, member, 1) / static_cast<std::size_t>(step.times));
    const auto go = [this, act, &member, first, done] {
        pursue(act, member, goal_of(act->step.kind), 1, first, done);
    };
    if (first <= stage_.clock.now()) return go();
    after(first - stage_.clock.now(), [go, running = std::weak_ptr(member.running)] {
        if (!running.expired()) go();
    });
}

void Play::measure(const ActPtr& act, Member& member, Then done) {
    const auto events = events_of(act->step.extend);
    if (!events) {
        give_up(events.error());
        return;
    }
    member.agent->extend(*events, act->number(), done_or_given_up(member, std::move(done)));
}

void Play::measure_file(const ActPtr& act, Member& member, Then done) {
    auto file = ima_file(act->step.path, act->step.file);
    if (!file) {
        give_up(file.error());
        return;
    }
    member.agent->measure_file(*std::move(file), act->number(), done_or_given_up(member, std::move(done)));
}

void Play::reboot(const ActPtr& act, Member& member, Then done) {
    const boot::BootState& golden = golden_.at(member.group);
    member.agent->reboot(act->step.orderly, boot::BootState(stage_.clock.wall_now(), golden), act->number(),
                         done_or_given_up(member, std::move(done)));
}

std::function<void(Result<void>)> Play::done_or_given_up(Member& member, Then done) {
    return [this, &member, done = std::move(done)](const Result<void>& result) {
        if (!result) {
            give_up(result.error().in(member.name));
            return;
        }
        done();
    };
}

/// In whatever it does: its step goes on without it.
void Play::stop_agent(const ActPtr& act, Member& member) {
    member.stopped = true;
    member.running.reset();
    member.agent->halt(act->number());
    if (member.finish) std::exchange(member.finish, nullptr)();
}

void Play::prepare(const ActPtr& act, Member& member, Phase goal, Then ready, Then then) {
    const scenario::Step& step = act->step;
    if (step.bare) {
        ready();
        return;
    }
    const bool wants_enrolment = goal >= Phase::Authenticate && step.kind != StepKind::Enrol &&
                                 member.group->enrol.enrolled && !member.agent->enrolment_seen_to;
    if (goal > Phase::Activate && !member.agent->registered()) {
        member.agent->pursue({.goal = Phase::Activate, .step = act->number()},
                             [this, act, &member, goal, ready, then](const Finished& finished) {
                                 if (finished.ending != Finished::Ending::Reached) {
                                     look_behind(act, finished, member, then);
                                     return;
                                 }
                                 prepare(act, member, goal, ready, then);
                             });
    } else if (wants_enrolment) {
        enrol(act, member, [&member, ready = std::move(ready), then = std::move(then)] {
            member.agent->enrolled ? ready() : then();
        });
    } else {
        ready();
    }
}

void Play::pursue(const ActPtr& act, Member& member, Phase goal, int cycle, Instant first, Then then) {
    const auto still = [running = std::weak_ptr(member.running)] { return !running.expired(); };
    const auto next_cycle = [this, act, &member, goal, cycle, first, then, still](const Finished& finished) {
        const scenario::Step& step = act->step;
        leave_places(act, member, cycle);
        if (cycle == step.times || finished.ending == Finished::Ending::Stopped) {
            then();
            return;
        }
        Duration due = finished.next_attestation.value_or(kNextAttestationUnsaid);
        if (const auto due_at = scenario::due_of(step, cycle))
            due = first + *due_at + jitter_of(act, member, cycle + 1) - stage_.clock.now();
        for (const auto& fault : member.faults) {
            const Duration sooner = std::min(fault->sooner(), std::max(due, Duration::zero()));
            if (sooner == Duration::zero()) continue;
            due -= sooner;
            record(where(act, member),
                   history::FaultEffect{scenario::text(fault->plan()),
                                        fmt::format("attests {} before it is due", to_text(sooner)),
                                        fault->plan().drawn});
        }
        after(std::max(due, Duration::zero()), [this, act, &member, goal, cycle, first, then, still] {
            if (still()) pursue(act, member, goal, cycle + 1, first, then);
        });
    };
    const auto again = [this, act, &member, goal, cycle, first, then, next_cycle](const Finished& finished) {
        // What shows nothing is done again (the scenario language, "inconclusive"); without a negotiation of
        // its own it would be as late again.
        if (!act->step.bare && !member.agent->doubt().empty() &&
            ++member.in_doubt < history::tries_in_doubt) {
            pursue(act, member, goal, cycle, first, then);
            return;
        }
        member.in_doubt = 0;
        next_cycle(finished);
    };
    prepare(
        act, member, goal,
        [this, act, &member, goal, cycle, again, still] {
            if (!still()) return;
            member.faults = faults_of_cycle(act, member, cycle);
            member.agent->pursue(
                {.goal = goal,
                 .bare = act->step.bare,
                 .step = act->number(),
                 .record = true,
                 .goes_on = goal_of(act->step.kind) >= Phase::Collect && act->step.kind != StepKind::Attest,
                 .keep = wants_messages(act->step.expect),
                 .faults = &member.faults,
                 .when_decided =
                     [this, &member](int index, Then decided) {
                         when_decided(member, index, stage_.clock.now() + kVerdictPatience,
                                      std::move(decided));
                     }},
                [this, act, &member, again, still](const Finished& finished) {
                    if (const auto why = undone(finished, member)) {
                        lacks(why->in(member.name), where(act, member));
                        if (end_) return;
                    }
                    look_behind(act, finished, member, [again, finished, still] {
                        if (still()) again(finished);
                    });
                });
        },
        then);
}

Duration Play::jitter_of(const ActPtr& act, const Member& member, int cycle) {
    return draws_.duration(act->step.jitter, member.name, scenario::purpose(act->number(), "jitter"),
                           planned(act->step, member, cycle));
}

std::optional<Error> Play::undone(const Finished& finished, const Member& member) {
    if (member.agent->impossible()) return member.agent->impossible();
    if (finished.begun) return std::nullopt;
    return lack(member.agent.get(), finished.reason, "let the agent come so far in a step before");
}

/// What the end of a pursuit calls for: the verdict on evidence that arrived; a look at the servers where
/// nothing came back.
void Play::look_behind(const ActPtr& act, const Finished& finished, Member& member, Then then) {
    const bool by_a_server = finished.status || finished.failure;
    if (finished.ending != Finished::Ending::Reached && by_a_server) member.agent->turned_away = true;
    if (finished.ending == Finished::Ending::Reached && finished.phase == Phase::Submit &&
        finished.attestation_index) {
        watch_verdict(act, member, *finished.attestation_index, stage_.clock.now() + kVerdictPatience);
    }
    if (finished.ending != Finished::Ending::Failed || finished.status) {
        then();
        return;
    }
    look_at_servers(where(act, member), std::move(then));
}

}  // namespace pushsim::fleet
