#pragma once
// Lines of reports for a terminal.

#include <string>

#include "reports/console.hpp"

namespace pushsim::reports {

enum class Colour { Green, Red, Yellow, Dim };

std::string coloured(const std::string& text, Colour colour, const ConsoleStyle& style);

/// So many blanks that what has used so much is as wide as wanted.
std::string padding(std::size_t used, int wanted);

/// As it is, but in lines that fit.
std::string fitted(std::size_t indent, const std::string& text, const ConsoleStyle& style);

/// Printable, with digests as the style has them.
std::string shown(const std::string& text, const ConsoleStyle& style);

/// Both.
std::string line(std::size_t indent, const std::string& text, const ConsoleStyle& style);

/// What the clause says, and where it stands.
std::string clause_text(const ExpectationResult& result);

/// Of one that does not hold: what was expected, what was seen, and the exchange that decided.
std::string expectation_text(const ExpectationResult& result, const ConsoleStyle& style);

}  // namespace pushsim::reports
