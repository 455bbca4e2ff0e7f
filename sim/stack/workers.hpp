#pragma once
// How many processes of the verifier serve requests. Used by LocalStack.

#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "sim/stack/local_stack.hpp"

namespace pushsim::stack {

/// As Keylime counts them.
int processors();

/// The verifier's options, with the `max_workers` that `workers` makes of it.
Options verifier_options(const LocalStackOptions& options);

struct VerifierStart {
    std::vector<std::string> command;
    std::string changed;  ///< in what it is not Keylime's own start, for a person; empty: in nothing
};
/// Keylime starts at most one worker a processor (keylime/web/base/server.py): for more of them it is told
/// another number of processors. ErrorKind::Config where `keylime` does not tell its Python.
Result<VerifierStart> verifier_start(const LocalStackOptions& options);

}  // namespace pushsim::stack
