// Which faults a cycle has: those of its step and of the scenario that are for this agent and time, as drawn.

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/fleet/play.hpp"
#include "sim/scenario/language.hpp"

namespace pushsim::fleet {
using scenario::Fault;

std::optional<Fault> Play::drawn(const Fault& fault, int step, std::size_t number, const Member& member,
                                 std::size_t cycle) const {
    if (!scenario::is_for(fault, member.group->name)) return std::nullopt;
    Fault drawn = fault;
    if (fault.probability < 1) {
        const int chance =
            draws_.chance(member.name, scenario::fault_purpose(step, number, "probability"), cycle);
        if (!scenario::happens(fault.probability, chance)) return std::nullopt;
        drawn.drawn = fmt::format("{:.4f}% of {}", chance / 1e4, scenario::share_text(fault.probability));
        drawn.probability = 1;
    }
    if (fault.varies) {
        drawn.duration =
            draws_.duration({fault.duration, fault.varies}, member.name,
                            scenario::fault_purpose(step, number, scenario::duration_purpose(fault)), cycle);
        drawn.drawn += fmt::format("{}{} of {}", drawn.drawn.empty() ? "" : ", ", to_text(drawn.duration),
                                   scenario::text(scenario::Amount{fault.duration, fault.varies}));
        drawn.varies.reset();
    }
    return drawn;
}

void Play::swizzle(const ActPtr& act) {
    for (std::size_t i = 0; i < act->step.faults.size(); ++i) {
        const Fault& fault = act->step.faults[i];
        if (fault.kind != scenario::FaultKind::Swizzle) continue;
        auto& frozen = act->frozen[i];
        struct Drawn {
            const std::string* name;
            int stop;
            int go;
        };
        std::vector<Drawn> all;
        for (const Member& member : agents_) {
            if (!takes_part(act->step, member) || !scenario::is_for(fault, member.group->name)) continue;
            const auto chance = [&](const char* what) {
                return draws_.chance(member.name, scenario::fault_purpose(act->number(), i, what), 0);
            };
            all.push_back({&member.name, chance("stop"), chance("go")});
        }
        std::ranges::stable_sort(all, {}, &Drawn::stop);
        all.resize(static_cast<std::size_t>(std::lround(fault.share * static_cast<double>(all.size()))));
        const auto count = static_cast<int>(all.size());
        for (int k = 0; k < count; ++k)
            frozen[*all[static_cast<std::size_t>(k)].name].begin = act->began + k * fault.duration;
        std::ranges::stable_sort(all, {}, &Drawn::go);
        for (int k = 0; k < count; ++k) {
            frozen[*all[static_cast<std::size_t>(k)].name].end = act->began + (count + k) * fault.duration;
        }
    }
}

std::size_t Play::planned(const scenario::Step& step, const Member& member, int cycle) {
    return member.cycles.at(step.number) - static_cast<std::size_t>(step.times - cycle + 1);
}

std::shared_ptr<faults::Rendezvous> Play::place_of(const ActPtr& act, std::size_t number, int cycle) {
    auto& place = act->places[{number, cycle}];
    if (place) return place;
    place = std::make_shared<faults::Rendezvous>();
    const scenario::Step& step = act->step;
    std::vector<std::string> names;
    for (const Member& member : agents_) {
        if (!takes_part(step, member) || act->gone.contains(member.name)) continue;
        if (drawn(step.faults[number], step.number, number, member, planned(step, member, cycle)))
            names.push_back(member.name);
    }
    place->expect(names);
    return place;
}

void Play::leave_places(const ActPtr& act, const Member& member, std::optional<int> cycle) {
    if (!cycle) act->gone.insert(member.name);
    // Whoever goes on then may come to another place.
    const auto places = act->places;
    for (const auto& [where, place] : places) {
        if (!cycle || where.second == *cycle) place->leave(member.name);
    }
    std::erase_if(act->places, [](const auto& one) { return one.second->expected() == 0; });
}

faults::Faults Play::faults_of_cycle(const ActPtr& act, Member& member, int cycle) {
    faults::Faults all;
    const scenario::Step& step = act->step;
    for (std::size_t i = 0; i < step.faults.size(); ++i) {
        const auto fault = drawn(step.faults[i], step.number, i, member, planned(step, member, cycle));
        if (!fault) continue;
        faults::Given given;
        for (const scenario::StepKind phase : scenario::phases_of(step.kind))
            given.phases.push_back(faults::phase_of(phase).value());
        if (fault->kind == scenario::FaultKind::Herd) given.place = place_of(act, i, cycle);
        if (const auto stopped = act->frozen.find(i); stopped != act->frozen.end()) {
            const auto window = stopped->second.find(member.name);
            if (window != stopped->second.end()) given.frozen = window->second;
        }
        all.push_back(faults::make(*fault, std::move(given)));
    }
    const std::size_t among_all = member.all_cycles - static_cast<std::size_t>(step.times - cycle + 1);
    const Duration since = stage_.clock.now() - *began_;
    for (std::size_t i = 0; i < scenario_.faults.size(); ++i) {
        const Fault& of_run = scenario_.faults[i];
        const bool now = since >= of_run.from && (!of_run.to || since < *of_run.to);
        const auto fault = now ? drawn(of_run, 0, i, member, among_all) : std::nullopt;
        if (fault && scenario::concerns(fault->kind, step.kind)) all.push_back(faults::make(*fault));
    }
    return all;
}

}  // namespace pushsim::fleet
