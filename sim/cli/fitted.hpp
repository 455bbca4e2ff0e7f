#pragma once
// Help, tables and lists on a terminal that is narrower than they are.

#include <cstddef>
#include <string>

namespace pushsim::cli {

/// `text` with lines of at most `width` columns, broken at spaces. What is broken goes on in the column of a
/// table, which two spaces or more lead to, where that leaves two fifths of the width; else a little further
/// in than its line. Width 0: as it is.
std::string fitted(const std::string& text, std::size_t width);

/// Prints `text` to standard output, fitted where that is a terminal.
void print_fitted(const std::string& text);

}  // namespace pushsim::cli
