#pragma once
// Reports on scenarios of a run that still goes on, without a second look at the lines of those before.

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "reports/checks.hpp"
#include "reports/report.hpp"
#include "reports/view.hpp"

namespace pushsim::reports {

/// Says of each scenario what judge() would say, had it all lines that were taken so far. Lines of a scenario
/// are held until it has ended and was asked for. Not thread-safe.
class RunSoFar {
  public:
    void take(const history::Head& head);
    void take(history::Entry&& line);

    /// The scenarios of that name, in the order they began, tries joined.
    std::vector<ScenarioReport> scenarios(const std::string& name);
    /// Head and stacks alone.
    const RunReport& run() const { return run_; }

  private:
    struct Begun {
        history::History lines;  ///< of this scenario alone
        std::optional<ScenarioReport> report = {};
        bool ended = false;
    };
    ScenarioReport judged(Begun& scenario);

    RunReport run_;
    RunFacts facts_;
    std::map<std::string, std::deque<Begun>> scenarios_;
};

}  // namespace pushsim::reports
