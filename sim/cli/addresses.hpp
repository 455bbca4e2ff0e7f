#pragma once
// Where the servers of a stack are, for a person and for programs.

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "sim/stack/address.hpp"

namespace pushsim::cli {

/// "Keylime 7.14.3 in WHERE", and a line for each address and file.
std::string address_lines(const stack::StackAddress& address, const std::string& where);
/// Its members of `--format json`.
nlohmann::json address_json(const stack::StackAddress& address);

}  // namespace pushsim::cli
