#include "sim/cli/findings.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace pushsim::cli {

using doctor::Finding;
using doctor::Level;

std::string findings_lines(const std::vector<Finding>& findings) {
    std::size_t width = 0;
    for (const Finding& finding : findings)
        width = std::max(width, finding.thing.size());
    std::string text;
    for (const Finding& finding : findings) {
        const std::string word = finding.level == Level::Fail ? "FAIL" : to_string(finding.level);
        text += fmt::format("  {:<7}  {:<{}}  {}\n", word, finding.thing, width, finding.found);
        if (!finding.mend.empty())
            text += fmt::format("  {:<7}  {:<{}}  mend: {}\n", "", "", width, finding.mend);
    }
    return text;
}

std::string findings_totals(const std::vector<Finding>& findings) {
    const auto count = [&](Level level) { return std::ranges::count(findings, level, &Finding::level); };
    const auto warnings = count(Level::Warning);
    return fmt::format("{} ok, {} warning{}, {} failed, {} skipped", count(Level::Ok), warnings,
                       warnings == 1 ? "" : "s", count(Level::Fail), count(Level::Skipped));
}

nlohmann::json findings_json(const std::vector<Finding>& findings) {
    nlohmann::json list = nlohmann::json::array();
    for (const Finding& finding : findings) {
        list.push_back({{"level", to_string(finding.level)},
                        {"thing", finding.thing},
                        {"found", finding.found},
                        {"mend", finding.mend}});
    }
    return list;
}

}  // namespace pushsim::cli
