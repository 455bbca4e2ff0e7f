#include "sim/scenario/plan.hpp"

#include <algorithm>

namespace pushsim::scenario {
namespace {

void forget_positions(std::vector<Expectation>& expectations) {
    for (Expectation& expectation : expectations)
        expectation.position = {};
}

void forget_positions(std::vector<Fault>& faults) {
    for (Fault& fault : faults)
        fault.position = {};
}

void forget_positions(std::vector<Step>& steps) {
    for (Step& step : steps) {
        step.position = {};
        forget_positions(step.faults);
        forget_positions(step.expect);
        forget_positions(step.steps);
    }
}

}  // namespace

const Group* Scenario::group(std::string_view wanted) const {
    const auto at = std::ranges::find_if(groups, [&](const Group& group) { return group.name == wanted; });
    return at == groups.end() ? nullptr : &*at;
}

int Scenario::last_number() const {
    const Step* last = nullptr;
    for (const std::vector<Step>* steps = &script; !steps->empty(); steps = &last->steps)
        last = &steps->back();
    return last == nullptr ? 0 : last->number;
}

bool same_plan(const Scenario& a, const Scenario& b) {
    const auto placeless = [](Scenario scenario) {
        scenario.file.clear();
        scenario.position = {};
        for (Group& group : scenario.groups)
            group.position = {};
        forget_positions(scenario.script);
        forget_positions(scenario.expect);
        forget_positions(scenario.faults);
        return scenario;
    };
    return placeless(a) == placeless(b);
}

}  // namespace pushsim::scenario
