#pragma once
// Parts of small plays, as the loader reads them.

#include <string>
#include <variant>

#include "tests/sim/scenario/broken.hpp"

namespace pushsim::scenario {

/// The first step of a script of one group of three, `a`.
inline Step step(const std::string& lines, const std::string& agents = "{ a: { count: 3 } }") {
    const Scenario scenario =
        read("scenario: s\nagents: " + agents + "\nexpect: accounted\nscript:\n" + lines);
    return scenario.script.empty() ? Step{} : scenario.script[0];
}
/// The same, of two groups, `a` and `b`.
inline Step step_of_two(const std::string& lines) {
    return step(lines, "{ a: {}, b: {} }");
}
inline Amount wait_of(const std::string& value) {
    return step("  - wait: " + value + "\n").wait;
}
inline Fault fault(const std::string& text) {
    const Step attest = step("  - attest: { agents: a, times: 2, faults: [ " + text + " ] }\n");
    return attest.faults.empty() ? Fault{} : attest.faults[0];
}
inline Expectation clause(const std::string& text) {
    const Step attest = step("  - attest: { times: 4 }\n    expect: " + text + "\n");
    return attest.expect.empty() ? Expectation{} : attest.expect[0];
}
template <typename Wanted>
Wanted condition(const std::string& text) {
    const Expectation expectation = clause(text);
    return expectation.conditions.empty() ? Wanted{} : std::get<Wanted>(expectation.conditions[0]);
}

}  // namespace pushsim::scenario
