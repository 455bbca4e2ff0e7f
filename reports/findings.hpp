#pragma once
// What one check finds, for those who write checks.

#include <string>

#include "reports/checks.hpp"

namespace pushsim::reports {

/// Adds to `checked` under the name of the check: the first findings, and how many more there are.
class Findings {
  public:
    Findings(std::string check, Checked& checked) : check_(std::move(check)), checked_(checked) {}

    /// `line`: where it is to be seen; may be nothing.
    void wrong(const std::string& text, const history::Entry* line);
    /// It looked at all but what the reason says.
    void not_in_full(const std::string& reason) { checked_.not_checked.push_back({check_, reason}); }
    /// There was nothing to look at.
    void nothing_to_check(const std::string& reason) {
        checked_.not_checked.push_back({check_, reason, /*in_part=*/false});
    }

  private:
    std::string check_;
    Checked& checked_;
    std::size_t found_ = 0;
    std::size_t rest_ = 0;  // where `checked` says how many more
};

}  // namespace pushsim::reports
