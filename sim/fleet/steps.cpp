// The script: which step comes when.

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "sim/fleet/play.hpp"
#include "sim/scenario/language.hpp"

namespace pushsim::fleet {

using scenario::StepKind;

history::Where Play::where(int number, const Member& member) const {
    return {scenario_.name, number, member.name};
}
history::Where Play::where(const ActPtr& act, const Member& member) const {
    return where(act->number(), member);
}

bool Play::takes_part(const scenario::Step& step, const Member& member) const {
    return std::ranges::find(step.agents, member.group->name) != step.agents.end();
}

std::size_t Play::occurrence(int step, const char* what) {
    return occurrences_[scenario::purpose(step, what)]++;
}

void Play::sequence(const std::vector<scenario::Step>& steps, std::size_t first, Then then) {
    if (end_) return;
    if (first == steps.size()) return then();
    const scenario::Step& step = steps[first];
    const auto go = [this, &steps, &step, first, then = std::move(then)] {
        perform(step, [this, &steps, first, then] { sequence(steps, first + 1, then); });
    };
    // Of what is repeated each step is met for.
    step.kind == StepKind::Repeat ? go() : meet(step.number, go);
}

void Play::meet(int step, Then then) {
    stage_.meet({step, met_[step]++}, [this, then = std::move(then), alive = std::weak_ptr(alive_)] {
        if (alive.expired() || end_) return;
        if (!began_) began_ = stage_.clock.now();
        then();
    });
}

void Play::perform(const scenario::Step& step, Then then) {
    if (step.kind == StepKind::Repeat) return repeat(step, step.times, std::move(then));
    if (step.kind == StepKind::Together) return together(step, std::move(then));
    const auto act = std::make_shared<Act>(Act{
        .step = step,
        .where = {.scenario = scenario_.name, .step = step.number},
        .began = stage_.clock.now(),
        .then = std::move(then),
    });
    begin(act);
}

void Play::repeat(const scenario::Step& step, int times, Then then) {
    if (times == 0) return then();
    sequence(step.steps, 0, [this, &step, times, then = std::move(then)] { repeat(step, times - 1, then); });
}

void Play::together(const scenario::Step& step, Then then) {
    const auto left = std::make_shared<std::size_t>(step.steps.size());
    for (const scenario::Step& child : step.steps) {
        const Duration later = draws_.duration(child.after, "", scenario::purpose(child.number, "after"),
                                               child.after.varies ? occurrence(child.number, "after") : 0);
        const auto go = [this, &child, left, then] {
            perform(child, [left, then] {
                if (--*left == 0) then();
            });
        };
        later > Duration::zero() ? after(later, go) : go();
    }
}

void Play::begin(const ActPtr& act) {
    const scenario::Step& step = act->step;
    record(act->where,
           history::StepStart{scenario::to_string(step.kind), step.agents, step.as, step.case_name});
    under_way_.push_back(act);
    standing_ = {.step = step.number, .act = scenario::to_string(step.kind)};
    act->acting = 1;  // this function
    if (step.kind == StepKind::Wait) {
        wait_for(act);
    } else if (!step.servers.empty()) {
        act_on_servers(act);
    } else if (step.kind == StepKind::Request) {
        send_requests(act);
    } else if (step.kind == StepKind::ChangePolicy) {
        ++act->acting;
        change_policy(act, [this, act] { part_done(act); });
    } else {
        for (Member& member : agents_) {
            if (!takes_part(step, member) || scenario::phases_of(step.kind).empty()) continue;
            member.cycles[step.number] += static_cast<std::size_t>(step.times);
            member.all_cycles += static_cast<std::size_t>(step.times);
        }
        swizzle(act);
        for (Member& member : agents_) {
            if (!takes_part(step, member)) continue;
            ++act->acting;
            ++standing_.acting;
            act_one(act, member, [this, act, &member] {
                leave_places(act, member, std::nullopt);
                if (standing_.step == act->number()) ++standing_.done;
                part_done(act);
            });
        }
    }
    watch_statuses(act);
    part_done(act);
}

void Play::part_done(const ActPtr& act) {
    --act->acting;
    end_if_over(act);
}

void Play::end_if_over(const ActPtr& act) {
    if (end_ || act->acting > 0 || act->verdicts > 0) return;
    act->over = true;
    if (act->watches > 0) return;
    // Only once: nothing of the step comes any more.
    act->acting = 1;
    const auto end = [this, act] {
        record(act->where, history::StepEnd{scenario::to_string(act->step.kind)});
        std::erase(under_way_, act);
        if (!act->step.as.empty()) {
            auto& named = named_[act->step.as];
            named.clear();
            for (const Member& member : agents_)
                if (takes_part(act->step, member)) named.push_back(member.agent->properties());
        }
        // From the loop: a step may end within its beginning, and a script may repeat it a million times.
        stage_.loop.post([this, then = std::exchange(act->then, nullptr), alive = std::weak_ptr(alive_)] {
            if (!alive.expired() && !end_) then();
        });
    };
    if (act->step.kind == StepKind::ReadStatus) return end();
    read_wanted(act->step.expect, act->number(), end);
}

void Play::wait_for(const ActPtr& act) {
    const scenario::Step& step = act->step;
    Instant due = act->began;
    if (!step.until) {
        due += draws_.duration(step.wait, "", scenario::purpose(step.number, "wait"),
                               step.wait.varies ? occurrence(step.number, "wait") : 0);
    }
    for (const Member& member : agents_) {
        if (!step.until || !takes_part(step, member)) continue;
        const auto span = member.agent->instant(step.until->name);
        if (!span) {
            lacks(lack(member.agent.get(),
                       fmt::format("{}: there is no {} to wait for", member.name,
                                   scenario::to_string(step.until->name)),
                       "let it `authenticate` or `negotiate` in a step before"),
                  where(act, member));
            if (end_) return;
            continue;
        }
        // Before it by whatever clock, or after it by whatever clock.
        const Duration offset = step.until->offset;
        due = std::max(due, (offset < Duration::zero() ? span->earliest : span->latest) + offset);
    }
    ++act->acting;
    after(due - stage_.clock.now(), [this, act] { part_done(act); });
}

}  // namespace pushsim::fleet
