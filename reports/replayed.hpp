#pragma once
// Whether a run shows again what another showed.

#include <string>
#include <vector>

#include "reports/report.hpp"

namespace pushsim::reports {

struct Replayed {
    enum class Result {
        Reproduced,     ///< all was judged alike, came to the same, and has the same causes and findings; of
                        ///< what comes by chance: seen both times, or neither time
        NotReproduced,  ///< what failed before is as expected now, or what came by chance was not seen
        Differs,        ///< in `details`
        NotComparable,  ///< one of the two did not come to its end, or not to it: `details` says which,
                        ///< why
    };
    std::string scenario;
    Result result = Result::NotComparable;
    std::vector<std::string> details = {};  ///< of what was reproduced there may be some, too
};

/// "reproduced", "not reproduced", "differs", "not comparable"
const char* to_string(Replayed::Result result);

/// One for each of the `scenarios`, which are the names in the plan: a run that was killed says nothing of
/// those that it did not come to. What one of the two lacks is not comparable.
std::vector<Replayed> compare_replay(const std::vector<std::string>& scenarios, const RunReport& before,
                                     const RunReport& after);

/// That `after` was played against other servers than `before`, and which: another kind of stack, another
/// Keylime, or one at another place. Empty where that is not so, or where one of the two began none.
std::string other_stack(const RunReport& before, const RunReport& after);

}  // namespace pushsim::reports
