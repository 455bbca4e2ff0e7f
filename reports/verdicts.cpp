#include "reports/verdicts.hpp"

#include <fmt/format.h>

#include "agent/base/time.hpp"

namespace pushsim::reports {

std::string verdicts_yaml(const RunReport& run, const ConformanceReport& report) {
    std::string text = fmt::format(
        "# How the requirements stood in the last run of all of them that was kept: pushsim report RUN "
        "--verdicts FILE\nkeylime: \"{}\"\nbegun: \"{}\"\nverdicts:\n",
        run.stacks.empty() ? "" : run.stacks.front().keylime_version,
        run.head ? to_rfc3339(run.head->started) : "");
    for (const RequirementReport& one : report.requirements)
        text += fmt::format("  {}: {}\n", one.requirement.id, to_string(one.standing));
    return text;
}

}  // namespace pushsim::reports
