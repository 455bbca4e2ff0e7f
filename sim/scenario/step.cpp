#include "sim/scenario/step.hpp"

#include <algorithm>

namespace pushsim::scenario {

void for_each_step(const std::vector<Step>& steps, const std::function<void(const Step&, std::uint64_t)>& act,
                   std::uint64_t times) {
    for (const Step& step : steps) {
        act(step, times);
        const bool again = step.kind == StepKind::Repeat;
        for_each_step(step.steps, act, again ? times * static_cast<std::uint64_t>(step.times) : times);
    }
}

bool has_step(const std::vector<Step>& steps, const std::function<bool(const Step&)>& is_so) {
    return std::ranges::any_of(steps,
                               [&](const Step& step) { return is_so(step) || has_step(step.steps, is_so); });
}

std::optional<Duration> due_of(const Step& step, int cycle) {
    if (step.every) return cycle * *step.every;
    Duration begin{};
    long long before = 0;
    for (const Stage& stage : step.stages) {
        if (cycle < before + stage.cycles()) return begin + (cycle - before) * stage.every;
        before += stage.cycles();
        begin += stage.span;
    }
    return std::nullopt;
}

}  // namespace pushsim::scenario
