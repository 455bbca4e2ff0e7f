#pragma once
// The histories of several processes that played one scenario together, as one.

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "sim/history/record.hpp"

namespace pushsim::history {

/// What one of them has written.
struct Part {
    std::string name;                ///< "fleet-1"
    Duration begun{};                ///< the zero of its times, on the clock of the whole
    std::vector<std::string> lines;  ///< without their line feeds; of one that was lost up to then
};

/// Whether merge() takes that line; ErrorKind::Parse.
Result<void> check_line(const std::string& line);

struct Merged {
    struct Line {
        Duration t{};      ///< on the clock of the whole
        std::string tail;  ///< as line_tail() has it
    };
    std::vector<Line> lines;         ///< by their times; those of one part in its order
    std::vector<ScenarioEnd> ended;  ///< of the parts that came to an end of the scenario
    std::set<std::string> agents;    ///< that a line is about
};

/// One line for what each of them says alike: the beginning of a step and what was done to a server where the
/// first says so, the end of a step where the last does. Heads, starts and ends of the scenario and of the
/// run are left out: they are the whole's. ErrorKind::Parse, naming part and line; a last line that is not
/// whole is left out.
Result<Merged> merge(const std::vector<Part>& parts);

}  // namespace pushsim::history
