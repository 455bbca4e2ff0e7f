#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "sim/fleet/play.hpp"

namespace pushsim::fleet {
namespace {

using lifecycle::Finished;
using lifecycle::Phase;
using scenario::StepKind;

// How long a verdict may take after the evidence was taken (the scenario language, "expect: verdict").
constexpr Duration kVerdictPatience = std::chrono::seconds{10};
constexpr Duration kVerdictPoll = std::chrono::milliseconds{50};
constexpr Duration kStatusPoll = std::chrono::milliseconds{100};
constexpr Duration kRemovalPatience = std::chrono::seconds{8};
// Between cycles where the verifier has said nothing of when it wants the next.
constexpr Duration kNextAttestationUnsaid = std::chrono::seconds{2};

std::optional<Phase> phase_of(StepKind kind) {
    switch (kind) {
        case StepKind::Register:
            return Phase::Register;
        case StepKind::Activate:
            return Phase::Activate;
        case StepKind::Authenticate:
            return Phase::Authenticate;
        case StepKind::Negotiate:
            return Phase::Negotiate;
        case StepKind::Collect:
            return Phase::Collect;
        case StepKind::Submit:
        case StepKind::Attest:
            return Phase::Submit;
        default:
            return std::nullopt;
    }
}

std::string policy_text(const scenario::TpmPolicy& policy, const boot::BootState& boot) {
    if (const auto* from_boot = std::get_if<scenario::PolicyFromBoot>(&policy)) {
        return protocol::tpm_policy_text(boot.policy_for(tpm::HashAlgorithm::Sha256, from_boot->pcrs));
    }
    if (const auto* literal = std::get_if<scenario::LiteralPolicy>(&policy)) {
        return protocol::tpm_policy_text(literal->allowed);
    }
    if (const auto* text = std::get_if<scenario::PolicyText>(&policy)) return text->json;
    return protocol::Enrolment{}.tpm_policy;
}

/// The status that the expectations want of an agent of this group, and how long it may take to come about.
struct Wanted {
    std::string status;
    Duration within{};
};
std::optional<Wanted> wanted_status(const std::vector<scenario::Expectation>& expectations,
                                    const std::string& group) {
    for (const auto& expectation : expectations) {
        if (std::ranges::find(expectation.agents, group) == expectation.agents.end()) continue;
        for (const auto& condition : expectation.conditions) {
            if (const auto* status = std::get_if<scenario::ExpectStatus>(&condition)) {
                return Wanted{scenario::to_string(status->status), status->within.value_or(Duration::zero())};
            }
        }
    }
    return std::nullopt;
}

}  // namespace

history::Where Play::where(int number, const Member& member) const {
    return {scenario_.name, number, member.agent->identity().name};
}

bool Play::act(const scenario::Step& step, int number) {
    const history::Where here{.scenario = scenario_.name, .step = number};
    record(here, history::StepStart{scenario::to_string(step.kind), step.agents, step.as});
    faults_[number] = faults::make(step.faults);
    gather(step, number);
    standing_ = {.step = number, .act = scenario::to_string(step.kind)};
    for (Member& member : agents_)
        member.in_doubt = 0;

    if (step.kind == StepKind::Wait) {
        const Instant due = stage_.clock.now() + step.wait;
        wait_until([&] { return stage_.clock.now() >= due; });
    } else {
        std::size_t acting = 0;
        for (Member& member : agents_) {
            if (std::ranges::find(step.agents, member.group->name) == step.agents.end()) continue;
            ++acting;
            ++standing_.acting;
            act_one(step, number, member, [this, number, &member, &acting] {
                for (const auto& fault : faults_of(number))
                    fault->leave(member.name);
                --acting;
                ++standing_.done;
            });
        }
        wait_until([&] { return acting == 0 && verdicts_awaited_ == 0; });
    }
    if (!end_ && step.kind != StepKind::ReadStatus) read_wanted(step.expect, number);
    record(here, history::StepEnd{scenario::to_string(step.kind), end_ ? end_->reason : ""});
    return !end_;
}

void Play::act_one(const scenario::Step& step, int number, Member& member, Then then) {
    switch (step.kind) {
        case StepKind::Extend:
            measure(step, number, member, std::move(then));
            return;
        case StepKind::RestartAgent:
            member.agent->restart(number);
            then();
            return;
        case StepKind::Enrol:
            prepare(
                step, number, member, Phase::Authenticate,
                [this, &step, number, &member, then] { enrol(&step, number, member, then); }, then);
            return;
        case StepKind::Delete:
        case StepKind::Reactivate:
            tenant_act(step, number, member, std::move(then));
            return;
        case StepKind::ReadStatus: {
            const auto wanted = wanted_status(step.expect, member.group->name).value_or(Wanted{});
            read_status(number, member, wanted.status, stage_.clock.now() + wanted.within, std::move(then));
            return;
        }
        default:
            pursue(step, number, member, *phase_of(step.kind), 1, std::move(then));
            return;
    }
}

void Play::prepare(const scenario::Step& step, int number, Member& member, Phase goal, Then ready,
                   Then then) {
    if (step.bare) {
        ready();
        return;
    }
    const bool wants_enrolment = goal >= Phase::Authenticate && step.kind != StepKind::Enrol &&
                                 member.group->enrol.enrolled && !member.agent->enrolment_seen_to;
    if (goal > Phase::Activate && !member.agent->registered()) {
        member.agent->pursue({.goal = Phase::Activate, .step = number},
                             [this, &step, number, &member, goal, ready, then](const Finished& finished) {
                                 if (finished.ending != Finished::Ending::Reached) {
                                     look_behind(finished, number, member, then);
                                     return;
                                 }
                                 prepare(step, number, member, goal, ready, then);
                             });
    } else if (wants_enrolment) {
        enrol(nullptr, number, member, [&member, ready = std::move(ready), then = std::move(then)] {
            member.agent->enrolled ? ready() : then();
        });
    } else {
        ready();
    }
}

void Play::pursue(const scenario::Step& step, int number, Member& member, Phase goal, int cycle, Then then) {
    const auto next_cycle = [this, &step, number, &member, goal, cycle, then](const Finished& finished) {
        if (cycle == step.times || finished.ending == Finished::Ending::Stopped) {
            then();
            return;
        }
        Duration due = finished.next_attestation.value_or(kNextAttestationUnsaid);
        for (const auto& fault : faults_of(number))
            due = std::max(due - fault->sooner(), Duration::zero());
        stage_.loop.after(due,
                          [this, &step, number, &member, goal, cycle, then, alive = std::weak_ptr(alive_)] {
                              if (!alive.expired()) pursue(step, number, member, goal, cycle + 1, then);
                          });
    };
    const auto again = [this, &step, number, &member, goal, cycle, then,
                        next_cycle](const Finished& finished) {
        // What shows nothing is done again (the scenario language, "inconclusive"); without a negotiation of
        // its own it would be as late again.
        if (!step.bare && !member.agent->doubt().empty() && ++member.in_doubt < history::tries_in_doubt) {
            pursue(step, number, member, goal, cycle, then);
            return;
        }
        member.in_doubt = 0;
        next_cycle(finished);
    };
    prepare(
        step, number, member, goal,
        [this, &step, number, &member, goal, again] {
            member.agent->pursue({.goal = goal,
                                  .bare = step.bare,
                                  .step = number,
                                  .record = true,
                                  .faults = &faults_of(number),
                                  .when_decided =
                                      [this, &member](int index, Then decided) {
                                          when_decided(member, index, stage_.clock.now() + kVerdictPatience,
                                                       std::move(decided));
                                      }},
                                 [this, number, &member, again](const Finished& finished) {
                                     if (const auto& why = member.agent->impossible()) {
                                         give_up(why->in(member.agent->identity().name));
                                         return;
                                     }
                                     look_behind(finished, number, member,
                                                 [again, finished] { again(finished); });
                                 });
        },
        then);
}

/// What the end of a pursuit calls for: the verdict on evidence that arrived; a look at the servers where
/// nothing came back.
void Play::look_behind(const Finished& finished, int number, Member& member, Then then) {
    if (finished.ending == Finished::Ending::Reached && finished.phase == Phase::Submit &&
        finished.attestation_index) {
        watch_verdict(number, member, *finished.attestation_index, stage_.clock.now() + kVerdictPatience);
    }
    if (finished.ending != Finished::Ending::Failed || finished.status) {
        then();
        return;
    }
    look_at_servers(where(number, member), std::move(then));
}

void Play::look_at_servers(const history::Where& where, Then then) {
    stage_.tenant.probe([this, where, then = std::move(then),
                         alive = std::weak_ptr(alive_)](const TenantDesk::Looked<void>& answers) {
        if (alive.expired()) return;
        for (const auto& act : answers.acts)
            record(where, act);
        if (!answers.result) give_up(answers.result.error());
        then();
    });
}

void Play::go_on_after(const history::TenantAct& act, const history::Where& where, Then then) {
    act.response ? then() : look_at_servers(where, std::move(then));
}

/// Of what changes the stack there is a line, also where the play has ended meanwhile.
std::function<void(const history::TenantAct&)> Play::act_record(int number, const Member& member) {
    return [&history = stage_.history, here = where(number, member)](const history::TenantAct& act) {
        history.append(here, act);
    };
}

void Play::enrol(const scenario::Step* step, int number, Member& member, Then then) {
    const scenario::Enrolment& wanted = member.group->enrol;
    protocol::Enrolment enrolment;
    enrolment.ak_public = member.ak_public;
    enrolment.tpm_policy =
        policy_text(step && step->tpm_policy ? *step->tpm_policy : wanted.tpm_policy, member.agent->boot());
    enrolment.accept_tpm_hash_algs = wanted.accept_hash_algorithms;
    enrolment.accept_tpm_encryption_algs = wanted.accept_encryption_algorithms;
    enrolment.accept_tpm_signing_algs = wanted.accept_signing_algorithms;
    stage_.tenant.enrol(member.agent->identity().id, enrolment,
                        [this, number, &member, then = std::move(then), put_down = act_record(number, member),
                         alive = std::weak_ptr(alive_)](TenantDesk::Acted acted) {
                            put_down(acted.act);
                            if (alive.expired()) return;
                            member.agent->enrolment_seen_to = true;
                            member.agent->enrolled = member.agent->enrolled || acted.result;
                            go_on_after(acted.act, where(number, member), then);
                        });
}

void Play::tenant_act(const scenario::Step& step, int number, Member& member, Then then) {
    const bool removes = step.kind == StepKind::Delete;
    const auto done = [this, number, removes, &member, then = std::move(then),
                       put_down = act_record(number, member),
                       alive = std::weak_ptr(alive_)](TenantDesk::Acted acted) {
        put_down(acted.act);
        if (alive.expired()) return;
        member.agent->enrolment_seen_to = true;
        if (removes && acted.result) member.agent->enrolled = false;
        go_on_after(acted.act, where(number, member), then);
    };
    if (removes) {
        stage_.tenant.remove(member.agent->identity().id, done);
    } else {
        stage_.tenant.reactivate(member.agent->identity().id, done);
    }
}

void Play::watch_verdict(int number, Member& member, int index, Instant until) {
    ++verdicts_awaited_;
    stage_.tenant.read_verdict(
        member.agent->identity().id, index,
        // A busy verifier may take longer than that for one answer, whose parts then are of different times.
        [this, number, &member, index, until, asked = stage_.clock.now(),
         alive = std::weak_ptr(alive_)](TenantDesk::Judged judged) {
            if (alive.expired()) return;
            if (judged.settled || asked >= until) {
                record(where(number, member), judged.act);
                record(where(number, member), std::move(judged.verdict));
                go_on_after(judged.act, where(number, member), [this] { --verdicts_awaited_; });
                return;
            }
            stage_.loop.after(kVerdictPoll, [this, number, &member, index, until, alive] {
                if (alive.expired()) return;
                --verdicts_awaited_;
                watch_verdict(number, member, index, until);
            });
        });
}

void Play::when_decided(const Member& member, int index, Instant until, Then then) {
    stage_.tenant.read_verdict(
        member.agent->identity().id, index,
        [this, &member, index, until, then = std::move(then), asked = stage_.clock.now(),
         alive = std::weak_ptr(alive_)](const TenantDesk::Judged& judged) {
            if (alive.expired()) return;
            if (judged.settled || asked >= until) return then();
            stage_.loop.after(kVerdictPoll, [this, &member, index, until, then, alive] {
                if (!alive.expired()) when_decided(member, index, until, then);
            });
        });
}

void Play::gather(const scenario::Step& step, int number) {
    if (step.faults.empty()) return;
    std::vector<std::string> names;
    for (const Member& member : agents_) {
        if (std::ranges::find(step.agents, member.group->name) != step.agents.end())
            names.push_back(member.name);
    }
    for (const auto& fault : faults_of(number))
        fault->gather(names);
}

void Play::read_wanted(const std::vector<scenario::Expectation>& expectations, int number) {
    int reading = 0;
    for (Member& member : agents_) {
        const auto wanted = wanted_status(expectations, member.group->name);
        if (!wanted) continue;
        ++reading;
        read_status(number, member, wanted->status, stage_.clock.now() + wanted->within,
                    [&reading] { --reading; });
    }
    wait_until([&] { return reading == 0; });
}

void Play::read_status(int number, Member& member, const std::string& wanted, Instant until, Then then) {
    stage_.tenant.read_status(
        member.agent->identity().id, [this, number, &member, wanted, until, then = std::move(then),
                                      alive = std::weak_ptr(alive_)](TenantDesk::StatusSeen seen) {
            if (alive.expired()) return;
            const bool as_wanted =
                wanted.empty() || (seen.status.error.empty() && seen.status.status == wanted);
            const bool last = as_wanted || stage_.clock.now() >= until;
            // A reading that says the same as the one before is a line only where it decides.
            const std::string said = seen.status.status + seen.status.error;
            if (last || said != std::exchange(member.last_status, said)) {
                record(where(number, member), seen.act);
                record(where(number, member), seen.status);
            }
            if (last) {
                go_on_after(seen.act, where(number, member), then);
                return;
            }
            stage_.loop.after(kStatusPoll, [this, number, &member, wanted, until, then, alive] {
                if (!alive.expired()) read_status(number, member, wanted, until, then);
            });
        });
}

/// Of those that a clause asks for, and of every other that is enrolled: for the account.
void Play::read_final_status() {
    const int after_all = scenario_.last_number() + 1;
    read_wanted(scenario_.expect, after_all);
    int reading = 0;
    for (Member& member : agents_) {
        if (end_ || !member.agent->enrolled || wanted_status(scenario_.expect, member.group->name)) continue;
        ++reading;
        read_status(after_all, member, "", stage_.clock.now(), [&reading] { --reading; });
    }
    wait_until([&] { return reading == 0; });
}

void Play::remove_agents() {
    // Even when the play ended early: what was made known to a stack that stays is taken off it, in bounded
    // time.
    const Instant until = stage_.clock.now() + kRemovalPatience;
    auto removing = std::make_shared<int>(0);
    auto removed = std::make_shared<bool>(true);
    for (const std::string& id : ids_) {
        const auto done = [removing, removed, &history = stage_.history,
                           scenario = scenario_.name](const TenantDesk::Acted& acted) {
            const auto& answer = acted.act.response;
            *removed = *removed && (acted.result || (answer && answer->status == 404));
            history.append({.scenario = scenario}, acted.act);
            --*removing;
        };
        *removing += 2;
        stage_.tenant.remove(id, done);
        stage_.tenant.forget(id, done);
    }
    while (*removing > 0 && stage_.clock.now() < until)
        stage_.loop.run_once(std::chrono::milliseconds{100});
    if (*removing == 0 && *removed) stage_.agents_removed();
}

}  // namespace pushsim::fleet
