// Any octets as a scenario file: no crash, no problem outside the text, and a plan that loads again as
// itself.

#include <cstdint>
#include <cstdlib>

#include "sim/scenario/loader.hpp"
#include "sim/scenario/plan.hpp"

using namespace pushsim::scenario;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const LoadResult result = load_text(text, "fuzz.yaml");
    if (result.ok() == !result.problems.empty()) std::abort();
    for (const Problem& problem : result.problems) {
        if (problem.position.line < 1 || problem.position.column < 1 || problem.message.empty()) std::abort();
    }
    for (const Scenario& scenario : result.scenarios) {
        const LoadResult again = load_text(resolved(scenario), "again.yaml");
        if (!again.ok() || !same_plan(scenario, again.scenarios[0])) std::abort();
    }
    return 0;
}
