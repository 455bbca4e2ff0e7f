// What the tenant does in a step, and what it sees.

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "sim/fleet/expectations.hpp"
#include "sim/fleet/play.hpp"

namespace pushsim::fleet {
namespace {

using scenario::StepKind;

constexpr Duration kVerdictPoll = std::chrono::milliseconds{50};
constexpr Duration kStatusPoll = std::chrono::milliseconds{100};
constexpr Duration kRemovalPatience = std::chrono::seconds{8};

/// A verifier compares the values of one bank: that of the hash by which the AK signs.
std::string policy_text(const scenario::TpmPolicy& policy, const boot::BootState& boot,
                        tpm::HashAlgorithm bank) {
    if (const auto* from_boot = std::get_if<scenario::PolicyFromBoot>(&policy)) {
        return protocol::tpm_policy_text(boot.policy_for(bank, from_boot->pcrs));
    }
    if (const auto* literal = std::get_if<scenario::LiteralPolicy>(&policy)) {
        return protocol::tpm_policy_text(literal->allowed);
    }
    if (const auto* text = std::get_if<scenario::PolicyText>(&policy)) return text->json;
    return protocol::Enrolment{}.tpm_policy;
}

bool is_about(const scenario::Expectation& expectation, const std::string& group) {
    return std::ranges::find(expectation.agents, group) != expectation.agents.end();
}

/// How often the status of such an agent is read during a step; nothing: nobody asks for it.
std::optional<Duration> watched(const std::vector<scenario::Expectation>& expectations,
                                const std::string& group) {
    std::optional<Duration> poll;
    for (const auto& expectation : expectations) {
        if (!is_about(expectation, group)) continue;
        for (const auto& condition : expectation.conditions) {
            const auto* status = std::get_if<scenario::ExpectStatus>(&condition);
            if (status != nullptr && status->when != scenario::ExpectStatus::When::Last)
                poll = std::min(poll.value_or(status->poll), status->poll);
        }
    }
    return poll;
}

}  // namespace

/// The statuses that clauses want, while they are waited for.
struct Play::Awaited {
    struct Wanted {
        const scenario::Expectation* clause;
        std::string status;
        std::optional<Instant> until;  ///< absent: it is so at the first look
        int agents = 0;
        int having = 0;

        bool met() const { return clause->how_many.holds(having, agents); }
    };
    std::vector<Wanted> all = {};
    std::map<const Member*, std::string> last = {};  ///< as read; empty where it could not be

    bool asks_for(const Member& member) const {
        return std::ranges::any_of(
            all, [&](const Wanted& one) { return is_about(*one.clause, member.group->name); });
    }

    void take(const Member& member, const std::string& status) {
        const std::string before = std::exchange(last[&member], status);
        for (Wanted& one : all) {
            if (!is_about(*one.clause, member.group->name)) continue;
            one.having += (status == one.status ? 1 : 0) - (before == one.status ? 1 : 0);
        }
    }

    /// Whether another look at the agent could still make a clause hold.
    bool goes_on(const Member& member, Instant now) const {
        return std::ranges::any_of(all, [&](const Wanted& one) {
            return is_about(*one.clause, member.group->name) && last.at(&member) != one.status &&
                   !one.met() && one.until && now < *one.until;
        });
    }

    /// How long the time is over that clauses allow the agent for a status that they want; nothing: it is
    /// not, the first look decides, or it is another.
    std::optional<Duration> late(const Member& member, const std::string& status, Instant now) const {
        std::optional<Duration> least;
        for (const Wanted& one : all) {
            if (!is_about(*one.clause, member.group->name) || one.status != status) continue;
            if (!one.until || now <= *one.until) return std::nullopt;
            least = std::min(least.value_or(now - *one.until), now - *one.until);
        }
        return least;
    }
};

std::shared_ptr<Play::Awaited> Play::awaited(const std::vector<scenario::Expectation>& expectations) const {
    const auto awaited = std::make_shared<Awaited>();
    for (const auto& expectation : expectations) {
        int agents = 0;
        for (const Member& member : agents_)
            agents += is_about(expectation, member.group->name) ? 1 : 0;
        const auto await = [&](const std::vector<scenario::Condition>& conditions) {
            bool asks = false;
            for (const auto& condition : conditions) {
                const auto* status = std::get_if<scenario::ExpectStatus>(&condition);
                if (status == nullptr || status->when != scenario::ExpectStatus::When::Last) continue;
                std::optional<Instant> until;
                if (status->within) until = stage_.clock.now() + *status->within;
                awaited->all.push_back({&expectation, scenario::to_string(status->status), until, agents});
                asks = true;
            }
            return asks;
        };
        // A deviation may show in the status where the clause itself does not ask for it.
        if (await(expectation.conditions)) continue;
        for (const auto& deviation : expectation.instead)
            await(deviation.conditions);
    }
    return awaited;
}

void Play::look_at_servers(const history::Where& where, Then then) {
    stage_.tenant.probe([this, where, then = std::move(then), down = down_,
                         alive = std::weak_ptr(alive_)](const TenantDesk::Looked<void>& answers) {
        if (alive.expired()) return;
        for (const auto& act : answers.acts)
            record(where, act);
        // A server that is down on purpose, or was when it was asked, need not answer.
        if (!answers.result && down.empty() && down_.empty()) give_up(answers.result.error());
        then();
    });
}

void Play::go_on_after(const history::TenantAct& act, const history::Where& where, Then then) {
    act.response ? then() : look_at_servers(where, std::move(then));
}

/// Of what changes the stack there is a line, also where the play has ended meanwhile. With the messages that
/// the step's clauses look at.
std::function<void(history::TenantAct)> Play::act_record(const history::Where& where,
                                                         const scenario::Step& step) {
    return [&history = stage_.history, where, keep = wants_messages(step.expect)](history::TenantAct act) {
        act.keep = keep;
        history.append(where, act);
    };
}

void Play::enrol(const ActPtr& act, Member& member, Then then) {
    const scenario::Enrolment& wanted = member.group->enrol;
    // Without a step of its own it is a part of what the agent does.
    const scenario::Step* own = act->step.kind == StepKind::Enrol ? &act->step : nullptr;
    const auto here = where(act, member);
    protocol::Enrolment enrolment;
    enrolment.ak_public = member.ak_public;
    enrolment.tpm_policy =
        policy_text(own != nullptr && own->tpm_policy ? *own->tpm_policy : wanted.tpm_policy,
                    member.agent->boot(), algorithms_of(member.group->algorithms).hash);
    enrolment.runtime_policy = runtime_policy_text(
        own != nullptr && own->runtime_policy ? *own->runtime_policy : wanted.runtime_policy, &member);
    if (!wanted.runtime_policy_name.empty()) enrolment.runtime_policy_name = wanted.runtime_policy_name;
    enrolment.accept_tpm_hash_algs = wanted.accept_hash_algorithms;
    enrolment.accept_tpm_encryption_algs = wanted.accept_encryption_algorithms;
    enrolment.accept_tpm_signing_algs = wanted.accept_signing_algorithms;
    stage_.tenant.enrol(member.agent->identity().id, enrolment,
                        [this, here, &member, then = std::move(then), put_down = act_record(here, act->step),
                         alive = std::weak_ptr(alive_)](TenantDesk::Acted acted) {
                            put_down(acted.act);
                            if (alive.expired()) return;
                            member.agent->enrolment_seen_to = true;
                            member.agent->enrolled = member.agent->enrolled || acted.result;
                            member.agent->turned_away = member.agent->turned_away || !acted.result;
                            go_on_after(acted.act, here, then);
                        });
}

void Play::tenant_act(const ActPtr& act, Member& member, Then then) {
    const bool removes = act->step.kind == StepKind::Delete;
    const auto here = where(act, member);
    const auto done = [this, here, removes, &member, then = std::move(then),
                       put_down = act_record(here, act->step),
                       alive = std::weak_ptr(alive_)](TenantDesk::Acted acted) {
        put_down(acted.act);
        if (alive.expired()) return;
        member.agent->enrolment_seen_to = true;
        if (removes && acted.result) member.agent->enrolled = false;
        go_on_after(acted.act, here, then);
    };
    if (removes) {
        stage_.tenant.remove(member.agent->identity().id, done);
    } else {
        stage_.tenant.reactivate(member.agent->identity().id, done);
    }
}

std::string Play::runtime_policy_text(const scenario::RuntimePolicy& policy, const Member* own) const {
    if (const auto* text = std::get_if<scenario::PolicyText>(&policy)) return text->json;
    const auto* from_log = std::get_if<scenario::PolicyFromLog>(&policy);
    if (from_log == nullptr) return "";
    boot::AllowedFiles allowed;
    const auto allow = [&](const Member& member) { member.agent->boot().ima_log().allow_in(allowed); };
    if (from_log->group.empty()) {
        allow(*own);
    } else {
        for (const Member& member : agents_) {
            if (member.group->name == from_log->group) allow(member);
        }
    }
    return protocol::runtime_policy_text(allowed);
}

void Play::change_policy(const ActPtr& act, Then then) {
    const std::string text =
        runtime_policy_text(act->step.runtime_policy.value_or(scenario::NoPolicy{}), nullptr);
    const history::Where here{scenario_.name, act->number(), scenario::agent_name("admin", 0)};
    stage_.tenant.change_runtime_policy(
        act->step.runtime_policy_name, text,
        [this, act, here, then = std::move(then), put_down = act_record(here, act->step),
         alive = std::weak_ptr(alive_)](const TenantDesk::Acted& acted) {
            put_down(acted.act);
            if (alive.expired()) return;
            // What the verifier says to it is for clauses to judge.
            if (acted.act.response) return then();
            // Whatever comes after it would show something else.
            look_at_servers(here, [this, act, error = acted.result.error()] {
                give_up(error.in(fmt::format("change_policy {}", act->step.runtime_policy_name)));
            });
        });
}

void Play::watch_verdict(const ActPtr& act, Member& member, int index, Instant until) {
    ++act->verdicts;
    stage_.tenant.read_verdict(
        member.agent->identity().id, index,
        // A busy verifier may take longer than that for one answer, whose parts then are of different times.
        [this, act, &member, index, until, asked = stage_.clock.now(),
         alive = std::weak_ptr(alive_)](TenantDesk::Judged judged) {
            if (alive.expired()) return;
            if (judged.settled || asked >= until) {
                record(where(act, member), judged.act);
                record(where(act, member), std::move(judged.verdict));
                go_on_after(judged.act, where(act, member), [this, act] {
                    --act->verdicts;
                    end_if_over(act);
                });
                return;
            }
            after(kVerdictPoll, [this, act, &member, index, until] {
                --act->verdicts;
                watch_verdict(act, member, index, until);
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
            after(kVerdictPoll,
                  [this, &member, index, until, then] { when_decided(member, index, until, then); });
        });
}

void Play::read_wanted(const std::vector<scenario::Expectation>& expectations, int number, Then then) {
    const auto wanted = awaited(expectations);
    const auto reading = std::make_shared<std::size_t>(1);
    const auto done = [reading, then = std::move(then)] {
        if (--*reading == 0) then();
    };
    for (Member& member : agents_) {
        if (!wanted->asks_for(member)) continue;
        ++*reading;
        read_status(number, member, wanted, done);
    }
    done();
}

void Play::read_status_as_wanted(const ActPtr& act, Member& member, Then then) {
    if (!act->awaited) act->awaited = awaited(act->step.expect);
    read_status(act->number(), member, act->awaited, std::move(then));
}

void Play::read_status(int number, Member& member, const std::shared_ptr<Awaited>& wanted, Then then) {
    stage_.tenant.read_status(
        member.agent->identity().id, [this, number, &member, wanted, then = std::move(then),
                                      alive = std::weak_ptr(alive_)](TenantDesk::StatusSeen seen) {
            if (alive.expired()) return;
            const Instant now = stage_.clock.now();
            history::StatusRead& read = seen.status;
            if (const auto late = wanted->late(member, read.status, now); late && read.error.empty()) {
                read.error = fmt::format("{} came {} after `within` was over", read.status, to_text(*late));
                read.status = {};
            }
            wanted->take(member, read.status);
            const bool last = !wanted->goes_on(member, now);
            put_down(number, member, seen, last);
            if (last) {
                go_on_after(seen.act, where(number, member), then);
                return;
            }
            after(kStatusPoll,
                  [this, number, &member, wanted, then] { read_status(number, member, wanted, then); });
        });
}

/// A reading that says the same as the one before is a line only where it decides.
void Play::put_down(int number, Member& member, const TenantDesk::StatusSeen& seen, bool decides) {
    const std::string said = seen.status.status.str() + seen.status.error;
    const bool news = said != std::exchange(member.last_status, said);
    if (!decides && !news) return;
    record(where(number, member), seen.act);
    record(where(number, member), seen.status);
}

void Play::watch_statuses(const ActPtr& act) {
    for (Member& member : agents_) {
        const auto poll = watched(act->step.expect, member.group->name);
        if (!poll) continue;
        ++act->watches;
        watch_status(act, member, *poll, true);
    }
}

/// The first reading and the last are lines whatever they say: they show that it was looked.
void Play::watch_status(const ActPtr& act, Member& member, Duration poll, bool first) {
    const bool last = act->over;
    // The step itself enrols it before long; until then there is no status.
    const bool to_be_enrolled = member.group->enrol.enrolled && !member.agent->enrolment_seen_to;
    const bool enrols = !act->step.bare || act->step.kind == StepKind::Enrol;
    if (to_be_enrolled && enrols && !last) {
        after(poll, [this, act, &member, poll, first] { watch_status(act, member, poll, first); });
        return;
    }
    stage_.tenant.read_status(
        member.agent->identity().id, [this, act, &member, poll, first, last, asked = stage_.clock.now(),
                                      alive = std::weak_ptr(alive_)](const TenantDesk::StatusSeen& seen) {
            if (alive.expired()) return;
            put_down(act->number(), member, seen, first || last);
            if (last) {
                --act->watches;
                end_if_over(act);
                return;
            }
            after(std::max(asked + poll - stage_.clock.now(), Duration::zero()),
                  [this, act, &member, poll] { watch_status(act, member, poll, false); });
        });
}

/// Of those that a clause asks for, and of every other that is enrolled: for the account.
void Play::read_final_status(Then then) {
    const int after_all = scenario_.last_number() + 1;
    read_wanted(scenario_.expect, after_all, [this, after_all, then = std::move(then)] {
        const auto wanted = awaited(scenario_.expect);
        const auto reading = std::make_shared<std::size_t>(1);
        const auto done = [reading, then] {
            if (--*reading == 0) then();
        };
        for (Member& member : agents_) {
            if (!member.agent->enrolled || wanted->asks_for(member)) continue;
            ++*reading;
            read_status(after_all, member, std::make_shared<Awaited>(), done);
        }
        done();
    });
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
