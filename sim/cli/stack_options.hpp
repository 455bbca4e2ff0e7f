#pragma once
// Options that several commands have, spelled the same everywhere.

#include <string>

#include "sim/cli/commands.hpp"

namespace CLI {
class App;
}

namespace pushsim::cli {

/// --format text|json
void add_format(CLI::App& command, std::string& format);
/// What a local stack is started with.
void add_local(CLI::App& command, StackChoice& choice);
/// Where an external stack is; `needs` says which of these it needs.
CLI::App* add_external(CLI::App& command, StackChoice& choice, const std::string& needs = "all six");
/// --stack, local, external or kind, and both of the above.
void add_stack(CLI::App& command, StackChoice& choice);
/// As add_running_stack(), and what a local stack would be started with where none is up.
void add_stack_or_running(CLI::App& command, StackChoice& choice);
/// --stack of commands that start none: the one that `stack up` keeps, or an external one.
void add_running_stack(CLI::App& command, StackChoice& choice, const std::string& needs = "all six");

}  // namespace pushsim::cli
