#pragma once
// The scenario language as a JSON Schema (draft-07), by which editors complete and explain. Made from the
// tables of language.hpp; what is not there yet is not in it.

#include <string>

namespace pushsim::scenario {

/// The text of scenarios/schema.json. A scalar with `${` in it is valid wherever a scalar is, since a matrix
/// may put a value there; what only the whole file can tell (names, what goes with what) is not looked at.
std::string json_schema();

}  // namespace pushsim::scenario
