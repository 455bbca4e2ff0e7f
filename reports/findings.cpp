#include "reports/findings.hpp"

#include <fmt/format.h>

namespace pushsim::reports {
namespace {

constexpr std::size_t max_findings = 20;  // of one check; more of the same tell nothing new

}  // namespace

void Findings::wrong(const std::string& text, const history::Entry* line) {
    if (++found_ <= max_findings) {
        checked_.findings.push_back(
            {check_, Severity::Wrong, text, line == nullptr ? std::nullopt : std::optional{line->n}});
        return;
    }
    if (found_ == max_findings + 1) {
        rest_ = checked_.findings.size();
        checked_.findings.push_back({check_, Severity::Wrong, "", std::nullopt});
    }
    checked_.findings[rest_].text = fmt::format("and {} more of the kind", found_ - max_findings);
}

}  // namespace pushsim::reports
