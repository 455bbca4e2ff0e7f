#pragma once
// Figures of a scenario or of a step of it, by name: what a metric comparison asks for.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reports/report.hpp"
#include "reports/view.hpp"

namespace pushsim::reports {

struct Metric {
    enum class Unit {
        Time,       ///< history::MetricClause::duration
        Count,      ///< the others: history::MetricClause::number
        PerSecond,  ///< from the start of the first exchange to the end of the last
        Share,      ///< from 0 to 1
    };
    std::string name;   ///< "submit.p99"
    std::string about;  ///< one line for people
    Unit unit = Unit::Count;
};

/// All that there are: of each phase `.p50` to `.p99` (by nearest rank), `.max` and `.mean` of how long
/// exchanges took that were answered in full, and their `.count`; of what became of the evidence, and of
/// errors, `.count`, `.rate` and `.share`.
const std::vector<Metric>& metrics();
/// Nothing if there is none of that name.
const Metric* find_metric(const std::string& name);

struct Measured {
    std::optional<Duration> duration = {};     ///< of a metric that is a time
    std::optional<double> number = {};         ///< of any other
    std::uint64_t of = 0;                      ///< exchanges that it was made from
    const history::Entry* exchange = nullptr;  ///< the one that took so long
};

/// Neither duration nor number where the lines have nothing to measure.
Measured measure(const Lines& lines, const Metric& metric);

/// Whether what was measured is as the clause has it; nothing measured is not.
bool holds(const history::MetricClause& clause, const Measured& measured);

/// "submit.p99 < 250 ms"
std::string words(const history::MetricClause& clause, const Metric& metric);
/// "312 ms, of 1200 exchanges"; "nothing was measured"
std::string words(const Measured& measured, const Metric& metric);

}  // namespace pushsim::reports
