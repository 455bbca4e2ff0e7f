#pragma once
// The reference page of the scenario language, made from the tables of language.hpp.

#include <string>

namespace pushsim::scenario {

/// The text of docs/scenarios.md: Markdown, lines of at most 120 columns.
std::string reference_page();

}  // namespace pushsim::scenario
