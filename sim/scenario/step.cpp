#include "sim/scenario/step.hpp"

namespace pushsim::scenario {

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
