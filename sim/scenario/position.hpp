#pragma once
// Where something stands in a file.

#include <string>

namespace pushsim::scenario {

/// A place in a file; line and column count from 1, columns in octets as compilers do. Line 0: the file as a
/// whole.
struct Position {
    std::string file;
    int line = 0;
    int column = 0;

    std::string text() const;  ///< "file:line:column", or "file" where the line is 0
    bool operator==(const Position&) const = default;
};

}  // namespace pushsim::scenario
