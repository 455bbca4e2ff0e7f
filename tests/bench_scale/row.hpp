#pragma once

#include <string>

namespace pushsim::bench {

/// A figure that is to be shown, and whether it is as wanted.
struct Row {
    std::string what;
    std::string value;  ///< with its unit
    std::string goal;   ///< "at most 32 KiB"; empty: none
    bool holds = false;
};

/// A line of the table, with its end.
std::string text(const Row& row);

}  // namespace pushsim::bench
