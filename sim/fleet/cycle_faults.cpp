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
            act->frozen[*all[static_cast<std::size_t>(k)].name].begin = act->began + k * fault.duration;
        std::ranges::stable_sort(all, {}, &Drawn::go);
        for (int k = 0; k < count; ++k) {
            act->frozen[*all[static_cast<std::size_t>(k)].name].end =
                act->began + (count + k) * fault.duration;
        }
    }
}

faults::Faults Play::faults_of_cycle(const ActPtr& act, Member& member) {
    faults::Faults all;
    const std::vector<Fault>& of_step = act->step.faults;
    for (std::size_t i = 0; i < of_step.size(); ++i) {
        const auto fault = drawn(of_step[i], act->number(), i, member, member.cycles[act->number()]);
        if (!fault) {
            act->faults[i]->leave(member.name);
        } else if (fault->drawn.empty() || fault->kind == scenario::FaultKind::Herd) {
            all.push_back(act->faults[i]);  // shared, so that its agents can meet
        } else {
            all.push_back(faults::make(*fault));
        }
    }
    const Duration since = stage_.clock.now() - began_;
    for (std::size_t i = 0; i < scenario_.faults.size(); ++i) {
        const Fault& planned = scenario_.faults[i];
        const bool now = since >= planned.from && (!planned.to || since < *planned.to);
        const auto fault = now ? drawn(planned, 0, i, member, member.all_cycles) : std::nullopt;
        if (fault && scenario::concerns(fault->kind, act->step.kind)) all.push_back(faults::make(*fault));
    }
    return all;
}

}  // namespace pushsim::fleet
